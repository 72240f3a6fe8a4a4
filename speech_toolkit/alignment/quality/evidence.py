"""A path and what the model heard -> how much each frame and each word falls short of it.

A frame's deficit is the log-probability of the best label there less that of the path: 0 where the
model would have written the same. Deficits of models differ by an order of magnitude; so all of
them are counted in a unit that is measured on the recording itself: what a letter falls short by
where words are put that nobody claims to be there. Right words then have about 0.1, wrong ones
about 1, whatever the model, its temperature, or the noise.

Dimensions: T frames, V columns, L labels, N tokens, W words.
"""

from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.letter_runs import label_runs
from speech_toolkit.alignment.quality.local_scores import local_scores
from speech_toolkit.alignment.text.labels import WILDCARD, LabelSequence

_PROBED_WORDS = 32
_DECOYS = 4
_FEWEST_DISTINCT = 8
_SMALLEST_UNIT = 1e-3
_BLOCK_FRAMES = 1 << 16


@dataclass(frozen=True)
class Units:
    """The words that have labels, with theirs; W' of them. Wildcards belong to none.

    Attributes:
        words: int64 (W',), index of each in the transcript.
        targets: int64 (L',), columns of the labels, word separators among them.
        firsts: int64 (W',), first label of each word; a separator belongs to the word behind it.
        starts: int64 (L',), first frame of each label's run.
        ends: int64 (L',), frame after its last.
        free_nodes: bool (W' + 1,), where a wildcard was asked for before a word, or at the end.
        wildcards: int64 (?, 3), first frame, end frame and node of each wildcard's run.
    """

    words: np.ndarray
    targets: np.ndarray
    firsts: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    free_nodes: np.ndarray
    wildcards: np.ndarray

    @property
    def borders(self) -> np.ndarray:
        """First label of each word, and the number of labels: int64 (W' + 1,)."""
        return np.append(self.firsts, len(self.targets))

    @property
    def word_starts(self) -> np.ndarray:
        """First frame of each word: int64 (W',)."""
        return self.starts[self.firsts]

    @property
    def word_ends(self) -> np.ndarray:
        """Frame after the last of each word: int64 (W',)."""
        return self.ends[self.borders[1:] - 1]

    def was_asked_for(self, frames: tuple[int, int]) -> bool:
        """Whether wildcards took up half of a stretch or more."""
        starts, ends, _ = self.wildcards.T
        shared = np.minimum(ends, frames[1]) - np.maximum(starts, frames[0])
        return bool(2 * np.maximum(shared, 0).sum() >= frames[1] - frames[0])


def units_of(path: np.ndarray, labels: LabelSequence, blank: int) -> Units:
    """Part the labels of a path among their words.

    Args:
        path: int32 (T,), the label emitted at each frame.
        labels: what was aligned.
        blank: the blank's column.
    """
    starts, ends = label_runs(path, blank)
    wild = labels.owners == WILDCARD
    is_token = labels.owners >= 0
    # A separator's word is that of the next token.
    next_token = np.minimum(np.cumsum(is_token) - is_token, len(labels.words) - 1)
    owners = labels.words[next_token][~wild]
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    nodes = np.searchsorted(firsts, (np.cumsum(~wild))[wild])
    free = np.zeros(len(firsts) + 1, dtype=bool)
    free[nodes] = True
    return Units(
        words=owners[firsts].astype(np.int64),
        targets=labels.targets[~wild].astype(np.int64),
        firsts=firsts,
        starts=starts[~wild],
        ends=ends[~wild],
        free_nodes=free,
        wildcards=np.stack([starts[wild], ends[wild], nodes], axis=1),
    )


def frame_deficits(log_probs: np.ndarray, scores: np.ndarray, columns: int) -> np.ndarray:
    """Return by how much the path falls short of the best column in each frame, float32 (T,).

    Args:
        log_probs: float32 (T, V).
        scores: float32 (T,), of the path.
        columns: the first so many are the model's own.
    """
    deficits = np.empty(len(log_probs), dtype=np.float32)
    for start in range(0, len(log_probs), _BLOCK_FRAMES):
        part = slice(start, start + _BLOCK_FRAMES)
        deficits[part] = log_probs[part, :columns].max(axis=1) - scores[part]
    return np.maximum(deficits, 0.0, out=deficits)


def best_columns(log_probs: np.ndarray, columns: int) -> np.ndarray:
    """Return the best column of each frame, int64 (T,).

    Args:
        log_probs: float32 (T, V).
        columns: the first so many are the model's own.
    """
    best = np.empty(len(log_probs), dtype=np.int64)
    for start in range(0, len(log_probs), _BLOCK_FRAMES):
        part = slice(start, start + _BLOCK_FRAMES)
        best[part] = log_probs[part, :columns].argmax(axis=1)
    return best


@dataclass(frozen=True)
class Probe:
    """What other words would have cost in the places of some words.

    Attributes:
        unit: the median deficit of their letters, above 0.
        own: what the words' own letters cost there, in that unit: the median.
    """

    unit: float
    own: float


def probe(
    log_probs: np.ndarray, units: Units, blank: int, vocabulary: np.ndarray, columns: int
) -> Probe:
    """Put made-up words in the places of some of the words, spread over the recording.

    Args:
        log_probs: float32 (T, V).
        units: the words and their places.
        blank: the blank's column.
        vocabulary: columns of all letters.
        columns: the first so many are the model's own.
    """
    borders = units.borders
    chosen = np.unique(np.linspace(0, len(units.words) - 1, _PROBED_WORDS).round().astype(int))
    pool = np.unique(units.targets)
    if len(pool) < _FEWEST_DISTINCT:
        pool = vocabulary
    dice = np.random.default_rng(len(units.targets))
    lefts = np.append(0, units.ends)[borders[chosen]]
    rights = np.append(units.starts, len(log_probs))[borders[chosen + 1]]
    own = [units.targets[borders[word] : borders[word + 1]] for word in chosen]
    rows = np.concatenate([np.arange(*pair) for pair in zip(lefts, rights, strict=True)])
    near = log_probs[rows, :columns]
    near -= near.max(axis=1, keepdims=True)
    offsets = np.concatenate(([0], np.cumsum(rights - lefts)))
    targets = [
        each
        for letters in own
        for each in (letters, *(_decoy(dice, pool, len(letters)) for _ in range(_DECOYS)))
    ]
    tries = 1 + _DECOYS
    starts, stops = np.repeat(offsets[:-1], tries), np.repeat(offsets[1:], tries)
    costs = -local_scores(near, blank, starts, stops, targets).reshape(-1, tries)
    costs /= np.array([len(letters) for letters in own])[:, None]
    unit = max(float(np.median(costs[:, 1:])), _SMALLEST_UNIT)
    return Probe(unit, float(np.median(costs[:, 0])) / unit)


def _decoy(dice: np.random.Generator, pool: np.ndarray, length: int) -> np.ndarray:
    """Return letters of which no two neighbours are the same."""
    steps = dice.integers(1, max(2, len(pool)), length)
    return pool[np.cumsum(steps) % len(pool)]


@dataclass(frozen=True)
class WordEvidence:
    """What is known of the words of a recording; each array is float64 (W',).

    Attributes:
        shortfalls: what their letters fall short by, the mean.
        inner: what the blanks between their letters fall short by, for each letter.
        paces: frames for each letter over the median, the logarithm.
        overall: what a letter of the recording falls short by.
        usual: what a frame of a word falls short by, the median.
        filled: share of a word's frames that hold a label, the median: low where labels are spikes.
        own: of :class:`Probe`.
    """

    shortfalls: np.ndarray
    inner: np.ndarray
    paces: np.ndarray
    overall: float
    usual: float
    filled: float
    own: float


def word_evidence(deficits: np.ndarray, units: Units, own_cost: float) -> WordEvidence:
    """Measure every word.

    Args:
        deficits: float (T,), of the path in units, 0 where a wildcard took it up.
        units: the words and their places.
        own_cost: ``own`` of :class:`Probe`.
    """
    sums = np.concatenate(([0.0], np.cumsum(deficits, dtype=np.float64)))
    counts = np.diff(units.borders)
    own = sums[units.ends] - sums[units.starts]
    lengths = units.ends - units.starts
    starts, ends = units.word_starts, units.word_ends
    paces = (ends - starts) / counts
    return WordEvidence(
        shortfalls=np.add.reduceat(own / lengths, units.firsts) / counts,
        inner=(sums[ends] - sums[starts] - np.add.reduceat(own, units.firsts)) / counts,
        paces=np.log(paces / np.median(paces)),
        overall=float(sums[-1]) / len(units.targets),
        usual=float(np.median((sums[ends] - sums[starts]) / (ends - starts))),
        filled=float(np.median(np.add.reduceat(lengths, units.firsts) / (ends - starts))),
        own=own_cost,
    )
