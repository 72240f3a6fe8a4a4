"""Right texts are good; what was planted is found where it is, whatever the form of the letters."""

from itertools import groupby

import numpy as np
import pytest

from speech_toolkit.alignment.quality.quality import (
    CHECK,
    CUT_OFF,
    GOOD,
    LOW_CONFIDENCE,
    NO_SPEECH,
    NOT_IN_TRANSCRIPT,
    NOT_SPOKEN,
    REPEATED,
    STARTS_LATE,
    WRONG_TRANSCRIPT,
)
from tests.unit.alignment.quality.made_speech import (
    FORMS,
    LETTERS,
    SENTENCES,
    STRIDE_S,
    TEXT,
    assessed,
    heard,
)

FOREIGN = "Zwei Kinder jagten fixe Boxkaempfer quer durch Sylt."
ANOTHER = "\n".join(
    ["Quick jazz vexed my big sphinx.", "Pack five dozen jugs.", "Who judged boxy lynx?"] * 2
)


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


def without(index):
    return "\n".join(SENTENCES[:index] + SENTENCES[index + 1 :])


def kinds(quality):
    return [reason.kind for reason in quality.reasons]


def words_of(quality):
    return [(stretch.first_word, stretch.end_word) for stretch in quality.not_spoken]


def without_repeats(text):
    return "".join(letter for letter, _ in groupby(text))


def first_word(index):
    return sum(len(sentence.split()) for sentence in SENTENCES[:index])


@pytest.mark.parametrize("seed", range(3))
def test_a_right_text_is_good(form, seed):
    found = assessed(heard(TEXT, form, seed), TEXT)
    assert found.quality.verdict == GOOD
    assert not found.quality.reasons
    assert found.quality.confidence > 0.95


@pytest.mark.parametrize("text", ["Hello.", "I", "Yes yes yes yes."])
def test_a_short_right_text_is_good(form, text):
    assert assessed(heard(text, form), text).quality.verdict == GOOD


@pytest.mark.parametrize("text", [ANOTHER, FOREIGN])
def test_another_text_is_a_wrong_transcript(form, text):
    found = assessed(heard(TEXT, form), text)
    assert found.quality.verdict == WRONG_TRANSCRIPT
    assert kinds(found.quality) == [LOW_CONFIDENCE]
    assert found.quality.confidence < 0.2
    assert not found.quality.not_spoken and not found.quality.not_in_transcript


@pytest.mark.parametrize("text", [ANOTHER, FOREIGN])
def test_no_word_of_a_wrong_transcript_is_trusted(form, text):
    found = assessed(heard(TEXT, form), text)
    assert found.quality.verdict == WRONG_TRANSCRIPT
    assert max(found.words) < 0.1
    assert max(found.sentences) < 0.1


def test_silence_is_told_as_no_speech(form):
    found = assessed(heard("", form, pause=1000), TEXT)
    assert found.quality.verdict == WRONG_TRANSCRIPT
    assert kinds(found.quality) == [NO_SPEECH]


def test_tones_are_no_transcript(form):
    dice = np.random.default_rng(5)
    tones = " ".join("".join(dice.choice(list(LETTERS), 6)) for _ in range(60))
    assert assessed(heard(tones, form), TEXT).quality.verdict == WRONG_TRANSCRIPT


@pytest.mark.parametrize("index", [1, 3])
def test_a_sentence_that_was_not_spoken_is_found(form, index):
    quality = assessed(heard(without(index), form), TEXT).quality
    assert quality.verdict == CHECK
    assert kinds(quality) == [NOT_SPOKEN]
    assert words_of(quality) == [(first_word(index), first_word(index + 1))]
    assert quality.not_spoken[0].text == SENTENCES[index]


@pytest.mark.parametrize(("index", "kind"), [(0, STARTS_LATE), (len(SENTENCES) - 1, CUT_OFF)])
def test_first_and_last_words_that_are_missing_have_a_name(form, index, kind):
    quality = assessed(heard(without(index), form), TEXT).quality
    assert kinds(quality) == [kind]
    assert words_of(quality) == [(first_word(index), first_word(index + 1))]


@pytest.mark.parametrize("index", range(len(SENTENCES)))
def test_a_sentence_that_the_transcript_lacks_is_found(form, index):
    quality = assessed(heard(TEXT, form), without(index)).quality
    assert quality.verdict == CHECK
    assert kinds(quality) == [NOT_IN_TRANSCRIPT]
    (lacking,) = quality.not_in_transcript
    assert lacking.repeats is None
    assert lacking.after_word == first_word(index) - 1
    before_s = len(heard("\n".join(SENTENCES[:index]), form)) * STRIDE_S
    after_s = len(heard("\n".join(SENTENCES[: index + 1]), form)) * STRIDE_S
    assert lacking.start_time == pytest.approx(before_s, abs=0.3)
    assert lacking.end_time == pytest.approx(after_s, abs=0.3)
    said = without_repeats(SENTENCES[index].lower().replace(" ", ""))
    assert without_repeats(lacking.heard)[3:20] == said[3:20]


@pytest.mark.parametrize("index", [0, 3, 5])
def test_a_sentence_that_is_read_twice_is_told_as_repeated(form, index):
    twice = "\n".join([*SENTENCES[: index + 1], *SENTENCES[index:]])
    quality = assessed(heard(twice, form), TEXT).quality
    assert quality.verdict == CHECK
    assert kinds(quality) == [REPEATED]
    (again,) = quality.not_in_transcript
    assert again.repeats == (first_word(index), first_word(index + 1))


@pytest.mark.parametrize("word", ["remembered", "brother", "breakfast"])
def test_a_word_that_was_replaced_is_found(form, word):
    quality = assessed(heard(TEXT.replace(word, "quixotic"), form), TEXT).quality
    assert quality.verdict == CHECK
    assert [stretch.text.strip(".") for stretch in quality.not_spoken] == [word]


@pytest.mark.parametrize("word", ["remembered", "brother", "frozen"])
def test_a_word_that_the_transcript_lacks_is_found(form, word):
    quality = assessed(heard(TEXT, form), TEXT.replace(f"{word} ", "")).quality
    assert kinds(quality) == [NOT_IN_TRANSCRIPT]
    (lacking,) = quality.not_in_transcript
    assert lacking.after_word == TEXT.split().index(word) - 1
    assert without_repeats(word)[1:-1] in lacking.heard


@pytest.mark.parametrize("word", ["remembered", "brother", "frozen"])
def test_a_word_that_was_not_spoken_is_found(form, word):
    quality = assessed(heard(TEXT.replace(f"{word} ", ""), form), TEXT).quality
    assert kinds(quality) == [NOT_SPOKEN]
    assert [stretch.text for stretch in quality.not_spoken] == [word]


@pytest.mark.parametrize("temperature", [0.5, 2.0, 4.0])
def test_a_model_that_is_more_or_less_sure_comes_to_the_same(form, temperature):
    texts = TEXT, without(2), ANOTHER
    for text in texts:
        plain = assessed(heard(TEXT, form), text).quality
        other = assessed(heard(TEXT, form, temperature=temperature), text).quality
        assert other.verdict == plain.verdict
        assert words_of(other) == words_of(plain)


def test_words_that_were_not_spoken_have_low_confidence(form):
    found = assessed(heard(without(1), form), TEXT)
    own = slice(first_word(1), first_word(2))
    assert max(found.words[own]) < 0.5
    assert min(found.words[: first_word(1) - 1]) > 0.9
    assert found.sentences[1] < 0.5 < min(found.sentences[3:])


@pytest.mark.parametrize("text", [TEXT, ANOTHER, without(4), "A — b … c", FOREIGN])
def test_confidences_lie_between_0_and_1_or_are_none_without_letters(form, text):
    found = assessed(heard(TEXT, form), text)
    words = text.split()
    assert len(found.words) == len(words)
    for word, confidence in zip(words, found.words, strict=True):
        assert (confidence is None) == (not any(map(str.isalpha, word)))
        assert confidence is None or 0 <= confidence <= 1
    assert all(0 <= confidence <= 1 for confidence in found.sentences)
    assert 0 <= found.quality.confidence <= 1


@pytest.mark.parametrize("star", ["edges", "segments"])
def test_what_a_wildcard_took_up_is_listed_and_is_no_fault(form, star):
    quality = assessed(heard(TEXT, form), without(0), star).quality
    assert quality.verdict == GOOD
    assert [lacking.after_word for lacking in quality.not_in_transcript] == [-1]


def test_the_same_is_found_each_time(form):
    log_probs = heard(TEXT, form)
    assert assessed(log_probs, without(3)) == assessed(log_probs.copy(), without(3))


def test_log_probabilities_are_left_as_they_are(form):
    log_probs = heard(TEXT, form)
    before = log_probs.copy()
    assessed(log_probs, without(3))
    assert np.array_equal(log_probs, before)
