import os
import sys
from pathlib import Path

import pytest

from speech_toolkit.bundled import CHECKOUT as REPOSITORY
from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.output_guard import (
    OutputGuard,
    check_output_path,
    checkpoint_files,
    default_names,
    sample_files,
)
from speech_toolkit.errors import UsageError


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talk.wav").write_text("RIFF")
    (tmp_path / "link").symlink_to("talk.wav")
    (tmp_path / "hard").hardlink_to("talk.wav")
    (tmp_path / "here").symlink_to(".")


@pytest.mark.parametrize(
    "output", ["talk.wav", "./talk.wav", "link", "hard", "here/talk.wav", "{}/talk.wav"]
)
@pytest.mark.parametrize("audio", ["talk.wav", Path("link"), ["other.wav", "hard"]])
def test_an_output_is_never_an_input(tmp_path, output, audio):
    output = output.format(tmp_path)

    with pytest.raises(UsageError, match=f"--output {output}: is the same file as --audio "):
        OutputGuard({"--output": output}, {"--audio": audio})
    assert Path("talk.wav").read_text() == "RIFF"


def test_files_that_are_not_there_yet_are_told_apart_by_where_they_will_be():
    with pytest.raises(UsageError, match="--html here/r.json: is the same file as --output r.json"):
        OutputGuard({"--output": "r.json", "--html": "here/r.json"}, {})
    Path("dangling").symlink_to("r.json")
    with pytest.raises(UsageError, match="--html dangling: is the same file as --output r.json"):
        OutputGuard({"--output": "r.json", "--html": "dangling"}, {})
    OutputGuard({"--output": "r.json", "--html": "r.html"}, {"--audio": "absent.wav"})


def test_results_of_one_argument_need_places_of_their_own():
    Path("b.json").symlink_to("a.json")

    with pytest.raises(UsageError, match="--output_dir b.json: is the same file as --output_dir"):
        OutputGuard({"--output_dir": ["a.json", "b.json"]}, {})


def test_an_input_that_shows_later_is_protected_too():
    guard = OutputGuard({"--output": "talk.wav"}, {"--manifest": "cases.jsonl", "--html": None})

    with pytest.raises(UsageError, match="--output talk.wav: is the same file as audio of"):
        guard.protect("audio of --manifest", ["a.wav", "link"])


def test_devices_hold_nothing_that_could_be_lost():
    OutputGuard({"--output": os.devnull, "--html": os.devnull}, {"--audio": os.devnull})


def test_streams_are_the_files_that_they_lead_to(tmp_path, monkeypatch):
    audio = Path("talk.wav").stat()
    monkeypatch.setattr(os, "fstat", lambda descriptor: audio)

    with pytest.raises(UsageError, match="--output link: is the same file as --audio -"):
        OutputGuard({"--output": "link"}, {"--audio": "-"})
    with pytest.raises(UsageError, match="--output -: is the same file as --audio talk.wav"):
        OutputGuard({"--output": "-"}, {"--audio": "talk.wav"})


@pytest.mark.parametrize("model", [None, str(bundled_model("tiny-whisper"))])
@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "merges.txt"])
def test_files_of_a_checkpoint_are_inputs(model, file):
    output = bundled_model("tiny-whisper") / file

    with pytest.raises(UsageError, match="is the same file as --model_path"):
        OutputGuard({"--output": str(output)}, {"--model_path": checkpoint_files(model)})


def test_results_in_the_directory_of_a_checkpoint_are_not(tmp_path):
    """The published command line has --model_path . and is run again."""
    for name in ("config.json", "eval_result.json"):
        (tmp_path / name).write_text("{}")

    OutputGuard({"--output": "eval_result.json"}, {"--model_path": checkpoint_files(".")})


def test_files_of_a_hub_id_are_inputs(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--owner--name"
    (repository / "blobs").mkdir(parents=True)
    (repository / "blobs" / "0123").write_text("weights")
    (repository / "snapshots" / "main").mkdir(parents=True)
    (repository / "snapshots" / "main" / "model.safetensors").symlink_to("../../blobs/0123")

    with pytest.raises(UsageError, match="is the same file as --model_path"):
        OutputGuard(
            {"--output": str(repository / "blobs" / "0123")},
            {"--model_path": checkpoint_files("owner/name")},
        )


@pytest.mark.parametrize("name", ["x" * 5000, "a/" + "x" * 5000, "absent", "a\0b"])
def test_a_checkpoint_that_cannot_be_has_no_files(name):
    assert checkpoint_files(name) == []


def test_bundled_samples_are_inputs():
    names = {str(path.relative_to(REPOSITORY)) for path in sample_files()}

    assert {"samples/demo.wav", "samples/demo.txt", "samples/recognition/talk.flac"} <= names


def test_a_default_name_may_turn_out_to_be_an_input():
    Path("result_cpu.json").write_text("hello world")
    names = default_names("result_DEVICE.json")

    assert names == ["result_DEVICE.json", "result_cpu.json"]
    with pytest.raises(UsageError, match="is the same file as --transcript_file"):
        OutputGuard({"--output": names}, {"--transcript_file": "./result_cpu.json"})


def test_an_output_is_refused_before_a_directory_is_made_for_it():
    with pytest.raises(UsageError, match="same file"):
        OutputGuard({"--html": "new/r.html", "--output": "talk.wav"}, {"--audio": "talk.wav"})
    assert not Path("new").exists()


def test_output_path_is_checked_before_the_work(tmp_path):
    check_output_path("-")
    check_output_path(str(tmp_path / "new" / "result.json"))
    with pytest.raises(UsageError, match="is a directory"):
        check_output_path(str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be created"):
        check_output_path(str(tmp_path / "file" / "result.json"))
    with pytest.raises(UsageError, match="File name too long"):
        check_output_path(str(tmp_path / ("x" * 300)))
    with pytest.raises(UsageError, match="is a directory"):
        check_output_path(str(tmp_path / "new") + "/")


def test_a_closed_stdout_takes_no_result(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(UsageError, match="--output -: standard output is closed"):
        check_output_path("-")
