import pytest

from speech_toolkit.corpus.inputs.read import read_manifest_items
from speech_toolkit.errors import UsageError


def data(corpus, **tables):
    for name, content in tables.items():
        corpus.write(f"data/{name.replace('wav', 'wav.scp')}", content)
    return corpus.root / "data"


def faults(corpus, **tables):
    with pytest.raises(UsageError) as caught:
        read_manifest_items(data(corpus, **tables), needs_text=True, strict=True)
    lines = str(caught.value).splitlines()
    return [corpus.without_root(line) for line in lines[len(lines) > 1 :]]


def test_recordings_are_utterances_without_segments(corpus):
    corpus.add("data/r1.wav")
    folder = data(
        corpus,
        wav=f"rec1 {corpus.root}/a.wav\nrec2\tr1.wav\n",
        text="rec1 so it is\nrec2 今天 天气\n",
        utt2lang="rec2 zho\n",
        utt2spk="rec1 s\nrec2 s\n",
    )
    first, second = read_manifest_items(folder, needs_text=True)
    assert (first.id, first.text, first.language) == ("rec1", "so it is", None)
    assert (second.id, second.text, second.language) == ("rec2", "今天 天气", "zho")
    assert second.audio_path == str(folder / "r1.wav")


def test_segments_are_parts(corpus):
    folder = data(
        corpus,
        wav="rec1 ../a.wav\n",
        segments="u1 rec1 0.0 2.5\nu2 rec1 2.5 -1 1\n",
        text="u1 one\nu2 two\n",
    )
    for path in (folder, folder / "wav.scp"):
        first, second = read_manifest_items(path, needs_text=True)
        assert (first.id, first.start_s, first.end_s, first.text) == ("u1", 0.0, 2.5, "one")
        assert (second.start_s, second.end_s) == (2.5, None)
        assert second.place.endswith("data/segments:2")


def test_paths_may_start_from_here_as_kaldi_has_it(corpus, monkeypatch):
    monkeypatch.chdir(corpus.root)
    folder = data(corpus, wav="r a.wav\n")
    (item,) = read_manifest_items(folder, needs_text=False)
    assert item.audio_path == "a.wav"


@pytest.mark.parametrize(
    ("tables", "complaint"),
    [
        (
            {"wav": "r sph2pipe -f wav x.sph |\n", "text": "r x\n"},
            "wav.scp:1: the audio of 'r' is a pipe, 'sph2pipe -f wav x.sph |', which is not run",
        ),
        ({"wav": "r x.ark:12\n", "text": "r x\n"}, "wav.scp:1: the audio of 'r' is in an archive"),
        ({"wav": "r\n", "text": "r x\n"}, "wav.scp:1: names no file for 'r'"),
        ({"wav": "r gone.wav\n", "text": "r x\n"}, "wav.scp:1: audio 'gone.wav' does not exist"),
        ({"wav": "r ../a.wav\n", "text": "r \n"}, "wav.scp:1: has an empty text"),
        (
            {"wav": "r ../a.wav\n", "text": "q x\nr x\n"},
            "text:1: no recording or segment is called",
        ),
        ({"wav": "r ../a.wav\n"}, "wav.scp:1: has no text to align; add its line to"),
        ({"wav": "r ../a.wav\nr ../a.wav\n", "text": "r x\n"}, "wav.scp:1 too; keep one"),
        (
            {"wav": "r ../a.wav\n", "segments": "u q 0 1\n", "text": "u x\n"},
            "segments:1: its recording 'q' is not in wav.scp",
        ),
        (
            {"wav": "r ../a.wav\n", "segments": "u r 0\n", "text": "u x\n"},
            "segments:1: expected an utterance, its recording, start and end",
        ),
        (
            {"wav": "r ../a.wav\n", "segments": "u r x 1\n", "text": "u x\n"},
            "segments:1: start is 'x', not a number of seconds",
        ),
        (
            {"wav": "r ../a.wav\n", "segments": "u r 2 1\n", "text": "u x\n"},
            "segments:1: end_s 1 is not after start_s 2",
        ),
    ],
)
def test_bad_line_is_named_by_table_and_number(corpus, tables, complaint):
    (fault,) = faults(corpus, **tables)
    assert complaint in fault


def test_directory_without_recordings_is_named(corpus):
    with pytest.raises(UsageError, match=r"is a directory without wav\.scp"):
        read_manifest_items(corpus.root, needs_text=True)
