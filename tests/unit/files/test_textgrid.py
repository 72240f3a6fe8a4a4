"""TextGrids that Praat writes, long and short, and what is damaged about others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from praatio.utilities.textgrid_io import getTextgridAsStr

from speech_toolkit.errors import TranscriptError
from speech_toolkit.files.textgrid import Interval, Tier, parse_textgrid, read_textgrid
from speech_toolkit.formats import render
from speech_toolkit.formats.cues import one_line
from tests.unit.formats.nasty import alignment_document

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2.5
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1.25
            text = "say ""hi""
item [3]: 7" ! a comment with 1 "string"
        intervals [2]:
            xmin = 1.25
            xmax = 2.5
            text = ""
    item [2]:
        class = "TextTier"
        name = "tones"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 1
            mark = "H*"
"""
SHORT = """File type = "ooTextFile"
"TextGrid"

0
2.5
<exists>
2
"IntervalTier"
"words"
0
2.5
2
0
1.25
"say ""hi""
item [3]: 7"
1.25
2.5
""
"TextTier"
"tones"
0
2.5
1
1
"H*"
"""
TIERS = (Tier("words", (Interval(0, 1.25, 'say "hi"\nitem [3]: 7'), Interval(1.25, 2.5, ""))),)


def parse(text):
    return parse_textgrid(text, "a.TextGrid", error=TranscriptError)


@pytest.mark.parametrize("text", [LONG, SHORT, SHORT.replace("ooTextFile", "ooTextFile short")])
def test_both_forms_say_the_same(text):
    assert parse(text) == TIERS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_and_newlines(tmp_path, encoding):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(LONG.replace("hi", "你好").replace("\n", "\r\n").encode(encoding))
    (tier,) = read_textgrid(path, error=TranscriptError)
    assert tier.intervals[0].text == 'say "你好"\r\nitem [3]: 7'


def test_no_tiers():
    assert parse('"ooTextFile"\n"TextGrid"\n0 1 <absent>') == ()


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
@given(labels=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_what_praatio_writes(form, labels):
    entries = [(float(n), n + 1.0, label) for n, label in enumerate(labels)]
    end_s = float(len(labels))
    span = {"name": "a", "xmin": 0.0, "xmax": end_s}
    tier = span | {"class": "IntervalTier", "entries": entries}
    text = getTextgridAsStr({"xmin": 0.0, "xmax": end_s, "tiers": [tier]}, form, True)
    assert parse(text) == (Tier("a", tuple(Interval(*entry) for entry in entries)),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ooBinaryFile\x08TextGrid", r"a.TextGrid: is a binary TextGrid; .*save it again"),
        ("hello world", r":1: the file ends where the type of the file should stand"),
        ('"ooTextFile"\n"PitchTier"\n0 1', ":2: is no TextGrid"),
        (SHORT[:-6], ":24: the file ends where the time of a point should stand|mark of a point"),
        (SHORT.replace('hi""', 'hi"'), ":16: the quote is not closed"),
        (SHORT.replace("1.25\n2.5", "1.25\n0.5"), ":18: .*0.5 s, is before its start, 1.25 s"),
        (SHORT.replace("\n2\n0", "\n2.5\n0"), ":12: 2.5 is no number of intervals"),
        (
            SHORT.replace("\n2\n0", "\n1e999\n0"),
            ":12: the number of intervals .* too large a number",
        ),
        (SHORT.replace("\n2\n0", "\n9\n0"), ":20: '\"TextTier\"' stands where the start of an int"),
        (SHORT.replace("IntervalTier", "Tier"), ":12: 'Tier' is no class of tiers"),
    ],
)
def test_damaged_files(text, message):
    with pytest.raises(TranscriptError, match=message) as raised:
        parse(text)
    assert "\n" not in str(raised.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(TranscriptError, match="no such TextGrid file; check the path"):
        read_textgrid(tmp_path / "none.TextGrid", error=TranscriptError)


@pytest.mark.parametrize("cut", range(0, len(LONG), 7))
def test_a_file_that_ends_early(cut):
    if cut < len(LONG.rstrip()):
        with pytest.raises(TranscriptError):
            parse(LONG[:cut])


def test_results_of_the_toolkit_are_read_back():
    document = alignment_document()
    sentences, words = parse(render(document, "textgrid"))[:2]
    for tier, key in ((sentences, "sentences"), (words, "words")):
        assert tier.name == key
        read = [part.text for part in tier.intervals if part.text]
        assert read == [one_line(part["text"]) for part in document[key] if one_line(part["text"])]
