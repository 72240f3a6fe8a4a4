import pytest

from speech_toolkit.cli.scripts.convert import main
from speech_toolkit.errors import ToolkitError, UsageError
from speech_toolkit.formats import render
from tests.unit.formats.conftest import make_result, make_segment


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with two results and a file that is none."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        document = make_result(make_segment(0, 1, name)).to_dict()
        (tmp_path / f"{name}.json").write_text(render(document, "json"), encoding="utf-8")
    (tmp_path / "c.json").write_text("{}")
    return tmp_path


def test_the_suffix_decides_the_format(folder, capsys):
    assert main(["a.json", "--output", "x.srt"]) == 0

    assert (folder / "x.srt").read_text() == "1\n00:00:00,000 --> 00:00:01,000\na\n\n"
    assert capsys.readouterr().out == "[INFO] Results saved to: x.srt\n"


def test_several_results_in_several_formats(folder):
    assert main(["a.json", "b.json", "--format", "txt,vtt", "--output_dir", "out"]) == 0

    written = {path.name: path.read_text() for path in (folder / "out").iterdir()}
    assert (written["a.txt"], written["b.txt"]) == ("a\n", "b\n")
    assert set(written) == {"a.txt", "a.vtt", "b.txt", "b.vtt"}


def test_a_result_that_fails_does_not_stop_the_others(folder, capsys):
    assert main(["c.json", "a.json", "--format", "txt", "--output_dir", "out"]) == 3

    assert [path.name for path in (folder / "out").iterdir()] == ["a.txt"]
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: c.json: ")
    assert second == "[WARNING] 1 of 2 results failed: c.json"


def test_one_result_that_fails_is_an_error(folder):
    with pytest.raises(ToolkitError, match="c.json"):
        main(["c.json", "--output", "x.txt"])


def test_no_result_is_written_over(folder):
    with pytest.raises(UsageError, match="same file as RESULT.json a.json"):
        main(["a.json", "--format", "json", "--output", "a.json"])
    with pytest.raises(UsageError, match="names 2 files: give --output_dir"):
        main(["a.json", "b.json"])
