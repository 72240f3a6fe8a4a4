"""Sources that cannot be opened or hold no audio: each is one line that names it and the fix."""

import os
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from speech_toolkit.audio.source import readable_again
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import AudioError, ToolkitError
from tests.unit.audio_files import standard_input

# File content, and a fragment of the error it must give.
NOT_AUDIO = {
    "empty": (b"", "is empty (0 bytes)"),
    "one_byte": (b"\x01", "not audio in a format known here"),
    "text": (b"hello world\n", "holds text, not audio; it begins 'hello world'"),
    "unicode_text": ("é語" * 200, "holds text"),
    "json": (b'{"segments": []}', "holds text, not audio"),
    "html": (b"<!DOCTYPE html><html>", "holds a web page"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "run git lfs pull"),
    "mp4": (b"\0\0\0\x20ftypisom" + bytes(64), "MP4/M4A but cannot be decoded (moov atom not"),
    "webm": (b"\x1aE\xdf\xa3" + bytes(64), "looks like WebM/Matroska but cannot be decoded"),
    "aac": (b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(64), "looks like AAC but cannot be decoded"),
    "wma": (bytes.fromhex("3026b2758e66cf11") + bytes(64), "WMA/ASF but cannot be decoded"),
    "zip": (b"PK\x03\x04" + bytes(64), "is a ZIP archive"),
    "zeros": (bytes(5_000), "holds only zero bytes"),
    "noise": (bytes(np.random.default_rng(1).bytes(5_000)), "not audio in a format known here"),
    "riff_only": (b"RIFF\0\0\0\0WAVE", "looks like WAV but cannot be decoded"),
    "ogg_junk": (b"OggS" + bytes(100), "looks like Ogg but cannot be decoded"),
    "mp3_junk": (b"\xff\xfb\x90\x00" + bytes(1_000), "looks like MP3 but cannot be decoded"),
}


@pytest.mark.parametrize("kind", NOT_AUDIO)
def test_what_is_not_audio_is_named(tmp_path, kind):
    content, fragment = NOT_AUDIO[kind]
    path = tmp_path / "input.wav"
    path.write_bytes(content.encode() if isinstance(content, str) else content)

    with pytest.raises(AudioError) as caught:
        load_audio(path)

    message = str(caught.value)
    assert fragment in message
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize("length", [12, 30, 36])
def test_wav_cut_inside_its_header(wav, length):
    wav.write_bytes(wav.read_bytes()[:length])

    with pytest.raises(AudioError, match="looks like WAV but cannot be decoded"):
        load_audio(wav)


def test_missing_file(tmp_path):
    with pytest.raises(AudioError, match=r"audio '.*absent\.wav' does not exist"):
        load_audio(tmp_path / "absent.wav")


def test_directory(tmp_path):
    with pytest.raises(AudioError, match="is a directory"):
        load_audio(tmp_path)


def test_link_that_leads_to_itself(tmp_path):
    loop = tmp_path / "loop.wav"
    loop.symlink_to(loop)

    with pytest.raises(AudioError, match="Too many levels of symbolic links"):
        load_audio(loop)


@pytest.mark.parametrize("path", ["", "x" * 300, "nul\0byte.wav", b"missing.wav"])
def test_paths_that_cannot_exist(path):
    with pytest.raises(AudioError, match="check the path"):
        load_audio(path)


def test_device_file():
    with pytest.raises(AudioError, match="a terminal or a device"):
        load_audio(os.devnull)


def test_no_permission(wav, monkeypatch):
    """Simulated, since root may read everything."""

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("speech_toolkit.audio.source.io.FileIO", refuse)

    with pytest.raises(AudioError, match="may not be read by this user"):
        load_audio(wav)


def test_closed_standard_input():
    saved = os.dup(0)
    os.close(0)
    try:
        with pytest.raises(AudioError, match="standard input cannot be opened"):
            load_audio("-")
    finally:
        os.dup2(saved, 0)
        os.close(saved)


def test_empty_standard_input():
    with standard_input(b""), pytest.raises(AudioError, match="standard input is empty"):
        load_audio("-")


def test_the_commands_in_errors_quote_the_name(tmp_path):
    path = tmp_path / "my talk.m4a"
    path.write_bytes(np.random.default_rng(1).bytes(5_000))

    with pytest.raises(AudioError) as caught:
        load_audio(path)

    assert f"ffmpeg -i '{path}' -ar 16000 -ac 1 'my talk_16k.wav'" in str(caught.value)


def test_errors_keep_their_cause(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(b"text")

    with pytest.raises(AudioError) as caught:
        load_audio(path)

    assert isinstance(caught.value.__cause__, soundfile.LibsndfileError)


@contextmanager
def fifo(path, content):
    """Make a FIFO that gives ``content`` to its first reader, and nothing to a second."""
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    writer.start()
    yield path
    writer.join(10)


def test_a_fifo_can_be_read_again(tmp_path, wav):
    with (
        fifo(tmp_path / "pipe", wav.read_bytes()) as path,
        readable_again(str(path)) as source,
    ):
        first, second = load_audio(source), load_audio(source)
        assert Path(source.path).read_bytes() == wav.read_bytes()
    assert first.samples.tolist() == second.samples.tolist() == load_audio(wav).samples.tolist()
    assert first.source == str(path)
    assert not Path(source.path).exists()


def test_standard_input_can_be_read_again(wav):
    with standard_input(wav.read_bytes()), readable_again("-") as source:
        assert len(load_audio(source).samples) == len(load_audio(source).samples)
        assert load_audio(source).source == "-"


def test_a_file_is_not_copied(wav):
    with readable_again(str(wav)) as source:
        assert source.path == str(wav)


def test_messages_name_what_the_user_gave(tmp_path):
    with (
        fifo(tmp_path / "pipe", b"hello, I am text") as path,
        readable_again(str(path)) as source,
        pytest.raises(AudioError, match="holds text, not audio") as refused,
    ):
        load_audio(source)
    assert str(refused.value).startswith(f"audio {str(path)!r} ")


@pytest.mark.parametrize("read", [load_audio, lambda path: readable_again(path).__enter__()])
def test_a_pipe_without_an_end_is_given_up(read, monkeypatch):
    monkeypatch.setattr("speech_toolkit.audio.source.LARGEST_COPY_BYTES", 1 << 20)
    with standard_input(bytes(3 << 20)), pytest.raises(AudioError, match="goes on after"):
        read("-")


def test_a_copy_leaves_room_on_the_disk(wav, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1 << 20))
    with (
        standard_input(wav.read_bytes()),
        pytest.raises(ToolkitError, match=r"No space left on device.*TMPDIR"),
    ):
        load_audio("-")


def test_a_directory_for_copies_that_is_not_there(wav, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/gone")
    with (
        standard_input(wav.read_bytes()),
        pytest.raises(ToolkitError, match=r"/gone \(No such file or directory\).*TMPDIR"),
    ):
        load_audio("-")
