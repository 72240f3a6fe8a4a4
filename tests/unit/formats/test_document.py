import json

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.formats import FORMATS, render
from speech_toolkit.formats.document import read_document
from speech_toolkit.formats.timed_text import timed_text


@pytest.fixture(params=["two_sentences", "alignment"])
def document(request):
    """The JSON form of a result of either task."""
    return request.getfixturevalue(request.param).to_dict()


def test_a_result_that_was_read_back_is_written_as_the_fresh_one(document, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(render(document, "json"), encoding="utf-8")

    read = read_document(path)

    for name in FORMATS:
        assert render(read, name) == render(document, name)


def test_keys_of_other_versions_are_kept(document, tmp_path):
    path = tmp_path / "result.json"
    older = document | {"from_the_future": 1}
    del older["environment"]
    path.write_text(json.dumps(older), encoding="utf-8")

    assert read_document(path) == older


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read as JSON"),
        ("[]", "give a result of inference_mms.py or inference_whisper.py"),
        ('{"kind": "perf"}', "give a result of inference_mms.py"),
        ('{"transcript": "a", "words": []}', "give a result of inference_mms.py"),
    ],
)
def test_what_is_no_result_is_refused(content, message, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=f"result.json: .*{message}"):
        read_document(path)


@pytest.mark.parametrize("value", [-1, "1", None, float("nan"), float("inf"), 1e306])
def test_times_that_are_none_are_refused(document, value, tmp_path):
    key = "start_time" if "transcript" in document else "start_s"
    document["segments"][0][key] = value
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(UsageError, match=rf"segments.*{key}"):
        read_document(path)


def test_the_awkward_results_of_the_tests_have_the_form_of_results(nasty_document, tmp_path):
    path = tmp_path / "nasty.json"
    path.write_text(json.dumps(nasty_document), encoding="utf-8")

    assert read_document(path) == nasty_document
    texts = [word["text"] for word in nasty_document["words"]]
    assert [part.text for part in timed_text(nasty_document).parts] == texts


@pytest.mark.parametrize("name", [name for name, entry in FORMATS.items() if entry.needs != "none"])
def test_no_times_are_made_up(two_sentences, name):
    document = two_sentences.to_dict()
    document["settings"]["timestamps"] = "none"

    with pytest.raises(UsageError, match=f"has no times.* {name} needs.*--timestamps"):
        render(document, name)
    assert render(document, "txt")
