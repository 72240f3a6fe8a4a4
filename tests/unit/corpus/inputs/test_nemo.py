import json

import pytest


def nemo(**entry):
    return json.dumps({"audio_filepath": "a.wav", "duration": 4.0} | entry, ensure_ascii=False)


def test_manifest_of_nemo_is_known_by_its_first_line(corpus):
    corpus.write("t.txt", "From a file.")
    content = "\n".join(
        [
            nemo(text="hello there", lang="en", speaker="s1", pred_text="hallo"),
            '{"audio_filename": "sub/b.flac", "text_filepath": "t.txt", "text": null}',
            nemo(normalized_text="normal", offset=1.5, audio_start_sec=12),
        ]
    )
    first, second, third = corpus.items("train_manifest.json", content)
    assert (first.text, first.language, first.start_s, first.end_s) == (
        "hello there",
        "en",
        None,
        None,
    )
    assert (second.text, second.id) == ("From a file.", "sub/b")
    assert (third.text, third.start_s, third.end_s) == ("normal", 1.5, 5.5)


def test_parts_of_one_file_get_ids_of_their_own(corpus):
    parts = [nemo(text="x", offset=float(start)) for start in range(3)]
    items = corpus.items("m.json", "\n".join(parts))
    assert [item.id for item in items] == ["a.wav", "a.wav_2", "a.wav_3"]


def test_text_goes_before_its_file_as_in_nemo(corpus):
    (item,) = corpus.items("m.json", nemo(text="this", text_filepath="gone.txt"))
    assert item.text == "this"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"text": "x"}', "has no 'audio_filepath'"),
        (nemo(), 'has no text to align; give "text" or "text_filepath"'),
        (nemo(text=""), "has an empty text"),
        (nemo(text=3), "text is 3, not a text"),
        (nemo(text="x", offset="1"), "offset is '1', not a number of seconds"),
        (nemo(text="x", duration=True), "duration is True, not a number of seconds"),
        (nemo(text="x", offset=1, duration=-1), "end_s 0 is not after start_s 1"),
        (nemo(text="x", offset=-1), "start_s -1: must be"),
        (nemo(text="x", offest=1), "has an unknown key 'offest'; write 'offset'"),
        (nemo(text="x", audio_filepath="gone.wav"), "audio 'gone.wav' does not exist"),
        (nemo(text="x", audio_filepath=""), "audio '' "),
        ("3", "is no JSON object"),
    ],
)
def test_bad_line_is_named_by_number(corpus, line, complaint):
    (fault,) = corpus.faults("m.json", nemo(text="x") + "\n" + line)
    assert fault.startswith("m.json:2: ")
    assert complaint in fault
