"""How far two texts are apart: word and character error rates, and where tokens part.

Texts are normalised as OpenAI did for the Whisper paper (appendix C), by the code that transformers
ships, so that the figures can be compared with published ones. jiwer counts the errors.
"""

import importlib.util
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from speech_toolkit.checkpoint.files import read_json
from speech_toolkit.languages import is_english, is_unspaced

SPELLINGS_NAME = "normalizer.json"
BOOTSTRAP_RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class TextComparison:
    """A hypothesis against a reference, both normalised before errors were counted.

    Attributes:
        words: words of the reference; characters where the language has no spaces.
        word_substitutions: words of the reference that came out as another.
        word_insertions: words of the hypothesis that the reference lacks.
        word_deletions: words of the reference that are missing.
        characters: characters of the reference, spaces between words included.
        character_errors: substitutions, insertions and deletions of characters.
        exact_match: the texts are the same before normalisation, spaces at their ends aside.
        normalized_match: the texts are the same after it.
        empty: neither text holds a letter or digit, so that nothing was compared.
    """

    words: int
    word_substitutions: int
    word_insertions: int
    word_deletions: int
    characters: int
    character_errors: int
    exact_match: bool
    normalized_match: bool
    empty: bool

    @property
    def word_errors(self) -> int:
        """Substitutions, insertions and deletions of words."""
        return self.word_substitutions + self.word_insertions + self.word_deletions

    @property
    def wer(self) -> float:
        """Word error rate, above 1 where the hypothesis is much longer than the reference.

        An empty reference counts as one word, so that text made of silence is an error.
        """
        return self.word_errors / max(1, self.words)

    @property
    def cer(self) -> float:
        """Character error rate; see :attr:`wer`."""
        return self.character_errors / max(1, self.characters)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"wer": self.wer, "cer": self.cer, **asdict(self)}


@dataclass(frozen=True)
class Interval:
    """A range that holds the true value with the given confidence."""

    low: float
    high: float
    confidence: float = CONFIDENCE


@dataclass(frozen=True)
class CorpusComparison:
    """Many comparisons taken together. Pairs of empty texts are counted and left out.

    Attributes:
        cases: comparisons that hold text.
        empty_cases: comparisons that hold none.
        words: words of all references.
        word_errors: errors of all cases.
        characters: characters of all references.
        character_errors: errors of all cases.
        wer: word errors of the corpus over its words, long cases weighing more.
        cer: the same for characters.
        mean_wer: mean of the cases' error rates, every case weighing the same.
        mean_cer: the same for characters.
        exact_match_rate: share of cases whose texts are the same, in 0..1.
        normalized_match_rate: the same after normalisation.
        wer_interval: of ``wer``, by resampling the cases.
        cer_interval: of ``cer``, by resampling the cases.
    """

    cases: int
    empty_cases: int
    words: int
    word_errors: int
    characters: int
    character_errors: int
    wer: float
    cer: float
    mean_wer: float
    mean_cer: float
    exact_match_rate: float
    normalized_match_rate: float
    wer_interval: Interval
    cer_interval: Interval

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def normalize_text(
    text: str, language: str | None = "en", spellings: Mapping[str, str] | None = None
) -> str:
    """Bring a text into the form in which Whisper's authors compare texts.

    Lower case, no punctuation, no brackets with what stands in them. English also has its
    contractions spelt out, its numbers written as digits, its fillers removed and its British
    spellings made American. Languages without spaces have one between all characters: each
    counts as a word, as in the Whisper paper.

    Args:
        text: any text.
        language: ISO 639-1 or 639-3 code, or Whisper's name of it; None for the treatment that
            suits any language.
        spellings: British to American, from the ``normalizer.json`` of an English checkpoint.
    """
    normalize = _normalizer(language, tuple(sorted((spellings or {}).items())))
    return normalize(unicodedata.normalize("NFC", text)).strip()


def read_spellings(directory: Path) -> dict[str, str]:
    """Return the British to American spellings of a Whisper checkpoint, none where it has none.

    Raises:
        CheckpointError: the file is not a JSON object.
    """
    path = directory / SPELLINGS_NAME
    return read_json(path) if path.is_file() else {}


def compare_texts(
    reference: str,
    hypothesis: str,
    language: str | None = "en",
    spellings: Mapping[str, str] | None = None,
) -> TextComparison:
    """Count the errors of a hypothesis.

    Args:
        reference: what is right.
        hypothesis: what was found.
        language: of both texts, see :func:`normalize_text`.
        spellings: see :func:`normalize_text`.
    """
    import jiwer

    normal_reference, normal_hypothesis = (
        normalize_text(text, language, spellings) for text in (reference, hypothesis)
    )
    words = jiwer.process_words(normal_reference, normal_hypothesis)
    if is_unspaced(language):
        characters = words
    else:
        characters = jiwer.process_characters(normal_reference, normal_hypothesis)
    return TextComparison(
        words=words.hits + words.substitutions + words.deletions,
        word_substitutions=words.substitutions,
        word_insertions=words.insertions,
        word_deletions=words.deletions,
        characters=characters.hits + characters.substitutions + characters.deletions,
        character_errors=characters.substitutions + characters.insertions + characters.deletions,
        exact_match=reference.strip() == hypothesis.strip(),
        normalized_match=normal_reference == normal_hypothesis,
        empty=not any(map(str.isalnum, normal_reference + normal_hypothesis)),
    )


def pool_comparisons(
    comparisons: Sequence[TextComparison], *, seed: int = 0
) -> CorpusComparison | None:
    """Pool the comparisons of a corpus; None where no case holds text.

    Args:
        comparisons: one per case.
        seed: of the resampling.
    """
    held = [comparison for comparison in comparisons if not comparison.empty]
    if not held:
        return None
    word_errors = np.array([case.word_errors for case in held])
    words = np.array([case.words for case in held])
    character_errors = np.array([case.character_errors for case in held])
    characters = np.array([case.characters for case in held])
    return CorpusComparison(
        cases=len(held),
        empty_cases=len(comparisons) - len(held),
        words=int(words.sum()),
        word_errors=int(word_errors.sum()),
        characters=int(characters.sum()),
        character_errors=int(character_errors.sum()),
        wer=float(word_errors.sum() / max(1, words.sum())),
        cer=float(character_errors.sum() / max(1, characters.sum())),
        mean_wer=float(np.mean([case.wer for case in held])),
        mean_cer=float(np.mean([case.cer for case in held])),
        exact_match_rate=float(np.mean([case.exact_match for case in held])),
        normalized_match_rate=float(np.mean([case.normalized_match for case in held])),
        wer_interval=bootstrap_interval(word_errors, words, seed=seed),
        cer_interval=bootstrap_interval(character_errors, characters, seed=seed),
    )


def bootstrap_interval(
    errors: np.ndarray,
    totals: np.ndarray,
    *,
    seed: int = 0,
    resamples: int = BOOTSTRAP_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the interval of a pooled error rate, by the percentile method over whole cases.

    Cases are drawn rather than words, since the errors within one recording belong together
    (Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation",
    ICASSP 2004). Where no case has an error, drawing shows none either; the upper end is then the
    rate at which so many words without an error would be rare: the "rule of three", 3 / words
    (Hanley and Lippman-Hand, JAMA 1983).

    Args:
        errors: of each case, shape (N,).
        totals: words or characters of each case, shape (N,).
        seed: of the draws.
        resamples: how many corpora of N cases are drawn.
        confidence: share of the resamples inside the interval, in 0..1.
    """
    if not errors.any():
        return Interval(0.0, min(1.0, -np.log(1 - confidence) / max(1, totals.sum())), confidence)
    draws = np.random.default_rng(seed).integers(len(errors), size=(resamples, len(errors)))
    rates = errors[draws].sum(axis=1) / np.maximum(1, totals[draws].sum(axis=1))
    low, high = np.quantile(rates, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), confidence)


def first_divergence(tokens_a: Sequence[int], tokens_b: Sequence[int]) -> int | None:
    """Return the index of the first token that differs, None where the two are the same.

    Where one is the start of the other, it is the length of the shorter.
    """
    for index, (a, b) in enumerate(zip(tokens_a, tokens_b, strict=False)):
        if a != b:
            return index
    return None if len(tokens_a) == len(tokens_b) else min(len(tokens_a), len(tokens_b))


@lru_cache(maxsize=4)
def _normalizer(
    language: str | None, spellings: tuple[tuple[str, str], ...]
) -> Callable[[str], str]:
    whisper = _whisper_normalizers()
    if is_english(language):
        return whisper.EnglishTextNormalizer(dict(spellings))
    return whisper.BasicTextNormalizer(split_letters=is_unspaced(language))


@cache
def _whisper_normalizers() -> ModuleType:
    """Load the one file of transformers that normalises.

    The package would import torch, and with it torch_npu, into a process that needs neither.
    """
    package = importlib.util.find_spec("transformers")
    path = Path(package.origin).parent / "models" / "whisper" / "english_normalizer.py"
    spec = importlib.util.spec_from_file_location("whisper_normalizers", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
