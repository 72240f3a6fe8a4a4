"""Finds speech in samples that come block by block, or all at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from speech_toolkit.transcription.windows.speech.bands import BandLevels, hop_of
from speech_toolkit.transcription.windows.speech.energy_rules import EnergyRules
from speech_toolkit.transcription.windows.speech.regions import RegionJoiner, SpeechRegion


class SpeechFinder:
    """Finds speech in a recording that is read block by block.

    A region is given once nothing that follows can change it: some 20 s after its end, or where a
    dip in long speech ends it. The regions do not depend on how the samples are split, and what is
    kept does not grow with the recording.

    Args:
        sample_rate_hz: of the samples.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._hop_samples = hop_of(sample_rate_hz)
        self._levels = BandLevels(sample_rate_hz)
        self._rules = EnergyRules()
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
        regions += self._joiner.add(self._rules.finish())
        regions += self._joiner.finish(self._num_samples)
        return regions

    def _heard(self, levels: Iterable[np.ndarray]) -> list[SpeechRegion]:
        """Return the regions that are final with blocks of levels, each float32 (B, T)."""
        return [region for block in levels for region in self._joiner.add(self._rules.add(block))]


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
