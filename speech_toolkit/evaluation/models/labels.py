"""Best labels of frames, what they spell, and how far ahead they are.

Letters: T frames of a recording, V labels.
"""

from collections.abc import Sequence

import numpy as np

_DIGITS = 5


def best_labels(log_probs_TV: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best label of each frame and its lead over the second best, both of shape (T,)."""
    best_T2 = np.partition(log_probs_TV, -2, axis=1)[:, -2:]
    return log_probs_TV.argmax(axis=1), best_T2[:, 1] - best_T2[:, 0]


def leads_of(log_probs_TV: np.ndarray, labels: Sequence[int]) -> list[float]:
    """Return how far ahead each frame's given label is of the best other one, in nats."""
    labels_T1 = np.asarray(labels)[:, None]
    given_T = np.take_along_axis(log_probs_TV, labels_T1, axis=1)[:, 0]
    others_TV = log_probs_TV.copy()
    np.put_along_axis(others_TV, labels_T1, -np.inf, axis=1)
    return list(rounded_leads((given_T - others_TV.max(axis=1)).tolist()))


def spelt_labels(labels_T: np.ndarray, blank: int) -> np.ndarray:
    """Return the labels that a path spells: repeats taken together, blanks left out."""
    spelt = labels_T[np.diff(labels_T, prepend=-1) != 0]
    return spelt[spelt != blank]


def rounded_leads(leads: Sequence[float]) -> tuple[float, ...]:
    """Return leads with the digits that reports keep of them."""
    return tuple(round(lead, _DIGITS) for lead in leads)
