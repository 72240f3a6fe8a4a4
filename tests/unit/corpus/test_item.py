import math

import pytest

from speech_toolkit.corpus.item import Item
from speech_toolkit.errors import UsageError


@pytest.mark.parametrize(
    "name", ["a", "sp1/utt 2", "北京/第一章", ".hidden", "x..y", "a\\b", "é" * 100, "LJ001-0001"]
)
def test_id_that_can_name_files_is_kept(name):
    assert Item(name, "a.wav").id == name


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "is no name"),
        (" ", "is no name"),
        (None, "is no name"),
        (7, "is no name"),
        ("/etc/passwd", "no path inside a directory"),
        ("..", "no path inside a directory"),
        ("a/../../b", "no path inside a directory"),
        ("a/./b", "no path inside a directory"),
        ("a//b", "no path inside a directory"),
        ("a/", "no path inside a directory"),
        ("a\nb", "characters that no file name"),
        ("a\0", "characters that no file name"),
        ("a\x9b31m", "characters that no file name"),
        ("a\udcff", "characters that no file name"),
        ("é" * 101, "longer than 200 bytes"),
        ("ok/" + "x" * 201, "longer than 200 bytes"),
    ],
)
def test_id_that_cannot_name_files_is_refused(name, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        Item(name, "a.wav")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("start_s", "end_s"), [(None, None), (0, 1), (None, 0.5), (3.5, None)])
def test_times_of_a_part_are_kept(start_s, end_s):
    item = Item("a", "a.wav", start_s=start_s, end_s=end_s)
    assert (item.start_s, item.end_s) == (start_s, end_s)


@pytest.mark.parametrize(
    ("start_s", "end_s", "complaint"),
    [
        (-1, None, "start_s -1: must be"),
        (math.nan, None, "start_s nan: must be"),
        ("3", None, "start_s '3': must be"),
        (True, None, "start_s True: must be"),
        (None, math.inf, "end_s inf: must be"),
        (2, 2, "end_s 2 is not after start_s 2"),
        (2, 1, "end_s 1 is not after start_s 2"),
        (None, 0, "end_s 0 is not after start_s 0"),
    ],
)
def test_times_that_are_no_part_are_refused(start_s, end_s, complaint):
    with pytest.raises(UsageError, match=complaint):
        Item("a", "a.wav", start_s=start_s, end_s=end_s)
