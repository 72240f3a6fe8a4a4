"""What was measured on planted faults: from evidence to probabilities, and where verdicts part.

All evidence is in the unit of the recording, see ``evidence``. The weights follow logistic
regressions on faults planted, as ``benchmarks/disagreement.py`` plants them, in synthesised speech
of voices, sentences and noise that ``samples/`` does not have, heard by the bundled model and by
its spiky twin, and were rounded or moved by hand between what suits the one and the other.
"""

import numpy as np

from speech_toolkit.alignment.quality.evidence import WordEvidence

# A recording whose words cost this, the typical one and all together, holds another text.
WRONG_TYPICAL, WRONG_OVERALL = 0.33, 0.42
# ... unless leaving out some of them leaves so large a share, and at so little.
KEPT_SHARE, WRONG_KEPT = 0.2, 0.31
# A recording in which the model would write so few labels for each of the transcript's is silent.
SILENT_SHARE = 0.15
# Of words of a transcript that is told as wrong so many are spoken where they are put, at most.
RIGHT_OF_WRONG = 0.05
# From this probability on a disagreement is told. Most recordings are right: alarms are dear.
TOLD = 0.75

# Words that fall short by less are not told as replaced by what is said in their place.
REPLACED_SHORTFALL = 0.15

_USUAL_OWN = 0.05
_FEW_LABELS = 4
_FEWEST_PASSED_S = 0.1
_FEWEST_HEARD = 2


def word_confidences(evidence: WordEvidence) -> np.ndarray:
    """Return the probability that each word is spoken where it is put, float64 (W',)."""
    padded = np.pad(evidence.shortfalls, 1, mode="edge")
    around = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return _logistic(
        8.9
        - 3.7 * np.minimum(evidence.shortfalls, 1.5)
        - 5.2 * np.minimum(evidence.inner, 2.0)
        - 2.8 * np.maximum(-evidence.paces, 0.0)
        - 0.9 * np.clip(evidence.paces, 0.0, 3.0)
        - 10.0 * min(evidence.overall, 1.5)
        - 10.0 * np.minimum(around, 1.5)
    )


def weight_of_gain(own: float) -> float:
    """Return how much more a gain says where right words cost nearly nothing.

    Args:
        own: what a word of the recording costs, the median.
    """
    return float(np.clip(np.sqrt(_USUAL_OWN / max(own, 1e-6)), 1.0, 2.0))


def is_heard(length_s: float, heard: int) -> bool:
    """Return whether a stretch may hold speech.

    Args:
        length_s: of it.
        heard: labels that the model would write for it.
    """
    return length_s >= _FEWEST_PASSED_S and heard >= _FEWEST_HEARD


def skipped_confidence(
    gain: float, labels: int, shortfall: float, pace: float, filled: float
) -> float:
    """Return the probability that words without which a recording fits better were not spoken.

    Args:
        gain: by how much it fits better.
        labels: how many it does without.
        shortfall: what they fall short by where the path puts them, the mean.
        pace: of them on the path, see :class:`WordEvidence`.
        filled: of the recording, see :class:`WordEvidence`.
    """
    spikes = 1.0 - filled
    logit = -3.7 + 0.33 * gain + 0.8 * np.log1p(labels) + 1.6 * shortfall - 2.6 * pace
    return float(_logistic(logit - 3.5 * spikes - 1.0 * (labels < _FEW_LABELS)))


def passed_confidence(gain: float, length_s: float, heard: int) -> float:
    """Return the probability that speech is lacking where a recording fits better without words.

    Args:
        gain: by how much it fits better.
        length_s: of what is passed over.
        heard: labels that the model would write for it.
    """
    if not is_heard(length_s, heard):
        return 0.0
    return float(_logistic(-4.8 + 0.9 * gain - 0.9 * np.log(length_s)))


def _logistic(logits: np.ndarray | float) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
