"""Waveforms -> log-probabilities of the labels, frame by frame, in windows with context.

Dimensions: T frames of a whole waveform, V labels.

Windows of different recordings share batches. In batches of one every bit is that of the recording
alone. In larger ones the sums are taken in another order, and no more is different: padding is put
only where a model takes no notice of it (``hides_padding`` of :class:`CtcCheckpoint`). With the
bundled model on a CPU in float32 log-probabilities then differ by up to 2e-5, and no
time of a letter or a word did.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from speech_toolkit.alignment.recording import Emissions, Recording, Window
from speech_toolkit.alignment.window_pool import MOST_PADDING, WindowPool
from speech_toolkit.alignment.window_runner import WindowRunner
from speech_toolkit.alignment.windows import cut_windows
from speech_toolkit.checkpoint.not_finite import redone_warning
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.outcomes import Outcome, outcome_of

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel

    from speech_toolkit.alignment.models.protocol import CtcCheckpoint
    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.device import Device
    from speech_toolkit.progress import Progress

Key = TypeVar("Key", bound=Hashable)
_STAGE = "while aligning"
_SMALLER_WINDOWS = "lower --window_s or --context_s, use --dtype float16, or free the device"


class Listener:
    """Hears recordings with one model, in device memory that does not grow with their length."""

    def __init__(
        self,
        model: PreTrainedModel,
        checkpoint: CtcCheckpoint,
        device: Device,
        float32_model: Callable[[], PreTrainedModel],
        *,
        window_s: float,
        context_s: float,
        batch_size: int,
        wildcard: bool,
        progress: Progress,
    ) -> None:
        """Take a model.

        Args:
            model: on ``device``, in evaluation mode.
            checkpoint: that the model was loaded from.
            device: where the model is.
            float32_model: gives the same model in float32; asked for windows that overflow in the
                model's own dtype.
            window_s: seconds kept of a window, above 0.
            context_s: seconds of context on either side of them, at least 0.
            batch_size: windows that run together; halved as often as the device is out of memory.
            wildcard: add the wildcard column.
            progress: shows a bar for each recording, and what the user should know of it.
        """
        self._model = model
        self._checkpoint = checkpoint
        self._device = device
        self._window_s = window_s
        self._context_s = context_s
        self._batch_size = batch_size
        self._wildcard = wildcard
        self._progress = progress
        self._stride_s = checkpoint.geometry.stride_s
        self._runner = WindowRunner(model, device, float32_model, self._stride_s)

    def hear(
        self,
        recordings: Iterable[tuple[Key, Callable[[], Waveform]]],
        stop: threading.Event | None = None,
    ) -> Iterator[tuple[Key, Outcome[Emissions]]]:
        """Hear recordings, of which few are held at a time, and yield each when it is done.

        A recording that fails stops no other; those of one length are done in order. In batches of
        one each is done before the next is taken; else so many are taken ahead that most batches
        find windows of nearly one length.

        Args:
            recordings: pairs of a key and what gives a waveform at the model's rate, or raises
                why there is none; taken as they are needed.
            stop: once it is set no more are taken, those that were begun are finished, and the
                others are dropped without an outcome.
        """
        most_padding = MOST_PADDING if self._checkpoint.hides_padding else 0.0
        pool, coming = WindowPool(self._stride_s, most_padding), iter(recordings)
        is_stopped = stop.is_set if stop is not None else lambda: False
        in_batch: list[Recording] = []
        try:
            while True:
                yield from self._fill(pool, coming, is_stopped)
                if is_stopped():
                    pool.drop(each for each in pool.recordings() if not each.is_begun)
                if not pool:
                    return
                batch = pool.take(self._batch_size)
                in_batch = _recordings_of(batch)
                self._run(batch)
                pool.drop(each for each in in_batch if each.error is not None)
                for recording in in_batch:
                    if recording.is_done:
                        yield recording.key, self._finished(recording)
        finally:
            for recording in {*in_batch, *pool.recordings()}:
                recording.close()

    def _fill(
        self,
        pool: WindowPool,
        coming: Iterator[tuple[Key, Callable[[], Waveform]]],
        is_stopped: Callable[[], bool],
    ) -> Iterator[tuple[Key, Outcome[Emissions]]]:
        """Cut recordings until enough windows wait; yield those that cannot be cut."""
        while not (pool.suffices(self._batch_size) or is_stopped()):
            key, waveform = next(coming, (None, None))
            if waveform is None:
                return
            cut = outcome_of(partial(self._cut, key, waveform))
            if cut.ok:
                pool.add(cut.result)
            else:
                yield key, Outcome(error=cut.error)

    def _cut(self, key: Key, waveform: Callable[[], Waveform]) -> Recording:
        given, started = waveform(), time.perf_counter()
        with self._device.errors(_STAGE):
            cut = cut_windows(given, self._checkpoint, self._window_s, self._context_s)
        columns = self._model.config.vocab_size
        recording = Recording(key, cut, columns, self._wildcard, self._progress)
        recording.infer_s = time.perf_counter() - started
        return recording

    def _run(self, batch: Sequence[Window]) -> None:
        """Run windows; where that fails, those of each recording apart, to find the one to blame.

        What was heard, or why it could not be, is kept with the recordings.
        """
        error = outcome_of(partial(self._run_together, batch)).error
        if error is None:
            return
        recordings = _recordings_of(batch)
        if len(recordings) == 1:
            recordings[0].error = error
            return
        for recording in recordings:
            own = [window for window in batch if window.recording is recording]
            if left := [window for window in own if not recording.has_heard(window)]:
                self._run(left)

    def _run_together(self, batch: Sequence[Window]) -> None:
        """Run windows in one batch, in smaller ones where the device has too little memory."""
        longest = max(window.num_frames for window in batch)
        window_samples = self._checkpoint.geometry.samples(longest)
        advice = f"a window has {window_samples} samples: {_SMALLER_WINDOWS}"
        halving = HalvingBatches(
            self._device, self._batch_size, advice, on_warning=self._progress.warning
        )
        started = time.perf_counter()
        try:
            with self._device.errors(_STAGE):
                halving.run(self._run_part, batch)  # which ends with a copy that waits for it
        finally:
            self._batch_size = halving.size
            elapsed_s = time.perf_counter() - started
            num_frames = sum(window.num_frames for window in batch)
            for window in batch:
                window.recording.infer_s += elapsed_s * window.num_frames / num_frames
            for recording in {window.recording for window in batch}:
                recording.warnings += halving.warnings

    def _run_part(self, part: Sequence[Window]) -> Sequence[Window]:
        rows: dict[Recording, dict[int, np.ndarray]] = {}
        for window, heard in zip(part, self._runner.run(part), strict=True):
            recording = window.recording
            if heard.ok:
                rows.setdefault(recording, {})[window.index] = heard.result.log_probs_FV
                recording.redone |= {window.index} if heard.result.is_redone else set()
            else:
                recording.error = recording.error or heard.error
        for recording, own in rows.items():
            recording.keep(own)
        return part

    def _finished(self, recording: Recording) -> Outcome[Emissions]:
        recording.close()
        if recording.redone and recording.error is None:
            plan = recording.cut.plan
            starts_s = [plan.kept(index)[0] * self._stride_s for index in sorted(recording.redone)]
            warning = redone_warning(self._model.dtype, starts_s, len(plan))
            recording.warnings.append(warning)
            self._progress.warning(warning)
        return recording.outcome(self._batch_size)


def _recordings_of(batch: Sequence[Window]) -> list[Recording]:
    return list(dict.fromkeys(window.recording for window in batch))


def compute_emissions(
    model: PreTrainedModel,
    checkpoint: CtcCheckpoint,
    waveform: Waveform,
    device: Device,
    float32_model: Callable[[], PreTrainedModel],
    **settings: Any,
) -> Emissions:
    """Hear one recording of any length.

    Args:
        model: as :class:`Listener` takes it, and so are all but the waveform.
        checkpoint: that the model was loaded from.
        waveform: mono, at the model's rate, of at least one frame.
        device: where the model is.
        float32_model: gives the same model in float32.
        **settings: by name.

    Raises:
        AudioError: the waveform is shorter than one frame.
        CheckpointError: the weights hold NaN.
        DeviceError: out of memory with one window, a failed operator, or output that is not finite
            in float32 either.
        UsageError: a window is longer than the model takes.
    """
    listener = Listener(model, checkpoint, device, float32_model, **settings)
    ((_, heard),) = listener.hear([(None, lambda: waveform)])
    return heard.unwrap()
