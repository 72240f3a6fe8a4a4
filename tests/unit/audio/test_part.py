"""A part of a recording is the whole one's samples from there to there."""

import numpy as np
import pytest

from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import AudioError, UsageError
from tests.unit.audio_files import RATE_HZ, speechlike, without_flac_length, write
from tests.unit.av_files import encode

DURATION_S = 6.0
# Suffix, codec of FFmpeg or None for libsndfile, and the largest error of a sample.
FORMATS = [
    ("wav", None, 0),
    ("flac", None, 0),
    ("ogg", None, 0),
    ("aiff", None, 0),
    ("mp3", "libmp3lame", 0),
    ("m4a", "aac", 1e-6),
    ("mp4", "libopus", 1e-3),
    ("mov", "pcm_s16le", 0),
    ("aac", "aac", 0),
    ("ac3", "ac3", 0),
    ("wma", "wmav2", 0),
    ("ts", "aac", 0),
]


def recording(folder, suffix, codec, rate_hz):
    samples = speechlike(DURATION_S, rate_hz)
    path = folder / f"x.{suffix}"
    if codec is None:
        return write(path, samples, rate_hz)
    return encode(path, codec, [samples], rate_hz)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(0.0, 1.5), (0.3, 0.9), (2.5, 4.25), (4.2, None), (4.2, 60.0)]
)
@pytest.mark.parametrize(("suffix", "codec", "tolerance"), FORMATS)
def test_a_part_equals_that_of_the_whole(tmp_path, suffix, codec, tolerance, start_s, end_s):
    rate_hz = 48_000
    path = recording(tmp_path, suffix, codec, rate_hz)
    whole = load_audio(path, rate_hz).samples
    part = AudioPart(start_s=start_s, end_s=end_s)

    waveform = load_audio(path, rate_hz, part=part)

    first = round(start_s * rate_hz)
    last = None if end_s is None else round(end_s * rate_hz)
    np.testing.assert_allclose(waveform.samples, whole[first:last], rtol=0, atol=tolerance)
    assert waveform.part == part
    if end_s == 60.0:
        (warning,) = waveform.warnings
        assert f"ends at {len(whole) / rate_hz:.2f} s, before end_s 60: it was used" in warning
    else:
        assert waveform.warnings == ()


def test_a_part_that_begins_before_late_audio_does(tmp_path):
    samples = speechlike(4.0, 48_000)
    path = encode(tmp_path / "x.mp4", "alac", [samples], 48_000, late_s=5.0, video=True)

    got = load_audio(path, 48_000, part=AudioPart(start_s=3.0, end_s=7.0)).samples

    assert not got[: 2 * 48_000].any()
    np.testing.assert_allclose(got[2 * 48_000 :], samples[: 2 * 48_000], atol=4e-5)


@pytest.mark.parametrize("start_s", [0.3, 2.5, 4.2])
@pytest.mark.parametrize(("suffix", "codec"), [("mkv", "alac"), ("webm", "libopus")])
def test_times_in_whole_milliseconds_place_a_part_to_half_of_one(tmp_path, suffix, codec, start_s):
    path = recording(tmp_path, suffix, codec, 48_000)
    whole = load_audio(path, 48_000).samples

    got = load_audio(path, 48_000, part=AudioPart(start_s=start_s, end_s=start_s + 1)).samples

    first = round(start_s * 48_000)
    errors = [
        np.abs(got - whole[first + shift : first + shift + 48_000]).max()
        for shift in range(-24, 25)
    ]
    assert min(errors) < 1e-3


def test_a_part_of_another_rate_begins_where_it_is_asked_for(tmp_path):
    path = write(tmp_path / "x.wav", speechlike(2.0, 44_100), 44_100, subtype="FLOAT")
    whole = load_audio(path).samples

    got = load_audio(path, part=AudioPart(start_s=0.5, end_s=1.5)).samples

    assert len(got) == RATE_HZ
    inner = slice(200, -200)  # at its edges a part lacks what the resampler would see beyond
    np.testing.assert_allclose(got[inner], whole[8_000:24_000][inner], atol=1e-3)


def test_a_part_of_a_flac_that_does_not_know_its_length(tmp_path):
    path = without_flac_length(write(tmp_path / "x.flac", speechlike(9.0)))
    whole = load_audio(path).samples

    got = load_audio(path, part=AudioPart(start_s=4.0, end_s=5.0)).samples

    np.testing.assert_array_equal(got, whole[4 * RATE_HZ : 5 * RATE_HZ])


def test_seeking_leaves_the_rest_undecoded(tmp_path, monkeypatch):
    from speech_toolkit.audio import ffmpeg_reader

    seen = []
    samples_of = ffmpeg_reader._samples
    monkeypatch.setattr(
        ffmpeg_reader, "_samples", lambda frame: seen.append(frame) or samples_of(frame)
    )
    path = encode(tmp_path / "x.m4a", "aac", [speechlike(60.0)], RATE_HZ)

    load_audio(path, part=AudioPart(start_s=50.0, end_s=51.0))

    assert len(seen) < 60 * RATE_HZ / 1_024 / 5  # and up to a whole block beyond the end


def test_damage_outside_of_a_part_is_no_matter(tmp_path):
    path = write(tmp_path / "x.wav", speechlike(4.0), subtype="FLOAT")
    path.write_bytes(path.read_bytes()[:-RATE_HZ])

    assert load_audio(path, part=AudioPart(end_s=2.0)).warnings == ()
    (warning,) = load_audio(path, part=AudioPart(start_s=2.0)).warnings
    assert "promises 4.00 s, 3.75 s could be read" in warning


def test_a_bad_sample_is_placed_in_the_file(tmp_path):
    samples = speechlike(2.0)
    samples[20_000] = np.nan
    path = write(tmp_path / "x.wav", samples, subtype="FLOAT")

    with pytest.raises(AudioError, match=r"first at 1\.2500 s \(sample 20000\)"):
        load_audio(path, part=AudioPart(start_s=1.0))


@pytest.mark.parametrize(("suffix", "codec"), [("wav", None), ("ogg", None), ("m4a", "aac")])
@pytest.mark.parametrize("start_s", [6.5, 1e6])
def test_a_start_after_the_end(tmp_path, suffix, codec, start_s):
    path = recording(tmp_path, suffix, codec, 48_000)

    with pytest.raises(
        AudioError, match=rf"ends at 6\.0\d s, start_s {start_s:.10g} is not before"
    ):
        load_audio(path, part=AudioPart(start_s=start_s))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start_s": 5.0, "end_s": 5.0}, "end_s 5 is not after start_s 5"),
        ({"start_s": -1.0}, "start_s -1.0: must be a number of at least 0"),
        ({"start_s": float("nan")}, "start_s nan: must be"),
        ({"end_s": float("inf")}, "end_s inf: must be"),
        ({"end_s": 0.0}, "end_s 0 is not after start_s 0"),
        ({"track": -1}, "audio_track -1: must be a whole number"),
        ({"track": 1.5}, "audio_track 1.5: must be a whole number"),
    ],
)
def test_parts_that_cannot_be(values, message):
    with pytest.raises(UsageError, match=message):
        AudioPart(**values)


def test_what_was_asked_for_is_told():
    assert WHOLE.settings() == {}
    assert AudioPart(1, 2.0, 3.0).settings() == {"audio_track": 1, "start_s": 2.0, "end_s": 3.0}


def test_a_source_names_its_part(wav):
    source = AudioSource(str(wav), part=AudioPart(end_s=0.5))

    assert load_audio(source).duration_s == 0.5
