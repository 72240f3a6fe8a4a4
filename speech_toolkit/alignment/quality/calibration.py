"""What was measured on planted faults: from evidence to probabilities, and where verdicts part.

All evidence is in the unit of the recording, see ``evidence`` and ``surroundings``. The weights of
disagreements are in ``disagreement_weights.json``, which ``tools/training/calibrate_quality.py``
writes: logistic regressions on faults planted, as ``benchmarks/disagreement.py`` plants them, in
synthesised speech of voices, sentences and noise that ``samples/`` does not have, heard by the
bundled model and by its spiky twin. The weights of words and the limits of the verdict were fitted
on the same speech, and rounded or moved by hand between what suits the one and the other.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from speech_toolkit.alignment.quality.evidence import WordEvidence
from speech_toolkit.alignment.quality.surroundings import PASSED, SKIPPED

WEIGHTS_FILE = Path(__file__).with_name("disagreement_weights.json")

# A recording whose words cost this, the typical one and all together, holds another text.
WRONG_TYPICAL, WRONG_OVERALL = 0.33, 0.42
# ... unless leaving out some of them leaves so large a share, and at so little.
KEPT_SHARE, WRONG_KEPT = 0.2, 0.31
# A recording in which the model would write so few labels for each of the transcript's is silent.
SILENT_SHARE = 0.15
# Of words of a transcript that is told as wrong so many are spoken where they are put, at most.
RIGHT_OF_WRONG = 0.05
# From this probability on a disagreement is told. Most recordings are right: alarms are dear.
TOLD = 0.8

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


def is_heard(length_s: float, heard: int) -> bool:
    """Return whether a stretch may hold speech.

    Args:
        length_s: of it.
        heard: labels that the model would write for it.
    """
    return length_s >= _FEWEST_PASSED_S and heard >= _FEWEST_HEARD


def skipped_confidence(surroundings: np.ndarray) -> float:
    """Return the probability that words without which a recording fits better were not spoken.

    Args:
        surroundings: of them, as named in ``SKIPPED``.
    """
    bias, weights = _weights()["skipped"]
    return float(_logistic(bias + surroundings @ weights))


def passed_confidence(surroundings: np.ndarray) -> float:
    """Return the probability that speech is lacking where a recording fits better without words.

    Args:
        surroundings: of what is passed over, as named in ``PASSED``.
    """
    bias, weights = _weights()["passed"]
    return float(_logistic(bias + surroundings @ weights))


@cache
def _weights() -> dict[str, tuple[float, np.ndarray]]:
    """Read the bias and the weights of both questions."""
    told = json.loads(WEIGHTS_FILE.read_text("utf-8"))
    return {
        question: (told[question]["bias"], np.array([told[question][name] for name in names]))
        for question, names in (("skipped", SKIPPED), ("passed", PASSED))
    }


def _logistic(logits: np.ndarray | float) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
