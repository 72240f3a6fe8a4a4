import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.bundled import CHECKOUT as REPOSITORY
from speech_toolkit.errors import CheckpointError
from speech_toolkit.evaluation.metrics.text import (
    bootstrap_interval,
    compare_texts,
    first_divergence,
    normalize_text,
    pool_comparisons,
    read_spellings,
)

WORDS = st.lists(
    st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "by", "itself"]), max_size=12
)


def edits(a, b):
    """Levenshtein distance by the plain recurrence."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


@pytest.mark.parametrize(
    ("text", "language", "normal"),
    [
        ("Hello,  World!", "en", "hello world"),
        ("It's forty-two, um, Mr. Smith (laughs).", "en", "it is 42 mister smith"),
        ("It's forty-two, um.", "fr", "it s forty two um"),
        ("Größe, ça va?", "de", "größe ça va"),
        ("cafe\u0301!", None, "café"),
        ("你好，世界", "zh", "你 好 世 界"),
        ("東京 2024", "ja", "東 京 2 0 2 4"),
        ("東京", "Japanese", "東 京"),
        ("Forty two.", "English", "42"),
        ("[music] <unk>", "en", ""),
        ("", "en", ""),
    ],
)
def test_texts_are_normalised_as_whisper_does(text, language, normal):
    assert normalize_text(text, language) == normal


def test_the_normalisers_are_those_of_transformers():
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    theirs = EnglishTextNormalizer({"colour": "color"})
    text = "Mr. Smith's colour isn't $20.50 or twenty-one; [noise] it won't (ever) be 3rd!"
    assert normalize_text(text, "en", {"colour": "color"}) == theirs(text).strip()


def test_comparing_texts_imports_no_torch():
    code = (
        "import sys; from speech_toolkit.evaluation.metrics.text import compare_texts; "
        "assert compare_texts('it is', 'it was').wer == 0.5; "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


def test_british_spelling_is_made_american_where_the_checkpoint_lists_it(tmp_path):
    (tmp_path / "normalizer.json").write_text(json.dumps({"harbour": "harbor"}))
    spellings = read_spellings(tmp_path)
    assert normalize_text("The Harbour.", "en", spellings) == "the harbor"
    assert compare_texts("the harbour", "the harbor", "en", spellings).wer == 0
    assert compare_texts("the harbour", "the harbor", "en").wer == 0.5


def test_checkpoint_without_spellings_has_none(tmp_path):
    assert read_spellings(tmp_path) == {}


def test_damaged_spellings_are_refused(tmp_path):
    (tmp_path / "normalizer.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"normalizer\.json"):
        read_spellings(tmp_path)


def test_each_kind_of_error_is_counted():
    compared = compare_texts("a big cat sat down", "a pig cat sat on it")
    assert compared.words == 5
    kinds = (compared.word_substitutions, compared.word_insertions, compared.word_deletions)
    assert kinds == (2, 1, 0)
    assert compared.wer == pytest.approx(3 / 5)
    assert compared.characters == len("a big cat sat down")
    assert compared.character_errors == edits("a big cat sat down", "a pig cat sat on it")
    assert not compared.exact_match
    assert not compared.normalized_match


def test_case_and_punctuation_are_no_error_but_no_exact_match():
    compared = compare_texts("Yes, it is.", "yes it is ")
    assert (compared.wer, compared.cer) == (0, 0)
    assert compared.normalized_match
    assert not compared.exact_match


def test_spaces_at_the_ends_do_not_break_an_exact_match():
    assert compare_texts(" Yes.", "Yes.\n").exact_match


@pytest.mark.parametrize(("reference", "hypothesis"), [("", ""), ("...", " "), ("[x]", "um")])
def test_two_empty_texts_are_flagged(reference, hypothesis):
    compared = compare_texts(reference, hypothesis)
    assert compared.empty
    assert pool_comparisons([compared]) is None


def test_text_made_of_silence_is_an_error():
    compared = compare_texts("", "thank you")
    assert not compared.empty
    assert compared.wer == 2
    assert compared.cer == len("thank you")


def test_silence_made_of_text_is_all_deletions():
    compared = compare_texts("thank you", "")
    assert (compared.word_deletions, compared.wer, compared.cer) == (2, 1, 1)


def test_language_without_spaces_is_compared_by_character():
    compared = compare_texts("你好，世界", "你好世间", "zh")
    assert (compared.words, compared.characters) == (4, 4)
    assert compared.wer == compared.cer == pytest.approx(1 / 4)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_counts_equal_the_plain_recurrence(reference, hypothesis):
    compared = compare_texts(" ".join(reference), " ".join(hypothesis), "fr")
    assert compared.word_errors == edits(reference, hypothesis)
    assert compared.character_errors == edits(" ".join(reference), " ".join(hypothesis))
    assert compared.words == len(reference)


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_text_can_be_compared(reference, hypothesis):
    for language in ("en", "zh", None):
        compared = compare_texts(reference, hypothesis, language)
        assert compared.normalized_match == (compared.character_errors == 0)


def test_corpus_weighs_words_and_means_weigh_cases():
    cases = [
        compare_texts("a b c d e f g h i j", "a b c d e f g h i j"),
        compare_texts("a b", "a x"),
        compare_texts("", ""),
    ]
    pooled = pool_comparisons(cases)
    assert (pooled.cases, pooled.empty_cases) == (2, 1)
    assert pooled.wer == pytest.approx(1 / 12)
    assert pooled.mean_wer == pytest.approx(0.25)
    assert pooled.exact_match_rate == 0.5
    assert pooled.wer_interval.low == 0
    assert pooled.wer_interval.high == pytest.approx(0.5)


def test_interval_covers_the_rate_and_narrows_with_more_cases():
    random = np.random.default_rng(1)

    def interval(cases):
        return bootstrap_interval(random.binomial(20, 0.1, cases), np.full(cases, 20))

    few, many = interval(10), interval(400)
    assert few.low <= 0.1 <= few.high
    assert many.low <= 0.1 <= many.high
    assert many.high - many.low < (few.high - few.low) / 3
    assert 0.01 < many.high - many.low < 0.03  # 4 standard errors of 8000 words: 0.013


def test_corpus_without_errors_is_not_certain_to_have_none():
    interval = bootstrap_interval(np.zeros(10, int), np.full(10, 30))
    assert interval.low == 0
    assert interval.high == pytest.approx(3 / 300, rel=0.01)


def test_interval_is_repeatable():
    errors = np.random.default_rng(2).poisson(2, 50)
    totals = np.full(50, 17)
    assert bootstrap_interval(errors, totals) == bootstrap_interval(errors, totals)
    assert bootstrap_interval(errors, totals, seed=1) != bootstrap_interval(errors, totals)


@pytest.mark.parametrize(
    ("a", "b", "index"),
    [((1, 2, 3), (1, 2, 3), None), ((1, 2), (1, 3), 1), ((1, 2), (1, 2, 3), 2), ((), (1,), 0)],
)
def test_first_divergence(a, b, index):
    assert first_divergence(a, b) == index
    assert first_divergence(b, a) == index
