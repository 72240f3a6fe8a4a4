import csv

import pytest

COMMON_VOICE = (
    "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tdown_votes\tage\tgender\t"
    "accents\tvariant\tlocale\tsegment\n"
)


def test_table_with_plain_names(corpus):
    content = (
        "id,audio,text,language,start_s,end_s\n"
        'one,a.wav,"Er sagte: ""Ja, gut.""",deu,0.5,2\n'
        "\n"
        "two,sub/b.flac,今天天气很好,,,\n"
    )
    first, second = corpus.items("list.csv", content)
    assert (first.id, first.text, first.language) == ("one", 'Er sagte: "Ja, gut."', "deu")
    assert (first.start_s, first.end_s) == (0.5, 2.0)
    assert (second.text, second.language, second.end_s) == ("今天天气很好", None, None)
    assert second.place.endswith("list.csv:4")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_marks_and_line_ends_do_not_matter(corpus, mark, end, separator):
    rows = [("Audio", '"Text"'), ("a.wav", "so it is"), ("sub/b.flac", "and so")]
    content = mark + end.join(separator.join(row) for row in rows) + end
    items = corpus.items("list.txt", content)
    assert [(item.id, item.text) for item in items] == [("a", "so it is"), ("sub/b", "and so")]


def test_text_of_several_lines_is_one_field(corpus):
    content = 'audio,text\na.wav,"one\ntwo"\nsub/b.flac,three\n'
    first, second = corpus.items("list.csv", content)
    assert first.text == "one\ntwo"
    assert (first.place[-10:], second.place[-10:]) == ("list.csv:2", "list.csv:4")


@pytest.mark.parametrize("mark", ["", '"'])
def test_text_of_a_day(corpus, mark):
    before = csv.field_size_limit()
    text = "word " * 40_000 + "end"
    (item,) = corpus.items("list.csv", f"audio,text\na.wav,{mark}{text}{mark}\n")
    assert item.text == text
    assert csv.field_size_limit() == before


def test_common_voice_keeps_its_recordings_in_clips(corpus):
    corpus.add("clips/common_voice_en_1.mp3")
    row = 'c\tcommon_voice_en_1.mp3\ts\t"Yes," he said.\t\t2\t0\t\t\t\t\ten\t\n'
    (item,) = corpus.items("validated.tsv", COMMON_VOICE + row)
    assert (item.id, item.text, item.language) == ("common_voice_en_1", '"Yes," he said.', "en")
    assert item.audio_path == str(corpus.root / "clips/common_voice_en_1.mp3")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ('"He said ""no""."', 'He said "no".'),
        ('"whole"', "whole"),
        ('"a" and "b"', '"a" and "b"'),
        ('"', '"'),
        ('5" tall', '5" tall'),
        ("a, b | c", "a, b | c"),
    ],
)
def test_quotation_marks_in_tabs(corpus, field, text):
    (item,) = corpus.items("list.tsv", f"path\tsentence\na.wav\t{field}\n")
    assert item.text == text


def test_text_may_stand_in_a_file(corpus):
    corpus.write("a.txt", "Read me.")
    (item,) = corpus.items("list.csv", "audio,text,text_file\na.wav,,a.txt\n")
    assert item.text == "Read me."


@pytest.mark.parametrize(
    ("header", "row", "place", "complaint"),
    [
        ("audio,text", "a.wav", 2, "has 1 fields, but the header has 2"),
        ("audio,text", "a.wav,x,y", 2, "has 3 fields, but the header has 2"),
        ("audio,text", "a.wav,", 2, "has an empty text"),
        ("audio,text", ",x", 2, "audio '' "),
        ("audio", "a.wav", 2, "has no text to align; write it into a column text"),
        ("audio,text,lenguage", "a.wav,x,de", 1, "has an unknown column 'lenguage'"),
        ("audio,path,text", "a.wav,a.wav,x", 1, "columns 'audio' and 'path' are both audio"),
        ("audio,text,start_s", "a.wav,x,early", 2, "start_s is 'early', not a number of seconds"),
        ("audio,text,start_s", "a.wav,x,nan", 2, "start_s nan: must be"),
        ("audio,text,end_s", "a.wav,x,0", 2, "end_s 0 is not after"),
        ("id,audio,text", "/x,a.wav,x", 2, "is no path inside"),
        ("audio,text", 'a.wav,"x', 2, "is no CSV (unexpected end of data)"),
        ("audio,text", 'a.wav,"x"y', 2, "is no CSV"),
        ("audio,text,text_file", "a.wav,x,a.wav", 2, "both a text and a file"),
    ],
)
def test_bad_line_is_named_by_number(corpus, header, row, place, complaint):
    (fault,) = corpus.faults("list.csv", f"{header}\n{row}\n")
    assert fault.startswith(f"list.csv:{place}: ")
    assert complaint in fault


def test_header_without_audio_is_named(corpus):
    (fault,) = corpus.faults("list.csv", "text\nx\n", format_name="csv")
    assert "list.csv:1: has no column audio; expected a header" in fault
