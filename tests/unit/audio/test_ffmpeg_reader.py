"""What libsndfile refuses: every container comes back with each sound at its place."""

import numpy as np
import pytest

from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.waveform import declared_duration_s, load_audio
from speech_toolkit.errors import AudioError
from tests.unit.audio_files import RATE_HZ, speechlike, standard_input, write
from tests.unit.av_files import click_times, clicks, encode, remux

# Suffix, codec, rate in Hz, and the encoder's delay in samples where the container cannot tell it.
CONTAINERS = [
    ("m4a", "aac", 44_100, 0),
    ("mp4", "aac", 48_000, 0),
    ("mov", "aac", 44_100, 0),
    ("3gp", "aac", 16_000, 0),
    ("mka", "aac", 44_100, 0),
    ("m4a", "alac", 44_100, 0),
    ("mp4", "libopus", 48_000, 0),
    ("webm", "libopus", 48_000, 0),
    ("opus", "libopus", 48_000, 0),
    ("mp3", "libmp3lame", 44_100, 0),
    ("mkv", "libmp3lame", 44_100, 0),
    ("mkv", "flac", 44_100, 0),
    ("mov", "pcm_s16le", 44_100, 0),
    ("wv", "wavpack", 44_100, 0),
    ("aac", "aac", 44_100, 1_024),
    ("flv", "aac", 44_100, 1_024),
    ("ts", "aac", 48_000, 1_024),
    ("ac3", "ac3", 48_000, 256),
    ("avi", "ac3", 48_000, 256),
    ("wma", "wmav2", 44_100, -2_048),
    ("amr", "libopencore_amrnb", 8_000, 81),
]


@pytest.mark.parametrize(("suffix", "codec", "rate_hz", "delay"), CONTAINERS)
def test_clicks_come_back_at_their_place(tmp_path, suffix, codec, rate_hz, delay):
    samples, times_s = clicks(rate_hz)
    path = encode(tmp_path / f"x.{suffix}", codec, [samples], rate_hz)

    waveform = load_audio(path, rate_hz)

    found_s = click_times(waveform.samples, rate_hz, times_s + delay / rate_hz)
    np.testing.assert_allclose(found_s, times_s + delay / rate_hz, atol=0.001)
    assert waveform.original_rate_hz == rate_hz
    assert waveform.warnings == ()
    assert waveform.duration_s == pytest.approx(3.0, abs=0.08)


@pytest.mark.parametrize("suffix", ["ogg", "webm"])
def test_vorbis_comes_back_at_its_place(tmp_path, suffix):
    samples, times_s = clicks(44_100)
    path = write(tmp_path / "x.ogg", samples, 44_100, format="OGG", subtype="VORBIS")
    if suffix != "ogg":
        path = remux(path, tmp_path / f"y.{suffix}")

    found_s = click_times(load_audio(path, 44_100).samples, 44_100, times_s)

    np.testing.assert_allclose(found_s, times_s, atol=0.001)


@pytest.mark.parametrize("length", [24_000, 23_993, 24_007])
def test_what_fills_the_last_packet_is_cut_off(tmp_path, length):
    path = encode(tmp_path / "x.m4a", "aac", [speechlike(length / RATE_HZ)], RATE_HZ)

    assert len(load_audio(path).samples) == length
    assert declared_duration_s(path) == pytest.approx(1.5, abs=0.002)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_audio_that_begins_after_the_video_keeps_the_time_of_the_file(tmp_path, suffix):
    samples, times_s = clicks(48_000)
    path = encode(tmp_path / f"x.{suffix}", "aac", [samples], 48_000, late_s=1.25, video=True)

    waveform = load_audio(path, 48_000)

    found_s = click_times(waveform.samples, 48_000, times_s + 1.25)
    np.testing.assert_allclose(found_s, times_s + 1.25, atol=0.001)
    assert waveform.warnings == ()


def test_a_lone_track_begins_at_its_first_sample_wherever_its_clock_stands(tmp_path):
    samples, times_s = clicks(48_000)
    path = encode(tmp_path / "x.mkv", "libopus", [samples], 48_000, late_s=3_600.0)

    waveform = load_audio(path, 48_000)

    np.testing.assert_allclose(click_times(waveform.samples, 48_000, times_s), times_s, atol=0.001)


@pytest.mark.parametrize("suffix", ["webm", "mkv", "mp4"])
def test_lost_packets_are_silence_and_what_follows_keeps_its_time(tmp_path, suffix):
    samples, times_s = clicks(48_000)
    lost = range(32, 47)  # of 20 ms each
    path = encode(tmp_path / f"x.{suffix}", "libopus", [samples], 48_000, lost=lost)

    waveform = load_audio(path, 48_000)

    heard = (times_s < 0.6) | (times_s > 0.96)
    found_s = click_times(waveform.samples, 48_000, times_s)
    np.testing.assert_allclose(found_s[heard], times_s[heard], atol=0.001)
    assert not waveform.samples[round(0.65 * 48_000) : round(0.9 * 48_000)].any()
    (warning,) = waveform.warnings
    assert "leaves out 0.30 s of its time in 1 places, the first at 0.6" in warning


def test_tracks_are_counted_from_0(tmp_path):
    quiet, loud = 0.1 * speechlike(), speechlike(seed=1)
    path = encode(tmp_path / "x.mp4", "alac", [quiet, loud], RATE_HZ, video=True)

    first, second = (load_audio(path, part=AudioPart(track=n)).samples for n in (0, 1))

    np.testing.assert_allclose(first, quiet, atol=1e-4)
    np.testing.assert_allclose(second, loud, atol=1e-4)
    with pytest.raises(AudioError, match="has audio tracks 0 to 1, no audio_track 2"):
        load_audio(path, part=AudioPart(track=2))


def test_a_track_that_a_wav_does_not_have(wav):
    with pytest.raises(AudioError, match="has audio track 0 alone, no audio_track 1"):
        load_audio(wav, part=AudioPart(track=1))


@pytest.mark.parametrize(
    ("codec", "channels", "tolerance"),
    [
        ("alac", 2, 4e-5),
        ("flac", 6, 4e-5),
        ("flac", 8, 4e-5),
        ("wavpack", 8, 1 / 256),
        ("pcm_f32le", 8, 0),
    ],
)
def test_channels_are_averaged(tmp_path, codec, channels, tolerance):
    samples = speechlike(channels=channels)
    path = encode(tmp_path / "x.mkv", codec, [samples], RATE_HZ)

    waveform = load_audio(path)

    assert waveform.original_channels == channels
    mean = samples.mean(axis=1)
    np.testing.assert_allclose(waveform.samples[: len(mean)], mean, atol=tolerance + 1e-7)


@pytest.mark.parametrize(
    "codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"]
)
def test_every_sample_format_has_full_scale_1(tmp_path, codec):
    samples = speechlike()
    path = encode(tmp_path / "x.mov", codec, [samples], RATE_HZ)

    tolerance = 0.01 if codec == "pcm_u8" else 4e-5
    np.testing.assert_allclose(load_audio(path).samples, samples, atol=tolerance)


def test_video_without_sound(tmp_path):
    path = encode(tmp_path / "x.mp4", "aac", [speechlike()], RATE_HZ, video=True)
    silent = tmp_path / "silent.mp4"
    _keep_video(path, silent)

    with pytest.raises(AudioError, match="holds no audio track"):
        load_audio(silent)


def _keep_video(source, target):
    import av

    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        copy = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)


@pytest.mark.parametrize("video", [False, True])
@pytest.mark.parametrize("suffix", ["m4a", "mkv"])
def test_a_file_cut_short_is_used_as_far_as_it_goes(tmp_path, suffix, video):
    suffix = "mp4" if video and suffix == "m4a" else suffix
    how = {} if suffix == "mkv" else {"movflags": "faststart"}
    path = encode(tmp_path / f"x.{suffix}", "aac", [speechlike(10.0)], RATE_HZ, video=video, **how)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    waveform = load_audio(path)

    assert 3.0 < waveform.duration_s < 7.0
    (warning,) = waveform.warnings
    assert "is cut short or damaged: its header promises 10.0" in warning
    assert f"{waveform.duration_s:.2f} s could be read" in warning


def test_an_m4a_without_its_index_is_an_error(tmp_path):
    path = encode(tmp_path / "x.m4a", "aac", [speechlike()], RATE_HZ)
    path.write_bytes(path.read_bytes()[:-2_000])

    with pytest.raises(AudioError, match="moov atom not found, which is written last"):
        load_audio(path)


def test_damage_inside_is_reported_and_what_follows_keeps_its_time(tmp_path):
    samples, times_s = clicks(48_000)
    path = encode(tmp_path / "x.mp4", "ac3", [samples], 48_000)
    content = bytearray(path.read_bytes())
    middle = content.index(b"moov") // 2
    content[middle : middle + 3_000] = bytes(3_000)
    path.write_bytes(content)

    waveform = load_audio(path, 48_000)

    late_s = times_s[times_s > 2.0]
    np.testing.assert_allclose(click_times(waveform.samples, 48_000, late_s), late_s, atol=0.001)
    assert "damaged packets" in waveform.warnings[0]


def test_an_m4a_through_a_pipe_whose_index_comes_last(tmp_path):
    path = encode(tmp_path / "x.m4a", "aac", [speechlike()], RATE_HZ)
    content = path.read_bytes()
    assert content.index(b"mdat") < content.index(b"moov")

    with standard_input(content):
        waveform = load_audio("-")

    np.testing.assert_array_equal(waveform.samples, load_audio(path).samples)


def test_mp3_with_a_cover_picture(tmp_path):
    samples, times_s = clicks(44_100)
    path = encode(tmp_path / "x.mp3", "libmp3lame", [samples], 44_100)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(300_000)
    body = b"\0image/png\0\x03\0" + picture
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\0\0" + size + frame + path.read_bytes())

    waveform = load_audio(path, 44_100)

    np.testing.assert_allclose(click_times(waveform.samples, 44_100, times_s), times_s, atol=0.001)
    assert waveform.warnings == ()
