import codecs

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.files.lines import LONGEST_LINE_BYTES, numbered_lines


def lines_of(path):
    return list(numbered_lines(path, error=UsageError, advice="give text"))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n\nb\n", ["a", "", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (codecs.BOM_UTF8 + "一\u2028二\n三".encode(), ["一\u2028二", "三"]),
        (b"a\x0bb\x85c".replace(b"\x85", b"\xc2\x85"), ["a\x0bb\x85c"]),
    ],
)
def test_lines_are_counted_and_stripped_of_their_ends(tmp_path, content, lines):
    path = tmp_path / "text"
    path.write_bytes(content)
    assert lines_of(path) == list(enumerate(lines, 1))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"ok\nx\xff\n", r"text:2: cannot be read \(byte 1 of the line is not UTF-8\); give text"),
        (
            b"x" * (LONGEST_LINE_BYTES + 1),
            r"text:1: cannot be read \(the line is longer than 16 MiB\); give text",
        ),
        (codecs.BOM_UTF16_LE + b"a\0", "text:1: cannot be read"),
    ],
)
def test_what_is_no_text_is_named(tmp_path, content, complaint):
    path = tmp_path / "text"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=complaint):
        lines_of(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"gone: cannot be read \(No such file"):
        lines_of(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory"):
        lines_of(tmp_path)
