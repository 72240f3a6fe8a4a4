import json
from pathlib import Path

import jsonschema
import pytest

from speech_toolkit.formats import FORMATS, render
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.transcription.settings import TIMESTAMPS

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "results" / "schemas" / "transcription.schema.json").read_text()
)

EXPECTED = {
    "txt": "Good morning.\nAn hour later.\n",
    "srt": "1\n00:00:00,500 --> 00:00:01,334\nGood morning.\n\n"
    "2\n01:01:01,000 --> 01:01:02,500\nAn hour later.\n\n",
    "vtt": "WEBVTT\n\n00:00.500 --> 00:01.334\nGood morning.\n\n"
    "01:01:01.000 --> 01:01:02.500\nAn hour later.\n\n",
    "tsv": "start\tend\ttext\n500\t1240\tGood morning.\n3661000\t3662500\tAn hour later.\n",
    "csv": "segment,start_s,end_s,text,probability,confidence\n1,0.5,0.8,Good,0.9,\n"
    "1,0.8,1.24,morning.,0.8,\n2,3661.0,3662.5,An hour later.,,\n",
    "ctm": "a 1 0.500 0.300 Good 0.9000\na 1 0.800 0.440 morning. 0.8000\n"
    "a 1 3661.000 1.500 An_hour_later.\n",
    "rttm": "SPEAKER a 1 0.500 0.740 <NA> <NA> speech <NA> <NA>\n"
    "SPEAKER a 1 3661.000 1.500 <NA> <NA> speech <NA> <NA>\n",
    "lrc": "[00:00.50]Good morning.\n[00:01.24]\n[61:01.00]An hour later.\n[61:02.50]\n",
    "audacity": "0.500000\t0.800000\tGood\n0.800000\t1.240000\tmorning.\n"
    "3661.000000\t3662.500000\tAn hour later.\n",
}
EMPTY = {
    **dict.fromkeys(("txt", "srt", "ctm", "rttm", "lrc", "audacity"), ""),
    "vtt": "WEBVTT\n\n",
    "tsv": "start\tend\ttext\n",
    "csv": "segment,start_s,end_s,text,probability,confidence\n",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_form_of_each_format(two_sentences, name):
    assert render(two_sentences.to_dict(), name) == EXPECTED[name]


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_plain_subtitles_are_shown_as_long_as_they_are_spoken(two_sentences, name):
    plain = render(two_sentences.to_dict(), name, SubtitleOptions(style="plain"))
    assert plain == EXPECTED[name].replace("01,334", "01,240").replace("01.334", "01.240")


@pytest.mark.parametrize("name", EMPTY)
def test_a_recording_without_speech_is_a_valid_file(result, name):
    assert render(result().to_dict(), name) == EMPTY[name]


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_text_cannot_be_read_as_a_line_of_times(result, segment, name):
    nasty = "a --> b\n\n7\n00:00:09,000 --> 00:00:10,000\nc"

    lines = render(result(segment(0, 1, nasty)).to_dict(), name).splitlines()

    assert sum("-->" in line for line in lines) == 1
    assert [line for line in lines if line][-1].startswith("a -"), "all of it is one line"


def test_markup_is_escaped_in_web_subtitles(result, segment):
    assert "\na &lt;b&gt; &amp;amp;\n" in render(
        result(segment(0, 1, "a <b> &amp;")).to_dict(), "vtt"
    )


def test_a_tab_stays_out_of_the_table(result, segment):
    assert render(result(segment(0, 1, "a\tb")).to_dict(), "tsv").splitlines()[1] == "0\t1000\ta b"


def test_json_follows_the_schema(two_sentences, result):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    for written in (two_sentences, result()):
        document = json.loads(render(written.to_dict(), "json"))

        assert [error.message for error in validator.iter_errors(document)] == []
        assert document["segments"] == written.to_dict()["segments"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("coverage"),
        lambda document: document.update(extra=1),
        lambda document: document.update(language_probability=1.5),
        lambda document: document["segments"][0].update(start_s=-1),
        lambda document: document["words"][0].pop("probability"),
        lambda document: document["coverage"]["stretches"][0].update(reason=3),
    ],
)
def test_the_schema_refuses_another_form(two_sentences, spoil):
    document = two_sentences.to_dict()

    spoil(document)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_all_formats_are_tested():
    others = {"json", "textgrid", "ass", "html"}  # which have tests of their own
    assert set(FORMATS) == {*EXPECTED, *others}


def test_the_table_names_each_format_once_and_what_it_needs():
    assert all(name == entry.name for name, entry in FORMATS.items())
    assert len({entry.suffix for entry in FORMATS.values()}) == len(FORMATS)
    for entry in FORMATS.values():
        assert TIMESTAMPS.index(entry.needs) <= TIMESTAMPS.index(entry.wants or entry.needs)
