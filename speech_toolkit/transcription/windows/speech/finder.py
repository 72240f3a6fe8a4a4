"""Finds speech in samples that come block by block, or all at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from speech_toolkit.transcription.windows.speech.bands import BandLevels, Levels, hop_of
from speech_toolkit.transcription.windows.speech.detector import SpeechDetector
from speech_toolkit.transcription.windows.speech.energy_rules import EnergyRules
from speech_toolkit.transcription.windows.speech.regions import RegionJoiner, SpeechRegion
from speech_toolkit.transcription.windows.speech.veto import Veto


class SpeechFinder:
    """Finds speech in a recording that is read block by block.

    A region is given once nothing that follows can change it: some 40 s after its end, or where a
    dip in long speech ends it. The regions do not depend on how the samples are split, and what is
    kept does not grow with the recording.

    Args:
        sample_rate_hz: of the samples.
        by_energy_alone: whether the detector is not asked.
    """

    def __init__(self, sample_rate_hz: int, *, by_energy_alone: bool = False) -> None:
        self._hop_samples = hop_of(sample_rate_hz)
        self._levels = BandLevels(sample_rate_hz)
        self._rules = EnergyRules()
        self._detector = None if by_energy_alone else SpeechDetector()
        self._veto = Veto()
        self._log_odds = np.empty(0, np.float32)  # of frames that the rules have not judged yet
        self._joiner = RegionJoiner(self._hop_samples)
        self._num_samples = 0

    def add(self, samples: np.ndarray) -> list[SpeechRegion]:
        """Hear the next block.

        Args:
            samples: float32 (N,), mono, full scale is 1.

        Returns:
            The regions that are final now, in order; in sample numbers of the whole recording.
        """
        self._num_samples += len(samples)
        return self._heard(self._levels.add(samples))

    @property
    def open_region(self) -> SpeechRegion | None:
        """The region that follows, where it has begun: it is at least as long as that."""
        return self._joiner.open_region

    @property
    def settled_sample(self) -> int:
        """Where none is open, the next region begins no earlier."""
        return self._joiner.settled_sample

    def finish(self) -> list[SpeechRegion]:
        """Return the regions that were not final before the end of the recording."""
        regions = self._heard(self._levels.finish())
        excess_db = self._rules.finish()
        if self._detector:
            self._log_odds = np.concatenate([self._log_odds, self._detector.finish()])
            excess_db = np.concatenate([self._believed(excess_db), self._veto.finish()])
        regions += self._joiner.add(excess_db)
        regions += self._joiner.finish(self._num_samples)
        return regions

    def _heard(self, blocks: Iterable[Levels]) -> list[SpeechRegion]:
        """Return the regions that are final with the levels of more frames."""
        regions = []
        for levels in blocks:
            excess_db = self._rules.add(levels.broad)
            if self._detector:
                log_odds = self._detector.add(levels.fine)
                self._log_odds = np.concatenate([self._log_odds, log_odds])
                excess_db = self._believed(excess_db)
            regions += self._joiner.add(excess_db)
        return regions

    def _believed(self, excess_db: np.ndarray) -> np.ndarray:
        """Return what the veto leaves, (T,), with more frames that the rules have judged."""
        now, self._log_odds = np.split(self._log_odds, [len(excess_db)])
        return self._veto.add(excess_db, now)


def find_speech(samples: np.ndarray, sample_rate_hz: int) -> tuple[SpeechRegion, ...]:
    """Find speech in a recording of any length and level.

    Args:
        samples: float32 (N,), N > 0, mono, full scale is 1.
        sample_rate_hz: of ``samples``.

    Returns:
        Regions in order; none where nothing is heard, or nothing but steady sounds.
    """
    finder = SpeechFinder(sample_rate_hz)
    return (*finder.add(samples), *finder.finish())
