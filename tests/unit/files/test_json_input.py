from pathlib import Path

import pytest

from speech_toolkit.errors import CheckpointError
from speech_toolkit.files.json_input import (
    check_schema,
    parse_json,
    read_text,
    shown_path,
    shown_value,
)

OURS = {"error": CheckpointError, "advice": "download it again"}
SCHEMA = {
    "type": "object",
    "required": ["layers"],
    "properties": {
        "layers": {"type": "integer", "minimum": 1, "maximum": 1000},
        "rate": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "name": {"type": ["string", "null"]},
        "act": {"enum": ["gelu", "relu"]},
        "heads": {
            "type": "array",
            "items": {"type": "array", "minItems": 2, "description": "a pair [layer, head]"},
        },
        "inner": {"type": "object", "additionalProperties": False, "properties": {"a": {}}},
    },
}


def refusal(content):
    with pytest.raises(CheckpointError) as caught:
        check_schema(content, SCHEMA, "d/config.json", **OURS)
    return str(caught.value)


def test_content_that_fits_passes():
    content = {"layers": 12, "rate": 0.5, "name": None, "act": "gelu", "heads": [[1, 2]], "x": []}
    check_schema(content, SCHEMA, "d/config.json", **OURS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "it is [], not an object"),
        ({}, "has no 'layers'"),
        ({"layers": 0}, "layers is 0, not at least 1"),
        ({"layers": True}, "layers is True, not a whole number"),
        ({"layers": 1.0}, "layers is 1.0, not a whole number"),
        ({"layers": int("9" * 4000)}, "layers is about 1e4000, not at most 1000"),
        ({"layers": 1, "rate": float("nan")}, "rate is nan, not a finite number"),
        ({"layers": 1, "rate": float("inf")}, "rate is inf, not a finite number"),
        ({"layers": 1, "rate": 1}, "rate is 1, not below 1"),
        ({"layers": 1, "name": []}, "name is [], not a text or null"),
        ({"layers": 1, "act": "evil"}, "act is 'evil', not one of 'gelu', 'relu'"),
        ({"layers": 1, "heads": [[1]]}, "heads[0] is [1], not a pair [layer, head]"),
        ({"layers": 1, "inner": {"a": 1, "b": 2}}, "inner has an unknown key 'b'"),
    ],
)
def test_refusal_names_file_key_value_and_what_is_expected(content, message):
    assert refusal(content) == f"d/config.json: {message}; download it again"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested too deeply to be meant"),
        ("1" * 5000, "Exceeds the limit"),
        ('{"a": ', "Expecting value"),
        ("", "Expecting value"),
    ],
)
def test_text_that_is_no_sane_json_is_refused(text, message):
    with pytest.raises(CheckpointError, match=rf"f\.json: cannot be read as JSON.*{message}"):
        parse_json(text, "f.json", **OURS)


def test_text_file_is_read_with_or_without_its_mark(tmp_path):
    (tmp_path / "a").write_bytes("\ufeffé".encode())
    assert read_text(tmp_path / "a", **OURS) == "é"


def test_endless_missing_and_narrow_files_are_refused_by_name(tmp_path):
    (tmp_path / "latin").write_bytes(b"a\xe9")
    with pytest.raises(CheckpointError, match=r"/dev/zero: .*larger than 1 MiB\); download"):
        read_text(Path("/dev/zero"), limit_bytes=1 << 20, **OURS)
    with pytest.raises(CheckpointError, match="gone: cannot be read .No such file"):
        read_text(tmp_path / "gone", **OURS)
    with pytest.raises(CheckpointError, match=r"latin: cannot be read \(byte 1 is not UTF-8"):
        read_text(tmp_path / "latin", **OURS)
    with pytest.raises(CheckpointError, match="File name too long") as caught:
        read_text(tmp_path / ("x" * 5000), **OURS)
    assert len(str(caught.value)) < 400


def test_what_is_absurdly_long_is_shown_short():
    assert len(shown_path("d/" * 3000)) < 210
    assert len(shown_value("x" * 3000)) < 70
    assert shown_value(list(range(30))) == "a list of 30 entries"
    assert shown_value({str(i): i for i in range(30)}) == "an object of 30 entries"
