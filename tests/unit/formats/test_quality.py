"""What is known of how well text and audio go together, in every format."""

import json

import jsonschema
import pytest
from praatio import textgrid

from speech_toolkit.bundled import CHECKOUT
from speech_toolkit.errors import UsageError
from speech_toolkit.formats import FORMATS, render
from speech_toolkit.formats.confidence import confidence, limits_of
from speech_toolkit.formats.document import read_document
from speech_toolkit.formats.timed_text import timed_text

SCHEMA = json.loads((CHECKOUT / "results" / "schemas" / "alignment.schema.json").read_text())
UNTOUCHED = {"txt", "tsv", "srt", "vtt", "ass", "lrc", "rttm"}


@pytest.fixture
def judged(judged_alignment):
    return judged_alignment.to_dict()


def as_written_before(document):
    """Return a result without what earlier versions did not have."""
    older = {name: value for name, value in document.items() if name != "quality"}
    for name in ("words", "sentences"):
        older[name] = [
            {key: value for key, value in span.items() if key != "confidence"}
            for span in document[name]
        ]
    return older


def test_the_schema_has_each_key_of_it_and_takes_results_of_earlier(judged):
    parts = {name: SCHEMA["properties"][name] for name in ("quality", "words", "sentences")}
    schema = {"$defs": SCHEMA["$defs"], "properties": parts}

    for document in (judged, as_written_before(judged), judged | {"quality": None}):
        jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(judged | {"quality": {"verdict": "good"}}, schema)


def test_the_json_of_a_result_holds_it(judged):
    assert [word["confidence"] for word in judged["words"]] == [0.93, None, 0.04]
    assert [sentence["confidence"] for sentence in judged["sentences"]] == [0.5, 0.5]
    assert not any("confidence" in segment for segment in judged["segments"])
    quality = json.loads(render(judged, "json"))["quality"]
    assert quality["verdict"] == "check"
    assert quality["reasons"] == [
        {"kind": "not_spoken", "text": "1 word was probably not spoken: No"}
    ]
    assert quality["not_in_transcript"][0]["repeats"] == [0, 1]
    assert quality == judged["quality"]


def test_results_of_earlier_are_read_and_written_in_all_formats(judged, tmp_path):
    path = tmp_path / "older.json"
    path.write_text(json.dumps(as_written_before(judged)), encoding="utf-8")

    document = read_document(path)

    assert {name for name in FORMATS if render(document, name)} == set(FORMATS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quality": {"verdict": "fine"}}, "quality"),
        ({"quality": []}, "quality"),
        ({"words": [{"confidence": 2.0}]}, "words"),
    ],
)
def test_odd_values_are_refused(judged, change, message, tmp_path):
    if "words" in change:
        change = {"words": [judged["words"][0] | change["words"][0]]}
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(judged | change), encoding="utf-8")

    with pytest.raises(UsageError, match=message):
        read_document(path)


def test_the_table_has_probability_and_confidence_side_by_side(judged):
    assert render(judged, "csv").splitlines() == [
        "segment,start_s,end_s,text,probability,confidence",
        "1,0.1,0.4,Hi,0.6065,0.93",
        "1,0.4,0.4,-,,",
        "2,1.0,1.3,No,0.3679,0.04",
    ]


def test_ctm_has_the_calibrated_confidence_and_else_the_probability(judged):
    assert [line.split()[-1] for line in render(judged, "ctm").splitlines()] == [
        "0.9300", "-", "0.0400",
    ]  # fmt: skip
    older = render(as_written_before(judged), "ctm")
    assert [line.split()[-1] for line in older.splitlines()] == ["0.6065", "-", "0.3679"]


def test_praat_and_audacity_get_the_stretches_where_text_and_audio_disagree(judged, tmp_path):
    path = tmp_path / "a.TextGrid"
    path.write_text(render(judged, "textgrid"), encoding="utf-8")

    tiers = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)

    assert tiers.tierNames == ("sentences", "words", "characters", "quality")
    assert [tuple(entry) for entry in tiers.getTier("quality").entries] == [
        (0.5, 0.9, "not in transcript: hi"),
        (1.0, 1.3, "not spoken: No"),
    ]
    assert render(judged, "audacity").splitlines()[3:] == [
        "0.500000\t0.900000\tnot in transcript: hi",
        "1.000000\t1.300000\tnot spoken: No",
    ]


def test_words_that_a_repair_left_out_are_told_of_where_they_stand_now(judged):
    judged["words"][2] |= {"start_time": 0.4, "end_time": 0.4, "spoken": False}

    assert render(judged, "audacity").splitlines()[3:] == [
        "0.400000\t0.400000\tnot spoken: No",
        "0.500000\t0.900000\tnot in transcript: hi",
    ]


def test_formats_for_viewers_stay_as_they_were(judged):
    for name in UNTOUCHED:
        assert render(judged, name) == render(as_written_before(judged), name)


def test_colours_follow_the_calibrated_confidence_where_there_is_one(judged, two_sentences):
    def colours(document):
        limits = limits_of(document)
        return [confidence(word.sureness, limits) for word in timed_text(document).words]

    assert colours(judged) == ["high", "unknown", "low"]
    assert colours(as_written_before(judged)) == ["high", "unknown", "middle"]
    assert colours(two_sentences.to_dict()) == ["high", "high"]
