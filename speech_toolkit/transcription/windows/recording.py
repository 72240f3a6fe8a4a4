"""A recording that is read while its windows are heard: what is known of it, in bounded memory.

It is read to some way behind the last window that was planned, and no farther. Who plans windows
waits for what is not known yet.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from speech_toolkit.errors import TimeLimitError
from speech_toolkit.outcomes import outcome_of
from speech_toolkit.transcription.windows.blocks import SampleBlocks
from speech_toolkit.transcription.windows.speech import SpeechRegion

_AHEAD_S = 120.0  # regions become known some 20 s after their end
_MARGIN_S = 1.0  # of a stretch without speech, kept at both of its ends
_LONGEST_FAREWELL_S = 2.0


@dataclass(frozen=True)
class ReadStretch:
    """What became known of a recording when its next samples were read.

    Attributes:
        samples: float32 (N,), those that follow the ones before; not written to any more.
        regions: of speech, final, that follow those before.
        open_region: the one that follows, where it has begun: it is at least as long as that.
        settled_sample: where nothing is open, the next region begins no earlier.
    """

    samples: np.ndarray
    regions: tuple[SpeechRegion, ...]
    open_region: SpeechRegion | None = None
    settled_sample: int = 0


class Recording:
    """What is known of a recording, and the thread that goes on reading it.

    Args:
        reading: yields what becomes known, to the end of the recording; is closed at the end.
        sample_rate_hz: of the samples.
        patience_s: seconds that the next block may keep those waiting who need it; None for no
            limit.

    Attributes:
        sample_rate_hz: likewise.
    """

    def __init__(
        self,
        reading: Generator[ReadStretch],
        sample_rate_hz: int,
        patience_s: float | None = None,
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._patience_s = patience_s
        self._reading = reading
        self._ahead = round(_AHEAD_S * sample_rate_hz)
        self._blocks = SampleBlocks()
        self._regions: list[SpeechRegion] = []
        self._open: SpeechRegion | None = None
        self._settled = 0
        self._planned = 0
        self._too_little = -1
        self._is_read = False
        self._is_closed = False
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()

    @property
    def is_read(self) -> bool:
        """Whether its end is known."""
        return self._is_read

    @property
    def read_samples(self) -> int:
        """How many samples were read so far, in the end those of the whole."""
        return self._blocks.end_sample

    @property
    def kept_samples(self) -> int:
        """How many samples are in memory."""
        with self._changed:
            return self._blocks.kept_samples

    def read_beginning(self) -> None:
        """Read, in this thread, as much as may lie ahead; all of a short recording.

        Raises:
            AudioError: the audio cannot be used.
        """
        while self.read_samples < self._ahead and self._read_more():
            pass

    def allow_ahead(self, num_samples: int) -> None:
        """Let the reader be as far ahead of the last planned window, if that is more than usual."""
        with self._changed:
            self._ahead = max(self._ahead, num_samples)
            self._changed.notify_all()

    def exceeds(self, num_samples: int) -> bool:
        """Tell whether it is longer than that, as soon as it is known.

        Raises:
            AudioError: the audio cannot be used.
        """
        with self._changed:
            while not self._is_read and self.read_samples <= num_samples:
                self._wait()
            return self.read_samples > num_samples

    def speech_from(self, from_sample: int, more_than: int) -> list[SpeechRegion]:
        """Return what is left of the next regions, as soon as it is known.

        Args:
            from_sample: where the speech may begin.
            more_than: how many samples suffice, unless the recording ends before.

        Returns:
            The last one may be longer than it is here, where there are more than that.

        Raises:
            AudioError: the audio cannot be used.
        """
        with self._changed:
            self._planned = max(self._planned, from_sample)
            self._changed.notify_all()
            self._go_on_reading()
            while True:
                ahead, num_samples = self._known_speech(from_sample, more_than)
                if self._is_read or num_samples > more_than:
                    return ahead
                self._forget_silence(ahead[-1].end_sample if ahead else from_sample)
                self._wait()

    def speech_samples(self, from_sample: int, to_sample: int) -> int:
        """Return how many samples of speech are known between two of them."""
        with self._changed:
            num_samples = 0
            for region in self._regions_from(from_sample):
                if region.start_sample >= to_sample:
                    break
                start = max(region.start_sample, from_sample)
                num_samples += min(region.end_sample, to_sample) - start
            return num_samples

    def samples(self, start_sample: int, end_sample: int) -> np.ndarray:
        """Return samples that are in memory, float32 (N,)."""
        with self._changed:
            return self._blocks.cut(start_sample, end_sample)

    def release(self, before_sample: int) -> None:
        """Take it that nobody asks for samples before this one any more."""
        with self._changed:
            self._blocks.forget(0, before_sample)

    def close(self) -> None:
        """Stop reading, for good; the thread that reads ends with the block that it is at."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_LONGEST_FAREWELL_S)  # a file on a server that is gone may never come
        else:
            self._reading.close()

    def _known_speech(self, from_sample: int, more_than: int) -> tuple[list[SpeechRegion], int]:
        ahead: list[SpeechRegion] = []
        num_samples = 0
        for region in self._regions_from(from_sample):
            start = max(region.start_sample, from_sample)
            ahead.append(replace(region, start_sample=start))
            num_samples += region.end_sample - start
            if num_samples > more_than:
                break
        return ahead, num_samples

    def _forget_silence(self, from_sample: int) -> None:
        """Let go of what is known to hold no speech behind a sample."""
        if self._open is None:
            margin = round(_MARGIN_S * self.sample_rate_hz)
            self._blocks.forget(from_sample + margin, self._settled - margin)

    def _regions_from(self, from_sample: int) -> Iterator[SpeechRegion]:
        """Yield the regions that end after a sample, the open one last."""
        first = bisect_right(self._regions, from_sample, key=lambda region: region.end_sample)
        for index in range(first, len(self._regions)):
            yield self._regions[index]
        if self._open is not None and self._open.end_sample > from_sample:
            yield self._open

    def _wait(self) -> None:
        """Wait until more is known."""
        self._go_on_reading()
        known = self._too_little = self.read_samples
        self._changed.notify_all()
        has_come = self._changed.wait_for(
            lambda: self.read_samples > known or self._is_read or self._is_over, self._patience_s
        )
        if self._error is not None:
            raise self._error
        if self._is_closed:
            raise RuntimeError("the recording was closed before its end")
        if not has_come:
            raise TimeLimitError(
                f"was not read on for {self._patience_s:g} s; see why its file is slow, or raise "
                "--item_timeout_s"
            )

    @property
    def _is_over(self) -> bool:
        return self._is_closed or self._error is not None

    def _go_on_reading(self) -> None:
        if self._thread is None and not self._is_read and not self._is_over:
            self._thread = threading.Thread(target=self._read_on, name="recording", daemon=True)
            self._thread.start()

    def _read_on(self) -> None:
        """Read to the end, as fast as the windows are planned."""
        outcome = outcome_of(self._read_all)
        with self._changed:
            self._error = outcome.error
            self._changed.notify_all()

    def _read_all(self) -> None:
        with closing(self._reading):
            while self._has_room() and self._read_more():
                pass

    def _has_room(self) -> bool:
        """Wait for room; tell whether there is any, which ends with the use of the recording."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_closed
                    or self.read_samples <= self._too_little
                    or self.read_samples - self._planned < self._ahead
                )
            )
            return not self._is_closed

    def _read_more(self) -> bool:
        """Read one stretch; tell whether there was one."""
        stretch = next(self._reading, None)
        with self._changed:
            if stretch is None:
                self._is_read, self._open = True, None
            else:
                self._blocks.add(stretch.samples)
                self._regions += stretch.regions
                self._open, self._settled = stretch.open_region, stretch.settled_sample
            self._changed.notify_all()
        return stretch is not None


def known_recording(
    samples: np.ndarray, regions: Sequence[SpeechRegion], sample_rate_hz: int
) -> Recording:
    """Return a recording of which all is known.

    Args:
        samples: float32 (N,).
        regions: of speech, in order, apart from each other or touching.
        sample_rate_hz: of ``samples``.
    """

    def reading() -> Generator[ReadStretch]:
        yield ReadStretch(samples, tuple(regions))

    recording = Recording(reading(), sample_rate_hz)
    recording.allow_ahead(len(samples) + 1)
    recording.read_beginning()
    return recording
