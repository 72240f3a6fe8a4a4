"""What becomes of the detector's log-odds: the veto in torch, so that it can be learnt for.

Dimensions: N mixtures, M moments of ``FRAMES_PER_MOMENT`` frames. Marks are 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from speech_toolkit.transcription.windows.speech.bands import HOP_S
from speech_toolkit.transcription.windows.speech.detector import FRAMES_PER_MOMENT
from speech_toolkit.transcription.windows.speech.veto import (
    LEAST_LOG_ODDS,
    MOST_LOG_ODDS,
    NEAR_FRAMES,
    PRIOR_FRAMES,
    WEIGHED_FRAMES,
)

_WEIGHED, _NEAR, _PRIOR = (
    frames // FRAMES_PER_MOMENT for frames in (WEIGHED_FRAMES, NEAR_FRAMES, PRIOR_FRAMES)
)
_MOMENTS_A_SECOND = 1 / (FRAMES_PER_MOMENT * HOP_S)
_LEAST_SPEECH = round(2 * _MOMENTS_A_SECOND)  # within what is weighed, to be asked for
_LEAST_OTHER = round(3 * _MOMENTS_A_SECOND)  # likewise, of other sounds
_MARGIN = 1.0  # of log-odds, by which a decision should be right
_SHARPNESS = 2.0
_MISSED_WEIGHT = 2.0  # of speech that is taken out, against other sounds that stay


@dataclass(frozen=True)
class Decisions:
    """What the veto says of each moment.

    Attributes:
        mean: weighed log-odds around it, (N, M).
        highest: of these, near it, (N, M); it stays where that is above ``LEAST_LOG_ODDS``.
        is_wanted: bool (N, M), where speech is that should stay.
        is_other: bool (N, M), where everything around is other sounds, which should not.
    """

    mean: torch.Tensor
    highest: torch.Tensor
    is_wanted: torch.Tensor
    is_other: torch.Tensor

    @classmethod
    def of(
        cls, odds: torch.Tensor, spoken: torch.Tensor, asked: torch.Tensor, stands_out: torch.Tensor
    ) -> Decisions:
        """Weigh log-odds, (N, M), as the veto does, where frames stand out."""
        weighed = odds.clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS) * stands_out
        count = _sums(stands_out)
        mean = (_sums(weighed) + _PRIOR * MOST_LOG_ODDS) / (count + _PRIOR)
        judged = torch.where(stands_out > 0, mean, -2 * MOST_LOG_ODDS)
        highest = functional.max_pool1d(judged, 2 * _NEAR + 1, stride=1, padding=_NEAR)
        speech = spoken * asked * stands_out
        return cls(
            mean=mean,
            highest=highest,
            is_wanted=(speech > 0) & (_sums(speech) >= _LEAST_SPEECH),
            is_other=(stands_out > 0) & (_sums(spoken) == 0) & (count >= _LEAST_OTHER),
        )

    def loss(self) -> torch.Tensor:
        """Return how far decisions are from being right by a margin, ()."""
        missed = LEAST_LOG_ODDS + _MARGIN - self.highest[self.is_wanted]
        kept = self.mean[self.is_other] - LEAST_LOG_ODDS + _MARGIN
        return _MISSED_WEIGHT * _mean_loss(missed) + _mean_loss(kept)


def _mean_loss(wrong_by: torch.Tensor) -> torch.Tensor:
    return functional.softplus(_SHARPNESS * wrong_by).sum() / max(len(wrong_by), 1)


def _sums(moments: torch.Tensor) -> torch.Tensor:
    """Return sums over what is weighed around each moment, (N, M)."""
    totals = functional.pad(torch.cumsum(moments, dim=1), (_WEIGHED + 1, 0))
    last = totals[:, -1:].expand(-1, _WEIGHED)
    totals = torch.cat([totals, last], dim=1)
    return totals[:, 2 * _WEIGHED + 1 :] - totals[:, : -2 * _WEIGHED - 1]
