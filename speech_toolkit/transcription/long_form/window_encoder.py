"""Windows of files -> the encoder's states, and the language of files of which it is not known."""

from __future__ import annotations

from collections.abc import Sequence

from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.transcription.decoded import gathered
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.long_form.one_file import LongForm, PlannedWindow, WindowRequest


class WindowEncoder:
    """Encodes windows before they are written.

    Args:
        decoder: the model.
        batches: of the windows that are encoded together.
    """

    def __init__(self, decoder: WhisperDecoder, batches: HalvingBatches) -> None:
        self._decoder = decoder
        self._batches = batches

    def encode(self, requests: Sequence[WindowRequest], together: int) -> None:
        """Encode windows, and such as will be asked for next where these fill no batch.

        Args:
            requests: windows, of which some may have been encoded.
            together: the most windows that are encoded now.

        Raises:
            DeviceError: out of memory with a single window, or an operator failed on the card.
        """
        planned = [each.planned for each in requests]
        for long_form in dict.fromkeys(each.long_form for each in requests):
            planned += long_form.ahead
        missing = [each for each in planned if each.encoded is None][:together]
        self._batches.run(self._encode_together, missing)
        self._detect_languages(requests)

    def _encode_together(self, planned: Sequence[PlannedWindow]) -> Sequence[PlannedWindow]:
        windows = [each.features() for each in planned]
        self._decoder.clock.add("features", sum(window.seconds for window in windows))
        encoded = self._decoder.encode_windows(windows)
        for row, each in enumerate(planned):
            each.keep(encoded, row)
        return planned

    def _detect_languages(self, requests: Sequence[WindowRequest]) -> None:
        """Detect what is spoken in each file of which that is not known, in its first window."""
        if not self._decoder.checkpoint.languages:
            return
        first: dict[LongForm, WindowRequest] = {}
        for request in requests:
            if request.long_form.language is None:
                first.setdefault(request.long_form, request)
        if first:
            encoded = gathered([request.planned.encoded for request in first.values()])
            found = self._decoder.detect_language(encoded)
            for long_form, (language, probability) in zip(first, found, strict=True):
                long_form.language, long_form.language_probability = language, probability
