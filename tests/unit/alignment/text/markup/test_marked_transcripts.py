"""Transcripts with markup: what is aligned, what stays, where sentences end, what is told."""

import pytest

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.errors import TranscriptError
from tests.unit.alignment.text.vocabularies import MMS

TEXT = "JOHN: <i>He waved.</i>[1] [laughter] Then (sighs). ♪ AT&T 25"


def letters(transcript):
    return " ".join(
        "".join(t.text for t in word.tokens) for word in transcript.words if word.tokens
    )


def sentences(transcript):
    return [sentence.text for sentence in transcript.sentences]


def test_markup_stays_in_the_text_and_is_not_aligned():
    transcript = tokenize_transcript(TEXT, MMS)
    assert transcript.text == TEXT
    assert "".join(w.text for w in transcript.words) == "".join(TEXT.split())
    assert [w.text for w in transcript.words if w.spoken is False] == [
        "JOHN:",
        "<i>",
        "</i>[1]",
        "[laughter]",
        "(sighs).",
        "♪",
    ]
    assert letters(transcript) == "he waved then atandt twentyfive"
    assert all(not word.tokens for word in transcript.words if word.spoken is False)


def test_what_is_not_spoken_is_told_with_its_place():
    warning, *more = tokenize_transcript(TEXT, MMS).warnings
    assert not more
    assert warning.startswith("not spoken: 6 passages of markup: 'JOHN:' (character 0), ")
    assert warning.endswith("and 1 more; --markup keep aligns what is said all the same")


def test_keep_aligns_all_and_strip_leaves_it_out():
    kept = tokenize_transcript(TEXT, MMS, markup="keep")
    assert letters(kept).startswith("john ihe wavedione laughter then sighs atandt")
    bare = tokenize_transcript(TEXT, MMS, markup="strip")
    assert bare.text == "He waved. Then . AT&T 25"
    assert letters(bare) == "he waved then atandt twentyfive"
    assert bare.warnings == ()
    assert [word.text for word in kept.words if word.spoken is False] == ["♪"]
    assert [word.text for word in bare.words if word.spoken is False] == ["."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT, ["JOHN: <i>He waved.</i>[1]", "[laughter] Then (sighs).", "♪ AT&T 25"]),
        ("One word[1]. Two.", ["One word[1].", "Two."]),
        ("One.[1] Two.", ["One.[1]", "Two."]),
        ("<i>One.</i> <i>Two.</i>", ["<i>One.</i>", "<i>Two.</i>"]),
        ("He waved [laughter] at us. Yes.", ["He waved [laughter] at us.", "Yes."]),
        ("He waved. [A dog barks. Twice.] at us", ["He waved.", "[A dog barks. Twice.] at us"]),
        ("[MUSIC\nPLAYING] Hello you.", ["[MUSIC\nPLAYING] Hello you."]),
        ("One.\nDR. SMITH: two and so. Three.", ["One.", "DR. SMITH: two and so.", "Three."]),
        ("One. >> Two.", ["One.", ">> Two."]),
        ("Mr. <b>Smith</b> came. Good.", ["Mr. <b>Smith</b> came.", "Good."]),
        ("Text\n=====\nmore", ["Text", "=====", "more"]),
    ],
)
def test_sentences(text, expected):
    assert sentences(tokenize_transcript(text, MMS)) == expected


def test_each_cue_is_a_sentence():
    cued = CuedText("One. Two,\nthree\n\n[music]\n\nand four", (0, 17, 26))
    transcript = tokenize_transcript(cued, MMS)
    assert sentences(transcript) == ["One. Two,\nthree", "[music]", "and four"]
    bare = tokenize_transcript(cued, MMS, markup="strip")
    assert sentences(bare) == ["One. Two,\nthree", "and four"]


@pytest.mark.parametrize("markup", ["auto", "strip"])
def test_nothing_but_markup(markup):
    with pytest.raises(TranscriptError, match="nothing but markup.*--markup keep"):
        tokenize_transcript("[music]\n♪", MMS, markup=markup)
    assert letters(tokenize_transcript("[music]", MMS, markup="keep")) == "music"


@pytest.mark.parametrize("where", ["start", "middle", "end"])
@pytest.mark.parametrize(
    ("sign", "is_silent"),
    [(sign, True) for sign in ("—", "–", "-", "#", "*", "•", "…", "/", "~", "|", "→", "●")]
    + [(sign, True) for sign in ("😀", "👍🏽", "❤️", "🇩🇪", "👨‍👩‍👧", "☃", "★", "†", "§", "_", "\\")]
    + [(sign, False) for sign in ("∞", "<", "×", "≠", "$")],
)
def test_signs_warn_alike_wherever_they_stand(sign, is_silent, where):
    text = {
        "start": f"One.\n{sign} two three.\nFour.",
        "middle": f"One.\ntwo {sign} three.\nFour.",
        "end": f"One.\ntwo three. {sign}\nFour.",
    }[where]
    transcript = tokenize_transcript(text, MMS)
    assert (transcript.warnings == ()) == is_silent
    assert letters(transcript) == "one two three four"
    for sentence in transcript.sentences:
        words = transcript.words[sentence.first_word : sentence.end_word]
        assert sentence.text == text[words[0].start_char : words[-1].end_char]


@pytest.mark.parametrize("sign", ["—", "#", "😀", "→", "♪"])
def test_a_sign_inside_a_word_is_not_told(sign):
    assert letters(tokenize_transcript(f"go{sign} there", MMS)) == "go there"


@pytest.mark.parametrize(
    ("sign", "said"), [("&", "and"), ("%", "percent"), ("@", "at"), ("+", "plus")]
)
def test_signs_that_are_read_aloud(sign, said):
    transcript = tokenize_transcript(f"go {sign} there", MMS)
    assert letters(transcript) == f"go {said} there"
    assert transcript.warnings == ()
    (warning,) = tokenize_transcript("go & there", MMS, "deu").warnings
    assert warning == "1 word cannot be aligned: '&' (character 3)"
