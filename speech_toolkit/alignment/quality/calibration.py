"""What was measured on planted faults: from evidence to probabilities, and where verdicts part.

All evidence is in the unit of the recording, see ``evidence``.
"""

import numpy as np

# A recording whose words cost this, the typical one and all together, holds another text.
WRONG_TYPICAL, WRONG_OVERALL = 0.33, 0.42
# A recording in which the model would write so few labels for each of the transcript's is silent.
SILENT_SHARE = 0.15

_WORD = (6.0, 22.0)
_SKIPPED = (-2.0, 2.0)
_PASSED = (-4.4, 2.0)
_FEWEST_PASSED_S = 0.1
_FEWEST_HEARD = 2


def word_confidence(shortfalls: np.ndarray) -> np.ndarray:
    """Return the probability that words are spoken where they are put.

    Args:
        shortfalls: float (W',), what their letters fall short by, the mean.
    """
    return _logistic(_WORD[0] - _WORD[1] * shortfalls)


def skipped_confidence(gain: float) -> float:
    """Return the probability that words without which a recording fits better were not spoken."""
    return float(_logistic(_SKIPPED[0] + _SKIPPED[1] * gain))


def passed_confidence(gain: float, length_s: float, heard: int) -> float:
    """Return the probability that speech is lacking where a recording fits better without words.

    Args:
        gain: by how much it fits better.
        length_s: of what is passed over.
        heard: labels that the model would write for it.
    """
    if length_s < _FEWEST_PASSED_S or heard < _FEWEST_HEARD:
        return 0.0
    return float(_logistic(_PASSED[0] + _PASSED[1] * gain))


def _logistic(logits: np.ndarray | float) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
