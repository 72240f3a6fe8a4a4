import pytest


def test_normalised_text_is_nearer_to_what_is_spoken(corpus):
    content = 'LJ1|He had 2 "dogs|He had two "dogs\nLJ2|Only this.\n'
    first, second = corpus.items("metadata.csv", content)
    assert (first.id, first.text) == ("LJ1", 'He had two "dogs')
    assert first.audio_path == str(corpus.root / "wavs/LJ1.wav")
    assert (second.id, second.text) == ("LJ2", "Only this.")


@pytest.mark.parametrize("content", ["\ufeffLJ1|今天\r\n\r\nLJ2|好的|\r\n", "LJ1|今天\nLJ2|好的\n"])
def test_marks_line_ends_and_blank_lines_do_not_matter(corpus, content):
    assert [item.text for item in corpus.items("metadata.csv", content)] == ["今天", "好的"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("LJ2", "has 1 fields; expected id|text"),
        ("LJ2|a|b|c", "has 4 fields; expected id|text"),
        ("|text", "has no id before the first |"),
        ("LJ2||", "has an empty text"),
        ("LJ9|text", "audio 'wavs/LJ9.wav' does not exist"),
        ("LJ1|again", "id 'LJ1' stands at"),
    ],
)
def test_bad_line_is_named_by_number(corpus, line, complaint):
    (fault,) = corpus.faults("metadata.csv", f"LJ1|x|x\n{line}\n")
    assert fault.startswith("metadata.csv:2: ")
    assert complaint in fault
