"""A batch that is refilled: a window that is finished leaves, and the next one takes its place.

So a window whose text runs on for hundreds of tokens holds up no other, and a second try at another
temperature is a window like any.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import torch

from speech_toolkit.transcription.decoded import (
    DecodedWindow,
    DecodingOptions,
    EncodedWindows,
    gathered,
)
from speech_toolkit.transcription.decoding.batch_state import Generated, Start, StepMode
from speech_toolkit.transcription.decoding.step import DecodeLoop
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint

if TYPE_CHECKING:
    from speech_toolkit.transcription.stage_clock import StageClock

_STEPS_BETWEEN_LOOKS = 8  # looking means waiting for a card; a CPU is never ahead of itself
_READ_TOGETHER = 16  # prompts: the speech of each is in memory twice meanwhile
_REFILLED_SHARE = 1 / 8  # of the slots of a card: reading a few prompts takes as long as one


@dataclass(frozen=True, eq=False)
class DecodingJob:
    """A window that is to be written.

    Attributes:
        encoded: the batch in which it was encoded.
        row: which of its windows.
        prompt: tokens before the text, the start of the transcript among them.
        options: how tokens are generated.
    """

    encoded: EncodedWindows
    row: int
    prompt: Sequence[int]
    options: DecodingOptions


@dataclass
class _Row:
    """A job under way.

    Attributes:
        job: what is asked for.
        position: of its last token.
        last_position: at which it has as many tokens as it may have.
    """

    job: DecodingJob
    position: int
    last_position: int


class RefilledBatch:
    """Windows that are written at once.

    Args:
        loop: the decoder, which writes nothing else meanwhile.
        slots: the most windows at once.
        is_card: whether work is queued on the device, and looking at results means waiting.
        text: from tokens to text.
        redo: writes a window in float32; returns None where that would be nothing new.
        draws: makes the numbers (P,) that the tokens of a job are drawn with.
        at_work: what the model is asked in.
        clock: seconds per stage.

    Attributes:
        slots: likewise.
        jobs: under way.
    """

    def __init__(
        self,
        loop: DecodeLoop,
        slots: int,
        checkpoint: WhisperCheckpoint,
        *,
        is_card: bool,
        text: Callable[[Sequence[int]], str],
        redo: Callable[[DecodingJob], DecodedWindow | None],
        draws: Callable[[DecodingJob], torch.Tensor],
        at_work: Callable[[], AbstractContextManager[None]],
        clock: StageClock,
    ) -> None:
        self._loop = loop
        self.slots = slots
        self._checkpoint = checkpoint
        self._text = text
        self._redo = redo
        self._draws = draws
        self._at_work = at_work
        self._clock = clock
        self._is_card = is_card
        self._least_refill = max(1, round(slots * _REFILLED_SHARE)) if is_card else 1
        self._rows: list[_Row | None] = []
        with at_work():
            loop.reserve(slots)
        self._lease = loop.lease

    @property
    def jobs(self) -> list[DecodingJob]:
        """Windows under way."""
        return [row.job for row in self._rows if row]

    @property
    def room(self) -> int:
        """How many windows may be admitted now."""
        under_way = len(self.jobs)
        free = self.slots - under_way
        return free if not under_way or free >= self._least_refill else 0

    @property
    def is_lost(self) -> bool:
        """Whether its memory went to another batch, or back where there was none left."""
        return self._loop.lease != self._lease

    def admit(self, jobs: Iterable[DecodingJob]) -> None:
        """Begin with windows, at most as many as there is room for.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
        """
        with self._at_work(), self._clock.stage("prompt"):
            waiting = list(jobs)
            for first in range(0, len(waiting), _READ_TOGETHER):
                self._begin(waiting[first : first + _READ_TOGETHER])

    def launch(self) -> None:
        """Take some steps with all windows; on a card they are queued, not waited for.

        A CPU goes on until one of them has come to its end.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
        """
        with self._at_work(), self._clock.stage("tokens"):
            self._close_ranks()
            self._step()
            while not self._is_card and not any(self._are_done()):
                self._step()

    def drop(self, jobs: Iterable[DecodingJob]) -> None:
        """Take out windows for which nobody waits any more."""
        dropped = set(jobs)
        self._rows = [row if row and row.job not in dropped else None for row in self._rows]

    def harvest(self) -> list[tuple[DecodingJob, DecodedWindow]]:
        """Take out the windows that have come to their end, with what was written in them.

        Raises:
            DeviceError: an operator failed on the card.
        """
        with self._at_work(), self._clock.stage("tokens"):
            done = [slot for slot, is_done in enumerate(self._are_done()) if is_done]
            if not done:
                return []
            generated = self._loop.generated(done)
            rows = [self._rows[slot] for slot in done]
            written = [self._decoded(row, generated, index) for index, row in enumerate(rows)]
        for slot in done:
            self._rows[slot] = None
        found = zip(rows, written, generated.is_sound_B.tolist(), strict=True)
        with self._at_work():
            return [self._exact(row.job, decoded, is_sound) for row, decoded, is_sound in found]

    def _begin(self, jobs: Sequence[DecodingJob]) -> None:
        """Begin with windows whose prompts are read at once."""
        encoded = gathered([(job.encoded, job.row) for job in jobs])
        starts = [self._start(job) for job in jobs]
        slots = self._free_slots(len(jobs))
        speech = self._loop.speech(encoded.states_BFE)
        self._loop.begin(slots, starts, speech, self._mode(jobs))
        for slot, job in zip(slots, jobs, strict=True):
            last = len(job.prompt) - 1
            room = self._checkpoint.max_positions - 1 - last
            limit = job.options.max_new_tokens
            self._rows[slot] = _Row(job, last + 1, last + min(room, limit or room))

    def _start(self, job: DecodingJob) -> Start:
        temperature = job.options.temperature
        return Start(job.prompt, temperature, self._draws(job) if temperature else None)

    def _step(self) -> None:
        """Take the steps between two looks; no window goes beyond the decoder's last position."""
        rows = [row for row in self._rows if row]
        positions = [row.position for row in rows]
        count = min(
            _STEPS_BETWEEN_LOOKS if self._is_card else 1,
            max(row.last_position - row.position for row in rows),
            self._checkpoint.max_positions - 1 - max(positions),
        )
        self._loop.steps(count, len(rows), positions, self._mode(self.jobs))
        for row in rows:
            row.position += count

    def _are_done(self) -> list[bool]:
        """Tell of each slot whether its window has come to its end."""
        finished = self._loop.finished(len(self._rows))
        return [
            row is not None and (finished[slot] or row.position >= row.last_position)
            for slot, row in enumerate(self._rows)
        ]

    def _free_slots(self, count: int) -> list[int]:
        free = [slot for slot, row in enumerate(self._rows) if row is None][:count]
        while len(free) < count:
            free.append(len(self._rows))
            self._rows.append(None)
        return free

    def _close_ranks(self) -> None:
        """Let the last windows go on in the slots that are free before them."""
        for slot in range(len(self._rows)):
            while self._rows and self._rows[-1] is None:
                self._rows.pop()
            if slot < len(self._rows) and self._rows[slot] is None:
                self._loop.move(len(self._rows) - 1, slot)
                self._rows[slot] = self._rows.pop()

    def _exact(
        self, job: DecodingJob, decoded: DecodedWindow, is_sound: bool
    ) -> tuple[DecodingJob, DecodedWindow]:
        """Write a window again in which the model's own dtype overflowed."""
        if is_sound and isfinite(decoded.avg_logprob):
            return job, decoded
        return job, self._redo(job) or decoded

    def _decoded(self, row: _Row, generated: Generated, index: int) -> DecodedWindow:
        """Return what was written in a window."""
        options = row.job.options
        made = slice(len(row.job.prompt), min(row.position, row.last_position) + 1)
        tokens = generated.tokens_BP[index, made].tolist()
        eot_id = self._checkpoint.eot_id
        finished = eot_id in tokens
        count = tokens.index(eot_id) if finished else len(tokens)
        scored = generated.log_probs_BP[index, made][: count + finished].tolist()
        margins = generated.margins_BP[index, made][:count].tolist()
        no_speech_B = generated.no_speech_probs_B
        return DecodedWindow(
            tokens=tuple(tokens[:count]),
            log_probs=tuple(scored[:count]),
            avg_logprob=sum(scored) / (count + 1),
            no_speech_prob=None if no_speech_B is None else no_speech_B[index].item(),
            compression_ratio=compression_ratio(self._text(tokens[:count])),
            temperature=options.temperature,
            finished=finished,
            margins=tuple(margins) if options.record_margins else None,
        )

    @staticmethod
    def _mode(jobs: Sequence[DecodingJob]) -> StepMode:
        options = [job.options for job in jobs]
        return StepMode(
            timestamps=options[0].timestamps,
            sampled=any(each.temperature for each in options),
            margins=options[0].record_margins,
        )


def write_all(
    batch: RefilledBatch, jobs: Sequence[DecodingJob]
) -> dict[DecodingJob, DecodedWindow]:
    """Write windows that all fit into a batch."""
    written: dict[DecodingJob, DecodedWindow] = {}
    batch.admit(jobs)
    while batch.jobs:
        batch.launch()
        written.update(batch.harvest())
    return written


def compression_ratio(text: str) -> float:
    """Return the UTF-8 bytes of a text over their zlib size, 0 for none: high where it repeats."""
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded)) if encoded else 0.0
