"""Pages and pictures as the command lines ask for them."""

import json
import shutil

import pytest

from speech_toolkit.cli.scripts import convert, inference_mms, inference_whisper
from speech_toolkit.errors import AudioError, UsageError
from speech_toolkit.formats.picture import requirements
from tests.unit.formats.page.made_up import DEMO, demo
from tests.unit.formats.page.page_parts import PageParts


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a result whose recording is not in its old place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    result = demo() | {"audio_path": "old/demo.wav"}
    (tmp_path / "results" / "demo.json").write_text(json.dumps(result))
    return tmp_path


def page(path):
    return PageParts(path.read_text(encoding="utf-8"))


def test_a_recording_that_is_gone_is_named_and_the_page_has_no_sound(folder, capsys):
    assert convert.main(["results/demo.json", "--output", "x.html"]) == 0
    assert "its audio old/demo.wav was not found" in capsys.readouterr().err
    assert page(folder / "x.html").data["audio"] is None


@pytest.mark.parametrize("place", ["old/demo.wav", "results/old/demo.wav", "results/demo.wav"])
def test_a_recording_is_found_from_here_and_beside_the_result(folder, capsys, place):
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(DEMO, folder / place)
    assert convert.main(["results/demo.json", "--output", "x.html", "--lang", "zh"]) == 0
    assert capsys.readouterr().err == ""
    made = page(folder / "x.html")
    assert made.data["audio"]["duration_s"] == 4.825
    assert made.data["language"] == "zh"


def test_a_recording_can_be_named_and_linked(folder):
    arguments = ["--audio", str(DEMO), "--page_audio", "link", "--format", "html"]
    assert convert.main(["results/demo.json", *arguments, "--output_dir", "out"]) == 0
    assert page(folder / "out" / "demo.html").data["audio"]["link"].endswith("/samples/demo.wav")
    with pytest.raises(AudioError, match="gone.wav"):
        convert.main(["results/demo.json", "--output", "x.html", "--audio", "gone.wav"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "x.srt", "--lang", "zh"], "--lang has no effect without --format html"),
        (["--output", "x.srt", "--page_audio", "link"], "--page_audio has no effect"),
        (["--output", "x.srt", "--audio", "a.wav"], "--audio is the recording of one result"),
        (["--output", "x.srt", "--plot", "x.jpg"], "--plot x.jpg: end the name in .png"),
        (["--output", "x.png", "--format", "srt", "--plot", "x.png"], "same file as --output"),
    ],
)
def test_what_has_no_effect_is_refused(folder, arguments, message):
    with pytest.raises(UsageError, match=message):
        convert.main(["results/demo.json", *arguments])


def test_a_picture_is_of_one_result(folder):
    shutil.copy(folder / "results" / "demo.json", folder / "b.json")
    several = ["results/demo.json", "b.json", "--output_dir", "out"]
    with pytest.raises(UsageError, match="one picture for 2 results"):
        convert.main([*several, "--plot", "x.png"])


def test_a_picture_is_written_beside_the_result(folder, capsys):
    pytest.importorskip("matplotlib")
    arguments = ["--output", "x.srt", "--plot", "x.png", "--audio", str(DEMO)]
    assert convert.main(["results/demo.json", *arguments]) == 0
    assert (folder / "x.png").read_bytes().startswith(b"\x89PNG")
    assert "Results saved to: x.srt, x.png" in capsys.readouterr().out


def test_the_recording_is_never_written_over(folder):
    shutil.copy(DEMO, folder / "results" / "demo.wav")
    with pytest.raises(UsageError, match="same file as the audio of RESULT.json"):
        convert.main(["results/demo.json", "--format", "html", "--output", "results/demo.wav"])


@pytest.mark.parametrize(
    ("script", "more"),
    [(inference_mms, ["--transcript", "x"]), (inference_whisper, [])],
)
def test_a_missing_package_is_told_before_anything_runs(folder, monkeypatch, script, more):
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="--plot needs matplotlib"):
        script.main(["--audio", "nowhere.wav", *more, "--plot", "x.png"])


def test_pages_are_not_of_measurements(folder):
    with pytest.raises(UsageError, match="--page_audio has no effect in --mode benchmark"):
        inference_whisper.main(["--audio", "a", "--mode", "benchmark", "--page_audio", "link"])
