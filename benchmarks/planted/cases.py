"""What a case of a planted fault is, and the edits of text and sound that make one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.planted.speech import RATE_HZ, Speech, written
from speech_toolkit.alignment.quality.quality import CHECK, GOOD, WRONG_TRANSCRIPT
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

NO_FAULT = "none"
_FADE_S = 0.005
_MOST = 0.5  # of the words, above which a local fault may be told as a wrong transcript


@dataclass(frozen=True, eq=False)
class Case:
    """A recording with a transcript, and what is wrong with them.

    Attributes:
        kind: of the fault, ``NO_FAULT`` where all is right.
        size: of the fault, such as a sentence.
        speech: what it was made from.
        samples: float32 (N,) at ``RATE_HZ``.
        texts: the words of the transcript.
        spoken: for each word of the transcript when it is spoken, None where it is not.
        unclear: the words of which it is a matter of taste whether and when they are spoken.
        words: runs of words, first and end, that may be told as not spoken.
        stretches: from and to in seconds, that may be told as lacking in the transcript.
        verdicts: any of these is right.
    """

    kind: str
    size: str
    speech: Speech
    samples: np.ndarray
    texts: tuple[str, ...]
    spoken: tuple[TrueWord | None, ...]
    unclear: frozenset[int] = frozenset()
    words: tuple[tuple[int, int], ...] = ()
    stretches: tuple[tuple[float, float], ...] = ()
    verdicts: tuple[str, ...] = (CHECK,)

    @property
    def transcript(self) -> str:
        """The text, each sentence on a line."""
        return written(self.texts)

    @property
    def is_whole(self) -> bool:
        """Whether the transcript as a whole belongs to something else."""
        return self.verdicts == (WRONG_TRANSCRIPT,)

    @property
    def duration_s(self) -> float:
        """Length of the audio."""
        return len(self.samples) / RATE_HZ


def right(speech: Speech) -> Case:
    """Return a recording with its own transcript."""
    return replace(_to_spoil(speech), verdicts=(GOOD,))


def _to_spoil(speech: Speech) -> Case:
    return Case(NO_FAULT, "", speech, speech.clip.samples, speech.texts, speech.clip.words)


def with_lenient_verdict(case: Case) -> Case:
    """Let a fault in most of a recording be told as a wrong transcript, too."""
    wrong_words = sum(end - first for first, end in case.words)
    wrong_s = sum(end_s - start_s for start_s, end_s in case.stretches)
    is_most = wrong_words > _MOST * len(case.texts) or wrong_s > _MOST * case.duration_s
    return replace(case, verdicts=(CHECK, WRONG_TRANSCRIPT)) if is_most else case


def put_instead(speech: Speech, first: int, end: int, texts: Sequence[str]) -> Case:
    """Write other words where ``first`` to ``end`` are spoken; none at all deletes these."""
    case, spoken = _to_spoil(speech), speech.clip.words
    return replace(
        case,
        texts=(*case.texts[:first], *texts, *case.texts[end:]),
        spoken=(*spoken[:first], *(None for _ in texts), *spoken[end:]),
        words=((first, first + len(texts)),) if texts else (),
        stretches=((spoken[first].start_s, spoken[end - 1].end_s),) if first < end else (),
    )


def swap(speech: Speech, first: int, middle: int, end: int) -> Case:
    """Write ``middle`` to ``end`` before ``first`` to ``middle``: either may be told as wrong."""
    case, spoken = _to_spoil(speech), speech.clip.words
    now = (*range(first), *range(middle, end), *range(first, middle), *range(end, len(spoken)))
    return replace(
        case,
        texts=tuple(case.texts[i] for i in now),
        spoken=tuple(spoken[i] for i in now),
        unclear=frozenset(range(first, end)),
        words=((first, first + end - middle), (first + end - middle, end)),
        stretches=(
            (spoken[first].start_s, spoken[middle - 1].end_s),
            (spoken[middle].start_s, spoken[end - 1].end_s),
        ),
    )


def read_twice(speech: Speech, first: int, end: int) -> Case:
    """Say words twice, the second time right after the first: either may be told as lacking."""
    case, spoken = _to_spoil(speech), speech.clip.words
    start_s, end_s = speech.border_s(first), speech.border_s(end)
    longer_s = end_s - start_s
    samples = speech.clip.samples
    start, stop = round(start_s * RATE_HZ), round(end_s * RATE_HZ)
    once = (spoken[first].start_s, spoken[end - 1].end_s)
    return replace(
        case,
        samples=spliced(samples[:stop], samples[start:stop], samples[stop:]),
        spoken=(*spoken[:end], *(_moved(word, longer_s) for word in spoken[end:])),
        unclear=frozenset(range(first, end)),
        stretches=(once, (once[0] + longer_s, once[1] + longer_s)),
    )


def skip(speech: Speech, first: int, end: int) -> Case:
    """Cut words out of the sound."""
    case, spoken = _to_spoil(speech), speech.clip.words
    start_s = 0.0 if first == 0 else speech.border_s(first)
    end_s = speech.clip.duration_s if end == len(spoken) else speech.border_s(end)
    samples = speech.clip.samples
    after = (_moved(word, start_s - end_s) for word in spoken[end:])
    return replace(
        case,
        samples=spliced(samples[: round(start_s * RATE_HZ)], samples[round(end_s * RATE_HZ) :]),
        spoken=(*spoken[:first], *(None for _ in spoken[first:end]), *after),
        words=((first, end),),
    )


def speak_before(speech: Speech, other: Speech) -> Case:
    """Let other speech go before what the transcript holds."""
    case, lead_in = _to_spoil(speech), other.clip
    return replace(
        case,
        samples=spliced(lead_in.samples, speech.clip.samples),
        spoken=tuple(_moved(word, lead_in.duration_s) for word in speech.clip.words),
        stretches=((lead_in.words[0].start_s, lead_in.words[-1].end_s),),
    )


def speak_after(speech: Speech, other: Speech) -> Case:
    """Let other speech follow what the transcript holds."""
    case, offset_s = _to_spoil(speech), speech.clip.duration_s
    first, last = other.clip.words[0], other.clip.words[-1]
    return replace(
        case,
        samples=spliced(speech.clip.samples, other.clip.samples),
        stretches=((first.start_s + offset_s, last.end_s + offset_s),),
    )


def write_all_anew(speech: Speech, texts: Sequence[str]) -> Case:
    """Give a recording the transcript of something else."""
    nothing: tuple[None, ...] = (None,) * len(texts)
    case = replace(_to_spoil(speech), texts=tuple(texts), spoken=nothing)
    return replace(case, verdicts=(WRONG_TRANSCRIPT,))


def sound_instead(speech: Speech, samples: np.ndarray) -> Case:
    """Put other sound, in which nobody speaks, under a transcript."""
    case = replace(_to_spoil(speech), samples=samples, spoken=(None,) * len(speech.texts))
    return replace(case, verdicts=(WRONG_TRANSCRIPT,))


def spliced(*parts: np.ndarray) -> np.ndarray:
    """Put sound one after the other, faded where it was cut, float32."""
    return np.concatenate([_faded(part) for part in parts if len(part)])


def _faded(samples: np.ndarray) -> np.ndarray:
    length = min(round(_FADE_S * RATE_HZ), len(samples) // 2)
    fade = np.ones(len(samples), dtype=np.float32)
    fade[:length] = np.linspace(0, 1, length)
    fade[len(fade) - length :] = np.linspace(1, 0, length)
    return samples * fade


def _moved(word: TrueWord, by_s: float) -> TrueWord:
    return TrueWord(word.text, word.start_s + by_s, word.end_s + by_s)
