"""What holds for every text, however odd."""

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.errors import TranscriptError

MMS = Vocabulary({c: i for i, c in enumerate("aienuotsrmkldghybpwcvjzf'qx", 4)}, 0, 31)
VOCABULARIES = [
    MMS,
    Vocabulary({c: i for i, c in enumerate(string.ascii_uppercase + "'", 5)}, 0, 32, 4),
    Vocabulary({c: i for i, c in enumerate("абвгдежзийклмнопрстуфхцчшщъыьэюя", 5)}, 0, 37, 4),
    Vocabulary({c: i for i, c in enumerate("我你他的是在有人0123456789", 1)}, 0, 19),
]
LANGUAGES = ("eng", "deu", "fra", "rus", "tur", "zho", "jpn", "tha", "khm", "bod", "hin", "xyz")
# Characters that meet a special rule somewhere, so that they are drawn often.
AWKWARD = st.sampled_from(
    " \n\r\t\u2028\u00a0\u202f\u200b\u200d'’\".,!?-—…%&@$()«»0123456789aIz"
    "éßÅİıﬁ½²①٣२\u0301\u064b\u0640漢一々。，「」きゃっカーｶﾞไเก่์ខ្មែមြ་།한ᄒ\ud800\0😀"
)
TEXT = st.lists(
    st.one_of(AWKWARD, AWKWARD, st.characters(), st.characters(max_codepoint=0x17FF)), max_size=40
).map("".join)
SETTINGS = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@pytest.fixture(scope="module", autouse=True)
def all_romanization_rules(whole_uroman):
    """Know every rule from the start: no load for each drawn script."""
    from speech_toolkit.alignment.text import romanization

    romanization._romanizer.cache_clear()
    romanizer = romanization._romanizer()
    romanizer._uroman, romanizer._loads = whole_uroman, romanization._LOADS_BEFORE_ALL
    yield
    romanization._romanizer.cache_clear()


def check(transcript, vocabulary):
    text = transcript.text
    position = 0
    for word in transcript.words:
        assert position <= word.start_char < word.end_char <= len(text)
        assert word.text == text[word.start_char : word.end_char]
        assert not text[position : word.start_char].strip()
        position = word.end_char
        check_tokens(word, vocabulary)
    assert not text[position:].strip()
    check_sentences(transcript)


def check_tokens(word, vocabulary):
    start = word.start_char
    for token in word.tokens:
        assert vocabulary.ids[token.text] == token.id
        assert start <= token.start_char < token.end_char <= word.end_char
        start = token.start_char


def check_sentences(transcript):
    next_word = 0
    for sentence in transcript.sentences:
        assert sentence.first_word == next_word < sentence.end_word
        next_word = sentence.end_word
        first, last = (
            transcript.words[sentence.first_word],
            transcript.words[sentence.end_word - 1],
        )
        assert (sentence.start_char, sentence.end_char) == (first.start_char, last.end_char)
        assert sentence.text == transcript.text[sentence.start_char : sentence.end_char]
    assert next_word == len(transcript.words)


@SETTINGS
@given(TEXT, st.sampled_from(VOCABULARIES), st.sampled_from(LANGUAGES))
def test_every_character_is_accounted_for(text, vocabulary, language):
    try:
        transcript = tokenize_transcript(text, vocabulary, language)
    except TranscriptError:
        return
    check(transcript, vocabulary)
    assert any(word.tokens for word in transcript.words)
    for warning in transcript.warnings:
        assert warning.isprintable()


@SETTINGS
@given(TEXT, st.sampled_from(LANGUAGES))
def test_a_letter_before_any_text_makes_it_alignable(text, language):
    check(tokenize_transcript("a " + text, MMS, language), MMS)


@SETTINGS
@given(st.lists(st.text(string.ascii_letters, min_size=1, max_size=9), min_size=1, max_size=20))
def test_plain_words_come_back_letter_by_letter(words):
    transcript = tokenize_transcript(" ".join(words), MMS)
    assert [word.text for word in transcript.words] == words
    letters = ["".join(token.text for token in word.tokens) for word in transcript.words]
    assert letters == [word.lower() for word in words]
    for word in transcript.words:
        for token in word.tokens:
            source = transcript.text[token.start_char : token.end_char]
            assert source.lower() == token.text


@SETTINGS
@given(TEXT, TEXT)
def test_a_line_is_tokenised_the_same_alone_and_after_another(first, second):
    prefix = "a " + first + "\na "
    joined = tokenize_transcript(prefix + second, MMS)
    alone = tokenize_transcript("a " + second, MMS)
    offset = len(prefix) - 2
    tail = [word for word in joined.words if word.start_char >= offset]
    assert [(w.text, w.start_char - offset, len(w.tokens)) for w in tail] == [
        (w.text, w.start_char, len(w.tokens)) for w in alone.words
    ]
