import json
from pathlib import Path

import pytest

from speech_toolkit.corpus.inputs import json_lines
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import check_schema


def lines(*entries):
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n"


def test_every_field_is_read(corpus):
    corpus.write("b.txt", "Aus der Datei.")
    whole = {
        "id": "spk/one",
        "audio": "a.wav",
        "text": "今天天气很好。",
        "language": "zho",
        "start_s": 1.5,
        "end_s": 3,
    }
    first, second = corpus.items(
        "list.jsonl", lines(whole, {"audio": "sub/b.flac", "text_file": "b.txt"})
    )
    assert (first.id, first.text, first.language) == ("spk/one", "今天天气很好。", "zho")
    assert (first.start_s, first.end_s) == (1.5, 3)
    assert first.audio_path == str(corpus.root / "a.wav")
    assert first.place == f"{corpus.root}/list.jsonl:1"
    assert (second.id, second.text) == ("sub/b", "Aus der Datei.")
    assert (second.language, second.start_s, second.end_s) == (None, None, None)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n \n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_marks_line_ends_and_blank_lines_do_not_matter(corpus, mark, end):
    content = mark + end + end.join([lines({"audio": "a.wav", "text": "x y"}).strip()] * 2)
    assert [item.text for item in corpus.items("list.jsonl", content)] == ["x y"] * 2


def test_test_cases_of_the_evaluation_can_be_aligned(corpus):
    case = {"audio": "a.wav", "text": "Ja", "words": [], "conditions": {"noise": "street"}}
    (item,) = corpus.items("cases.jsonl", lines(case))
    assert item.text == "Ja"


def test_text_is_left_alone_where_none_is_needed(corpus):
    entry = {"audio": "a.wav", "text": "", "text_file": "gone.txt"}
    (item,) = corpus.items(
        "list.jsonl",
        lines(
            entry,
        ),
        needs_text=False,
    )
    assert item.text is None


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "is no JSON object"),
        ("3", "is no JSON object"),
        ('{"text": "x"}', "has no 'audio'"),
        ('{"audio": 3, "text": "x"}', "audio is 3, not the path of a file"),
        ('{"audio": " ", "text": "x"}', "audio is ' ', not the path"),
        ('{"audio": "a.wav", "text": 3}', "text is 3, not what is said"),
        ('{"audio": "a.wav", "text": ""}', "has an empty text"),
        ('{"audio": "a.wav", "text": " \\t"}', "has an empty text"),
        ('{"audio": "a.wav"}', 'has no text to align; give "text" or "text_file"'),
        ('{"audio": "a.wav", "text": "x", "lang": "de"}', "has an unknown key 'lang'"),
        ('{"audio": "a.wav", "text": "x", "language": ""}', "language is '', not the code"),
        ('{"audio": "a.wav", "text": "x", "id": 7}', "id is 7, not"),
        ('{"audio": "a.wav", "text": "x", "id": "../x"}', "id '../x': is no path inside"),
        ('{"audio": "a.wav", "text": "x", "start_s": "1"}', "start_s is '1', not seconds"),
        ('{"audio": "a.wav", "text": "x", "start_s": true}', "start_s is True, not seconds"),
        ('{"audio": "a.wav", "text": "x", "start_s": -1}', "start_s -1: must be"),
        ('{"audio": "a.wav", "text": "x", "start_s": NaN}', "start_s nan: must be"),
        ('{"audio": "a.wav", "text": "x", "start_s": 2, "end_s": 1}', "end_s 1 is not after"),
        ('{"audio": "a.wav", "text": "x", "text_file": "b.txt"}', "both a text and a file"),
        ('{"audio": "a.wav", "text_file": "gone.txt"}', "gone.txt' does not exist"),
        ('{"audio": "a.wav", "text_file": "a.wav\\u0000"}', "does not exist"),
    ],
)
def test_bad_line_is_named_by_number(corpus, line, complaint):
    good = '{"audio": "a.wav", "text": "x"}\n'
    (fault,) = corpus.faults("list.jsonl", good + line + "\n" + good)
    assert fault.startswith("list.jsonl:2: ")
    assert complaint in fault


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "x", "", " ", [], {}])
@pytest.mark.parametrize("key", [*json_lines._SCHEMA["properties"], "unknown"])
def test_what_passes_at_once_keeps_to_the_schema(key, value):
    entry = {"audio": "a.wav", key: value}
    if json_lines._is_plain(entry):
        check_schema(entry, json_lines._SCHEMA, "x", error=UsageError, advice="x")


def test_good_lines_pass_at_once():
    entry = {"id": "x", "audio": "a", "text": "", "language": "de", "start_s": 0, "end_s": None}
    assert json_lines._is_plain(entry)
    assert not json_lines._is_plain({"audio": "a", "extra": 1})


def test_a_hundred_thousand_lines(corpus):
    names = [f"utt{number}" for number in range(100_000)]
    text = "".join(f'{{"id": "{name}", "audio": "a.wav", "text": "x"}}\n' for name in names)
    items = corpus.items("big.jsonl", text)
    assert [item.id for item in items] == names
    assert Path(items[-1].place).name == "big.jsonl:100000"
