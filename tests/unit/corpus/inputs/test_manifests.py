import json
import os
import subprocess
import sys

import pytest

from speech_toolkit.corpus.inputs.manifests import FORMATS
from speech_toolkit.corpus.inputs.read import read_manifest_items
from speech_toolkit.errors import UsageError


def refused(path, **options):
    with pytest.raises(UsageError) as caught:
        read_manifest_items(path, **{"needs_text": True, "strict": True} | options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("format_name", "content"),
    [
        ("jsonl", '{"audio": "wavs/LJ1.wav", "text": "x"}'),
        ("nemo", '{"audio_filepath": "wavs/LJ1.wav", "text": "x"}'),
        ("csv", "audio,text\nwavs/LJ1.wav,x"),
        ("tsv", "audio\ttext\nwavs/LJ1.wav\tx"),
        ("ljspeech", "LJ1|x"),
    ],
)
def test_form_is_told_by_the_first_line_whatever_the_name(corpus, format_name, content):
    named = corpus.items("one.txt", content, format_name=format_name)
    assert named == corpus.items("one.txt", content)
    assert named[0].text == "x"


def test_another_form_than_the_one_named_is_at_fault(corpus):
    assert corpus.faults("m", '{"audio": "a.wav", "text": "x"}', format_name="nemo")
    assert corpus.faults("m", "LJ1|x", format_name="jsonl")
    assert corpus.faults("m", "audio,text\na.wav,x", format_name="ljspeech")


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_empty_manifest(corpus, content):
    path = corpus.write("m.jsonl", content)
    assert refused(path) == f"--manifest {path}: names no recordings; write one a line"


@pytest.mark.parametrize("content", ["audio,text\n", "path\tsentence\n\n"])
def test_header_alone(corpus, content):
    assert "names no recordings" in refused(corpus.write("m.csv", content))


@pytest.mark.parametrize("content", ["a.wav", "a;b;c\n", '[{"audio": "a.wav"}]', "a|b|c|d|e"])
def test_unknown_form_shows_what_was_found(corpus, content):
    told = refused(corpus.write("m", content))
    assert "m:1: " in told
    assert "begins no manifest known here" in told
    assert all(name in told for name in FORMATS)


def test_what_cannot_be_read(corpus):
    assert "gone: cannot be read (No such file" in refused(corpus.root / "gone")
    assert "is no directory; name the one with wav.scp" in refused(
        corpus.write("m", "x"), format_name="kaldi"
    )
    assert "is Kaldi's, not csv" in refused(corpus.root, format_name="csv")
    assert "must be one of auto, jsonl" in refused(corpus.root, format_name="xml")
    assert "/dev/zero:1: cannot be read (the line is longer than 16 MiB)" in refused("/dev/zero")
    latin = corpus.write("latin.csv", "audio,text\na.wav,café\n".encode("latin-1"))
    assert "latin.csv:2: cannot be read (byte 9 of the line is not UTF-8)" in refused(latin)


def test_manifest_from_a_pipe_names_files_from_here(corpus, monkeypatch):
    monkeypatch.chdir(corpus.root)
    reader, writer = os.pipe()
    os.write(writer, json.dumps({"audio": "a.wav", "text": "one"}).encode())
    os.close(writer)
    (item,) = read_manifest_items(f"/dev/fd/{reader}", needs_text=True)
    os.close(reader)
    assert (item.id, item.audio_path) == ("a", "a.wav")


def test_paths_are_tried_beside_the_manifest_before_here(corpus, monkeypatch):
    corpus.add("elsewhere/a.wav", "elsewhere/only.wav")
    monkeypatch.chdir(corpus.root / "elsewhere")
    beside, here = corpus.items("m.csv", "audio,text\na.wav,x\nonly.wav,y\n")
    assert (beside.audio_path, here.audio_path) == (str(corpus.root / "a.wav"), "only.wav")


def test_ids_of_absolute_paths_are_those_inside_the_manifests_folder(corpus, tmp_path):
    (tmp_path / "out.wav").write_bytes(b"RIFF")
    rows = [f"{corpus.root}/sub/b.flac,x", f"{tmp_path}/out.wav,y", "../out.wav,z"]
    items = corpus.items("m.csv", "\n".join(["audio,text", *rows]))
    assert [item.id for item in items] == ["sub/b", "out.wav", "out.wav_2"]


def test_all_faults_are_told_together(corpus):
    rows = [json.dumps({"audio": f"gone{n}.wav", "text": ""}) for n in range(15)]
    path = corpus.write("m.jsonl", "\n".join(rows))
    told = refused(path).splitlines()
    assert told[0] == f"--manifest {path}: 30 faults, nothing was done:"
    assert len(told) == 22
    assert told[1].startswith(f"{path}:1: audio 'gone0.wav' does not exist, neither in")
    assert told[2].startswith(f"{path}:1: has an empty text")
    assert told[-1] == "and 10 more"


def test_ids_that_are_given_are_kept_and_must_differ(corpus):
    rows = ["x,a.wav,t", ",sub/b.flac,t", "X,a.wav,t", "x,a.wav,t"]
    (fault,) = corpus.faults("m.csv", "\n".join(["id,audio,text", *rows]))
    assert fault == "m.csv:5: id 'x' stands at m.csv:2 too; change one"


def test_ids_that_are_made_give_way_to_those_that_are_given(corpus):
    items = corpus.items("m.csv", "id,audio,text\n,a.wav,t\na,sub/b.flac,t\n")
    assert [item.id for item in items] == ["a.wav", "a"]


def test_nothing_that_takes_seconds_is_imported():
    code = (
        "import sys, speech_toolkit.corpus.inputs.read;"
        "print({'torch', 'transformers', 'numpy', 'jsonschema'} & sys.modules.keys())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
