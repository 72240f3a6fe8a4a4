import pytest

from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary

MMS = Vocabulary({c: i for i, c in enumerate("aienuotsrmkldghybpwcvjzf'qx", 4)}, 0, 31)


def sentences(text, language="eng"):
    return [sentence.text for sentence in tokenize_transcript(text, MMS, language).sentences]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("One. Two? Three!", "eng", ["One.", "Two?", "Three!"]),
        ("no stop at all", "eng", ["no stop at all"]),
        ("one. two. three.", "eng", ["one.", "two.", "three."]),
        ("Mr. Smith met Dr. Jones. He left.", "eng", ["Mr. Smith met Dr. Jones.", "He left."]),
        ("J. R. Smith came. Good.", "eng", ["J. R. Smith came.", "Good."]),
        ("It is 3.14 or so. Yes.", "eng", ["It is 3.14 or so.", "Yes."]),
        ("E.g. this one. Yes.", "eng", ["E.g. this one.", "Yes."]),
        ('"Stop!" he said. "Why?"', "eng", ['"Stop!" he said.', '"Why?"']),
        ("Wait… what? Go on.", "eng", ["Wait… what?", "Go on."]),
        ("(One.) Two.", "eng", ["(One.)", "Two."]),
        ("1. First. 2. Second.", "eng", ["1. First.", "2. Second."]),
        ("It costs 5. Fine.", "eng", ["It costs 5.", "Fine."]),
        ("Am 3. Mai kam er. Gut.", "deu", ["Am 3. Mai kam er.", "Gut."]),
        ("Es war 1984. Gut.", "deu", ["Es war 1984.", "Gut."]),
        ("Bonjour ! » Il part.", "fra", ["Bonjour ! »", "Il part."]),
        ("你好。再见！走？", "zho", ["你好。", "再见！", "走？"]),
        ("他说：“你好。”走了。", "zho", ["他说：“你好。”", "走了。"]),
        ("नमस्ते। आप कैसे हैं?", "hin", ["नमस्ते।", "आप कैसे हैं?"]),
        ("كيف حالك؟ بخير", "ara", ["كيف حالك؟", "بخير"]),
        ("ជា។ ភាសា", "khm", ["ជា។", "ភាសា"]),
        ("Բարև։ Լավ", "hye", ["Բարև։", "Լավ"]),
        ("He waved. [laughter] At us.", "eng", ["He waved.", "[laughter] At us."]),
        ("He waved! (laughs) At us.", "eng", ["He waved!", "(laughs) At us."]),
        ("He waved [laughter] at us.", "eng", ["He waved [laughter] at us."]),
        ("At 5 p.m. (local time) we left.", "eng", ["At 5 p.m. (local time) we left."]),
        ("Er sagt. „ja“ sagt sie. Gut.", "deu", ["Er sagt. „ja“ sagt sie.", "Gut."]),
        ("Great! 😀 👨\u200d👩 See you.", "eng", ["Great! 😀 👨\u200d👩", "See you."]),
        ("😀 Great 🇩🇪 one. 😀", "eng", ["😀 Great 🇩🇪 one. 😀"]),
        ("One. ♪ Two. — Three. # Four.", "eng", ["One.", "♪ Two.", "— Three.", "# Four."]),
        ("Τι κάνεις; Καλά.", "ell", ["Τι κάνεις;", "Καλά."]),
        ("Τι κάνεις\u037e Καλά.", "eng", ["Τι κάνεις\u037e", "Καλά."]),
        ("«Τι κάνεις;» Καλά. Στις 5; Ναι.", "ell", ["«Τι κάνεις;»", "Καλά.", "Στις 5;", "Ναι."]),
        ("He came; She left.", "eng", ["He came; She left."]),
        ("ሰላም። ደህና", "amh", ["ሰላም።", "ደህና"]),
    ],
)
def test_sentences(text, language, expected):
    assert sentences(text, language) == expected


@pytest.mark.parametrize(
    "newline", ["\n", "\r\n", "\r", "\n\n", "\u2028", "\u2029", "\x85", " \n "]
)
def test_a_newline_ends_a_sentence(newline):
    assert sentences(f"first line{newline}second line") == ["first line", "second line"]


def test_a_sentence_of_punctuation_alone_is_kept():
    transcript = tokenize_transcript("One.\n—\nTwo.", MMS)
    assert [(s.text, s.first_word, s.end_word) for s in transcript.sentences] == [
        ("One.", 0, 1),
        ("—", 1, 2),
        ("Two.", 2, 3),
    ]
