import io
import os
from pathlib import Path

import pytest

from speech_toolkit.alignment.text.transcript import read_transcript
from speech_toolkit.alignment.text.transcript_file import check_is_text
from speech_toolkit.errors import TranscriptError, UsageError


@pytest.fixture
def write(tmp_path):
    def write_bytes(data):
        path = tmp_path / "words.txt"
        path.write_bytes(data)
        return path

    return write_bytes


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le-bom", "utf-16-be-bom"]
)
def test_encodings(write, encoding):
    text = "Café 你好\n"
    data = {
        "utf-16-le-bom": b"\xff\xfe" + text.encode("utf-16-le"),
        "utf-16-be-bom": b"\xfe\xff" + text.encode("utf-16-be"),
    }.get(encoding) or text.encode(encoding)
    assert read_transcript(write(data)) == text


def test_newlines_are_kept_as_they_are(write):
    assert read_transcript(write(b"a\r\nb\rc\n")) == "a\r\nb\rc\n"


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("hé".encode())))
    assert read_transcript("-") == "hé"


def test_another_encoding_names_the_byte_and_the_way_out(write):
    with pytest.raises(TranscriptError) as raised:
        read_transcript(write("Café".encode("cp1252")))
    assert "byte 3 is not valid UTF-8" in str(raised.value)
    assert "iconv -f WINDOWS-1252 -t UTF-8" in str(raised.value)
    assert isinstance(raised.value.__cause__, UnicodeDecodeError)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        ("hi".encode("utf-16-le"), "iconv -f UTF-16LE"),
        (b"\xff\xfea", "UTF-16-LE"),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "NUL"),
    ],
)
def test_unusable_contents(write, data, message):
    path = write(data)
    with pytest.raises(TranscriptError, match=message) as raised:
        read_transcript(path)
    assert str(path) in str(raised.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(TranscriptError, match="no such transcript file"):
        read_transcript(tmp_path / "none.txt")


def test_a_directory(tmp_path):
    with pytest.raises(TranscriptError, match="is a directory"):
        read_transcript(tmp_path)


def test_a_name_that_no_file_can_have():
    with pytest.raises(TranscriptError, match="cannot be read"):
        read_transcript("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission(write):
    path = write(b"a")
    path.chmod(0)
    with pytest.raises(TranscriptError, match="Permission denied"):
        read_transcript(path)


def test_the_name_of_a_file_is_not_what_is_spoken(write, tmp_path):
    path = str(write(b"hello"))
    with pytest.raises(UsageError, match="--transcript .*: is the name of a file.*give --file "):
        check_is_text(path, "--transcript", "--file")
    for text in (None, "hello world", "", str(tmp_path), "a" * 100_000, "a\0b", "\ud800"):
        check_is_text(text, "--transcript", "--file")


def test_the_name_of_a_tier_is_not_what_is_spoken(tmp_path):
    path = tmp_path / "a.TextGrid"
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(UsageError, match=r"give --file .*a\.TextGrid#words"):
        check_is_text(f"{path}#words", "--transcript", "--file")
    check_is_text(f"{tmp_path}/b.TextGrid#words", "--transcript", "--file")


def test_a_word_that_a_file_is_named_after_is_spoken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("hello", "Hello there."):
        Path(name).write_text("hello", encoding="utf-8")
        check_is_text(name, "--transcript", "--file")
    with pytest.raises(UsageError, match=r"give --file \./hello"):
        check_is_text("./hello", "--transcript", "--file")


def test_a_device_without_an_end():
    with pytest.raises(TranscriptError, match="/dev/zero: the transcript is larger than 64 MiB"):
        read_transcript("/dev/zero")


def test_standard_input_without_an_end(monkeypatch):
    with Path("/dev/zero").open("rb") as zero:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(zero))
        with pytest.raises(TranscriptError, match="standard input: the transcript is larger"):
            read_transcript("-")


def test_a_long_file_is_read_to_its_end(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("word " * 40_000, encoding="utf-8")
    assert read_transcript(path) == "word " * 40_000
