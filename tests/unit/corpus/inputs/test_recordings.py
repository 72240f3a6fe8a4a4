import errno
import os

import pytest

from speech_toolkit.corpus.inputs.read import read_audio_items
from speech_toolkit.errors import UsageError


@pytest.fixture
def tree(corpus):
    corpus.add("in/s1/a.wav", "in/s1/b.FLAC", "in/s2/a.wav", "in/top.mp3", "in/.hidden.wav")
    corpus.write("in/s1/a.lab", "lab of a")
    corpus.write("in/s1/a.txt", "txt of a")
    corpus.write("in/s1/b.txt", "\ufeff文字\r\n")
    corpus.write("in/s2/a.txt", "a of s2")
    corpus.write("in/top.lab", "top")
    return corpus.root / "in"


def items(*paths, needs_text=True, recursive=False, strict=True):
    return read_audio_items(
        [str(path) for path in paths], needs_text=needs_text, recursive=recursive, strict=strict
    )


def faults(*paths, **options):
    with pytest.raises(UsageError) as caught:
        items(*paths, **options)
    return str(caught.value)


def test_directory_with_speakers_as_mfa_has_it(tree):
    found = items(tree, recursive=True)
    assert {item.id: item.text.strip() for item in found} == {
        "top": "top",
        "s1/a": "lab of a",
        "s1/b": "文字",
        "s2/a": "a of s2",
    }
    assert found[1].place == str(tree / "s1" / "a.wav")


def test_only_recursive_looks_into_folders(tree):
    assert [item.id for item in items(tree)] == ["top"]


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("*.mp3", ["top"]),
        ("*/a.wav", ["s1/a", "s2/a"]),
        ("**/*.wav", ["s1/a", "s2/a"]),
        ("s1/*", ["a", "b"]),
        ("s?", ["s1/a", "s1/b", "s2/a"]),
        ("s[2]/a.*", ["s2/a"]),
    ],
)
def test_globs(tree, pattern, ids):
    assert [item.id for item in items(tree / pattern)] == ids


def test_file_whose_name_looks_like_a_glob(tree):
    (tree / "a[1].wav").write_bytes(b"RIFF")
    (item,) = items(tree / "a[1].wav", needs_text=False)
    assert item.id == "a[1]"


def test_files_of_one_name_get_ids_of_their_own(tree):
    found = items(tree / "s1/a.wav", tree / "s2/a.wav", tree / "top.mp3")
    assert [item.id for item in found] == ["a.wav", "a.wav_2", "top"]


def test_recordings_that_differ_in_their_suffix_keep_it(tree):
    (tree / "s1" / "a.mp3").write_bytes(b"ID3")
    assert [item.id for item in items(tree / "s1")] == ["a.mp3", "a.wav", "b"]


def test_text_is_not_looked_at_where_none_is_needed(tree):
    (tree / "s1" / "a.lab").write_bytes(b"\xff\xfe\xff")
    assert {item.text for item in items(tree, recursive=True, needs_text=False)} == {None}


def test_missing_and_bad_transcripts_are_told_together(tree):
    (tree / "s1" / "b.txt").unlink()
    (tree / "s2" / "a.txt").write_text(" \n")
    (tree / "top.lab").write_bytes(b"\xe9t\xe9")
    told = faults(tree, recursive=True).splitlines()
    assert told[0] == "--audio: 3 faults, nothing was done:"
    assert "top.mp3: " in told[1]
    assert "is not valid UTF-8" in told[1]
    assert "b.FLAC: has no text to align; write it beside the audio, into .lab or .txt" in told[2]
    assert "the transcript is empty" in told[3]


def test_links_are_followed_once(tree):
    (tree / "s1" / "loop").symlink_to(tree)
    (tree / "s3").symlink_to(tree / "s2")
    assert [item.id for item in items(tree, recursive=True)] == ["top", "s1/a", "s1/b", "s2/a"]


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("gone.wav", "gone.wav' does not exist; check the path"),
        ("*.ogg", "matches no recording; check the path"),
        ("empty", "is a directory without recordings; check the path"),
        ("deep", "is a directory without recordings; --recursive searches its folders too"),
        ("pipe.wav", "is a pipe or a device, read once only; save it as a file"),
        ("zero.wav", "zero.wav' is empty; copy or download it again"),
    ],
)
def test_what_names_no_recording(tree, path, complaint):
    (tree / "empty").mkdir()
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "zero.wav").touch()
    os.mkfifo(tree / "pipe.wav")
    assert complaint in faults(tree / path, needs_text=False)


def test_standard_input_is_no_corpus():
    assert "standard input can only be read alone" in faults("-", "a.wav", needs_text=False)


def test_folder_that_cannot_be_read(tree, monkeypatch):
    listed = os.scandir

    def refusing(path):
        if str(path).endswith("s2"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert "s2: cannot be read (Permission denied)" in faults(tree, recursive=True)


def test_a_folder_is_listed_once_however_many_of_its_files_are_named(tree, monkeypatch):
    listed, asked = [], []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or real(folder))
    monkeypatch.setattr(os.path, "isfile", lambda path: asked.append(path) or True)
    found = items(tree / "s1" / "a.wav", tree / "s1" / "b.FLAC", tree / "s1" / "a.wav")
    assert [item.text.strip() for item in found] == ["lab of a", "文字", "lab of a"]
    assert (listed, asked) == ([str(tree / "s1")], [])


def test_a_transcript_that_is_no_file_is_told(tree):
    (tree / "s2" / "a.txt").unlink()
    os.mkfifo(tree / "s2" / "a.txt")
    assert "a.txt' is a pipe or a device" in faults(tree / "s2")


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a.wav"], "here"),
        (["own/a.wav"], "there"),
        (["own"], "there"),
        (["own/"], "there"),
        (["ow*/*.wav"], "there"),
        (["o?n"], "there"),
    ],
)
def test_transcripts_are_found_from_where_one_stands(corpus, monkeypatch, names, text):
    corpus.add("own/a.wav")
    corpus.write("a.txt", "here")
    corpus.write("own/a.txt", "there")
    monkeypatch.chdir(corpus.root)
    assert [item.text for item in items(*names)] == [text]
