import json
import os

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.files.writing import write_json
from speech_toolkit.system.streams import discard_output
from speech_toolkit.versions import versions


def test_json_round_trip_keeps_every_script_and_lone_surrogates(tmp_path):
    payload = {"text": "你好 naïve \ud800 🙂", "number": 0.02}
    write_json(tmp_path / "new" / "result.json", payload)
    text = (tmp_path / "new" / "result.json").read_text(encoding="utf-8")
    assert "你好" in text
    assert json.loads(text) == payload


def test_what_stood_there_survives_a_failed_write(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"run": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"run": float("nan")})
    assert json.loads(path.read_text()) == {"run": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_what_stood_there_leaves_its_mode(tmp_path, mode):
    path = tmp_path / "result.json"
    path.touch()
    path.chmod(mode)

    write_json(path, {"run": 1})

    assert path.stat().st_mode & 0o777 == mode
    assert json.loads(path.read_text()) == {"run": 1}


def test_a_new_file_has_the_mode_that_the_user_wants_of_new_files(tmp_path):
    kept = os.umask(0o027)
    try:
        write_json(tmp_path / "result.json", {})
    finally:
        os.umask(kept)
    assert (tmp_path / "result.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("end", ["full", "gone"])
def test_a_result_that_stdout_does_not_take_is_an_error(end, monkeypatch):
    if end == "full":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    stream = os.fdopen(descriptor, "w")
    monkeypatch.setattr("sys.stdout", stream)

    with pytest.raises(UsageError, match="the result cannot be printed: (No space|Broken pipe)"):
        write_json("-", {"run": 1})
    discard_output(stream)


def test_unwritable_target_is_named_and_nothing_is_left_beside_it(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match="taken: cannot be written"):
        write_json(tmp_path / "taken", {})
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_link_is_followed_and_kept(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "latest.json"
    link.symlink_to(tmp_path / "real" / "result.json")

    write_json(link, {"run": 1})
    write_json(link, {"run": 2})

    assert link.is_symlink()
    assert json.loads((tmp_path / "real" / "result.json").read_text()) == {"run": 2}


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    """The same holds for /dev/stdout and /dev/null, which root could replace."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    write_json(pipe, {"run": 1})

    assert pipe.is_fifo()
    assert json.loads(os.read(reader, 1000)) == {"run": 1}
    os.close(reader)


def test_the_longest_name_a_directory_takes_can_be_written(tmp_path):
    write_json(tmp_path / ("x" * 250 + ".json"), {})

    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


def test_versions_name_what_shapes_a_result():
    found = versions()
    assert found["torch"].startswith("2.")
    assert found["speech_toolkit"]
    assert "torch_npu" in found
