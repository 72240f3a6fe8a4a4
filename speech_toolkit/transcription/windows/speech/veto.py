"""What stands out, and is most likely no speech for some seconds, is taken out again.

Dimensions: T frames.
"""

from __future__ import annotations

import numpy as np

from speech_toolkit.transcription.windows.speech.bands import HOP_S

WEIGHED_FRAMES = round(10 / HOP_S)  # on either side, whose log-odds are averaged
NEAR_FRAMES = round(6 / HOP_S)  # on either side of likely speech, where nothing is taken out
_REACH_FRAMES = WEIGHED_FRAMES + NEAR_FRAMES
MOST_LOG_ODDS = 4.0  # that a frame counts for or against
PRIOR_FRAMES = 100  # of likely speech, added to every average
LEAST_LOG_ODDS = -0.5
_LEAST_JUDGED_FRAMES = round(0.5 / HOP_S)  # in shorter recordings the network is not asked


class Veto:
    """Weighs what the detector says against what stands out, for frames that come block by block.

    Log-odds are averaged over the frames that stand out within 10 s, and over 2 s of likely speech
    that are added to them, so that less than 2.6 s of sound are never taken out: of a lone word the
    network knows too little. A frame is believed where that average is high enough anywhere within
    6 s: a network that is deaf to a sentence loses nothing beside others.
    """

    def __init__(self) -> None:
        self._excess_db = np.zeros(_REACH_FRAMES, np.float32)
        self._log_odds = np.zeros(_REACH_FRAMES, np.float32)
        self._num_frames = 0

    def add(self, excess_db: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
        """Hear the next frames.

        Args:
            excess_db: float32 (T,), how far they stand out; 0 outside of speech.
            log_odds: float32 (T,), of speech.

        Returns:
            How far the frames stand out that can be judged now, 0 where that is no speech.
        """
        self._num_frames += len(excess_db)
        return self._judged(excess_db, log_odds)

    def finish(self) -> np.ndarray:
        """Return the same of the frames that are left."""
        if self._num_frames < _LEAST_JUDGED_FRAMES:
            return self._excess_db[_REACH_FRAMES:]
        beyond = np.zeros(_REACH_FRAMES, np.float32)
        return self._judged(beyond, beyond)

    def _judged(self, excess_db: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
        excess_db = np.concatenate([self._excess_db, excess_db])
        log_odds = np.concatenate([self._log_odds, log_odds])
        num_frames = len(excess_db) - 2 * _REACH_FRAMES
        if num_frames <= 0:
            self._excess_db, self._log_odds = excess_db, log_odds
            return np.empty(0, np.float32)
        self._excess_db, self._log_odds = excess_db[num_frames:], log_odds[num_frames:]
        stands_out = excess_db > 0
        weighed = np.clip(log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS)
        total = _sums(np.where(stands_out, weighed, 0)) + PRIOR_FRAMES * MOST_LOG_ODDS
        mean = total / (_sums(stands_out) + PRIOR_FRAMES)
        inner = stands_out[WEIGHED_FRAMES : len(stands_out) - WEIGHED_FRAMES]
        near = np.lib.stride_tricks.sliding_window_view(
            np.where(inner, mean, -np.inf), 2 * NEAR_FRAMES + 1
        )
        is_believed = near.max(axis=-1) > LEAST_LOG_ODDS
        return np.where(is_believed, excess_db[_REACH_FRAMES:][:num_frames], 0)


def _sums(frames: np.ndarray) -> np.ndarray:
    """Return sums over what is weighed around each frame that has all of it, float64."""
    totals = np.cumsum(np.concatenate([[0], frames]), dtype=np.float64)
    return totals[2 * WEIGHED_FRAMES + 1 :] - totals[: -2 * WEIGHED_FRAMES - 1]
