import errno
import os

import av
import numpy as np
import pytest
import soundfile

from speech_toolkit.audio.part import WHOLE
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.corpus.export import audio_file
from speech_toolkit.corpus.export.cutting import Piece, write_pieces
from speech_toolkit.errors import AudioError, DiskFullError, TruncatedAudioError
from tests.unit.corpus.export.made_up import END_S, RATE_HZ, noise


def record(path, samples, subtype="PCM_16", rate_hz=RATE_HZ):
    soundfile.write(path, samples, rate_hz, subtype)
    return str(path)


def frames(ms, rate_hz=RATE_HZ):
    return round(ms * rate_hz / 1000)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("rate_hz", [8000, 11_025, 44_100, 96_000])
def test_pieces_hold_the_samples_of_the_recording(tmp_path, suffix, rate_hz):
    samples = noise(20, rate_hz=rate_hz)
    source = record(tmp_path / f"long{suffix}", samples, rate_hz=rate_hz)
    cuts_ms = [(1, 3), (3, 4005), (4005, 11_111), (15_000, 15_001), (19_999, 20_000)]
    targets = [(tmp_path / f"out/{s}.wav", tmp_path / f"out/{s}.flac") for s, _ in cuts_ms]
    write_pieces(source, WHOLE, [Piece(*c, t) for c, t in zip(cuts_ms, targets, strict=True)])
    for (start, end), files in zip(cuts_ms, targets, strict=True):
        for file in files:
            found, rate = soundfile.read(file, dtype="int16")
            assert (rate, soundfile.info(file).subtype) == (rate_hz, "PCM_16")
            assert np.array_equal(found, samples[frames(start, rate_hz) : frames(end, rate_hz)])
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".wav", ".flac"}


def test_channels_are_averaged_and_full_scale_is_kept(tmp_path):
    samples = noise(1, channels=2)
    loud = np.array([1.5, -1.5, 1.0, -1.0] * 200, np.float32)
    sources = [record(tmp_path / "1.wav", samples), record(tmp_path / "2.wav", loud, "FLOAT")]
    for source, end_ms, name in zip(sources, (1000, 30), ("a.wav", "b.wav"), strict=True):
        write_pieces(source, WHOLE, [Piece(0, end_ms, (tmp_path / name,))])
    mean = samples.astype(np.int32).sum(axis=1) / 2
    assert np.abs(soundfile.read(tmp_path / "a.wav", dtype="int16")[0] - mean).max() <= 0.5
    found = soundfile.read(tmp_path / "b.wav", dtype="int16")[0]
    assert set(found) == {32767, -32768}


def test_pieces_that_are_there_are_left_alone_until_the_recording_changes(tmp_path):
    source = record(tmp_path / "a.wav", noise())
    pieces = [Piece(0, 1000, (tmp_path / "x/1.flac",)), Piece(2000, 5000, (tmp_path / "x/2.flac",))]

    def inodes():
        return [piece.targets[0].stat().st_ino for piece in pieces]

    write_pieces(source, WHOLE, pieces)
    before = inodes()
    write_pieces(source, WHOLE, pieces)
    assert inodes() == before
    pieces[1].targets[0].unlink()
    write_pieces(source, WHOLE, pieces)
    assert inodes()[0] == before[0]
    changed = noise(seed=9)
    record(tmp_path / "a.wav", changed)
    os.utime(source, ns=(5, 5))
    write_pieces(source, WHOLE, pieces)
    found = soundfile.read(pieces[0].targets[0], dtype="int16")[0]
    assert np.array_equal(found, changed[:RATE_HZ])


def encode(path, codec, samples):
    """Write stereo in a container that gives times to the millisecond."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48_000, layout="stereo")
        for first in range(0, len(samples), 1024):
            block = np.repeat(samples[None, first : first + 1024], 2, axis=0).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(block / 200_000, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 48_000, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


def test_a_piece_that_is_cut_later_is_the_same(tmp_path):
    source = encode(tmp_path / "film.mkv", "aac", noise(20, rate_hz=48_000))
    cuts_ms = [(50, 3333), (12_001, 13_777), (14_000, 19_000)]
    pieces = [Piece(*cut, (tmp_path / f"x/{cut[0]}.flac",)) for cut in cuts_ms]
    write_pieces(source, WHOLE, pieces)
    before = pieces[1].targets[0].read_bytes()
    whole = load_audio(source, 48_000).samples
    found, _ = soundfile.read(pieces[1].targets[0])
    expected = whole[12_001 * 48 : 13_777 * 48]
    assert np.abs(found - expected).max() <= 0.5001 / (1 << 15)
    pieces[1].targets[0].unlink()
    write_pieces(source, WHOLE, pieces)
    assert pieces[1].targets[0].read_bytes() == before


def test_same_pieces_share_their_room(tmp_path):
    targets = (tmp_path / "a/1.flac", tmp_path / "b/1.flac", tmp_path / "c/1.wav")
    write_pieces(record(tmp_path / "a.wav", noise()), WHOLE, [Piece(0, 900, targets)])
    assert targets[0].samefile(targets[1])
    assert not targets[0].samefile(targets[2])


def test_without_links_pieces_are_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    targets = (tmp_path / "a/1.flac", tmp_path / "b/1.flac")
    source, pieces = record(tmp_path / "a.wav", noise()), [Piece(0, 900, targets)]
    write_pieces(source, WHOLE, pieces)
    assert targets[0].read_bytes() == targets[1].read_bytes()
    before = targets[1].stat().st_ino
    write_pieces(source, WHOLE, pieces)
    assert targets[1].stat().st_ino == before


@pytest.mark.parametrize(
    ("end_ms", "error", "message"),
    [(6000, TruncatedAudioError, "ends before 6.000 s"), (5000, AudioError, "no numbers")],
)
def test_a_piece_that_cannot_be_whole_is_none(tmp_path, end_ms, error, message):
    samples = noise().astype(np.float32) / 40_000
    if error is AudioError:
        samples[-1] = np.nan
    source = record(tmp_path / "a.wav", samples, "FLOAT")
    pieces = [
        Piece(0, 1000, (tmp_path / "x/1.flac",)),
        Piece(4000, end_ms, (tmp_path / "x/2.flac",)),
    ]
    with pytest.raises(error, match=message):
        write_pieces(source, WHOLE, pieces)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["1.flac"]


def test_the_last_frame_may_be_missing_to_rounding(tmp_path):
    source = record(tmp_path / "a.wav", noise()[:-5])
    write_pieces(source, WHOLE, [Piece(0, round(END_S * 1000), (tmp_path / "1.wav",))])
    assert soundfile.info(tmp_path / "1.wav").frames == END_S * RATE_HZ - 5


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("kept_bytes", [0, 20_000])
def test_a_full_disk_leaves_no_half_of_a_piece(tmp_path, monkeypatch, suffix, kept_bytes, capfd):
    class Full(audio_file._Sink):
        def __init__(self, path):
            super().__init__(path)
            self.file.close()
            self.file = Limited(path, "w+b", 0)

    class Limited:
        def __init__(self, path, mode, buffering):
            self.raw, self.left = path.open(mode, buffering), kept_bytes

        def write(self, data):
            self.left -= len(data)
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self.raw.write(data)

        def __getattr__(self, name):
            return getattr(self.raw, name)

    monkeypatch.setattr(audio_file, "_Sink", Full)
    target = tmp_path / f"x/1{suffix}"
    with pytest.raises(DiskFullError, match="No space left"):
        write_pieces(record(tmp_path / "a.wav", noise()), WHOLE, [Piece(0, 5000, (target,))])
    assert list((tmp_path / "x").iterdir()) == []
    assert capfd.readouterr().err == ""
