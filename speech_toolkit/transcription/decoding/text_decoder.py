"""The decoder of a model in its own dtype, and in float32 for the windows that overflow in it.

Mostly an overflow shows in what the decoder makes: NaN. On a card that saturates it does not, and
the decoder is watched at work.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import torch

from speech_toolkit.checkpoint.not_finite import is_narrow
from speech_toolkit.checkpoint.overflow import OverflowWatch
from speech_toolkit.transcription.decoded import EncodedWindows
from speech_toolkit.transcription.decoding.attention import AttentionReader
from speech_toolkit.transcription.decoding.graph import DecodeGraphs
from speech_toolkit.transcription.decoding.leads import LeadReader
from speech_toolkit.transcription.decoding.step import DecodeLoop, Speech

if TYPE_CHECKING:
    from transformers import WhisperForConditionalGeneration

    from speech_toolkit.device import Device
    from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint

T = TypeVar("T")


class TextDecoder:
    """A decoder in one dtype.

    Attributes:
        loop: has it write text.
        attention: has it read text, and sees where it looks.
        leads: has it read text, and asks how decided it is.
    """

    def __init__(self, loop: DecodeLoop, checkpoint: WhisperCheckpoint) -> None:
        self.loop = loop
        self.attention = AttentionReader(loop, checkpoint)
        self.leads = LeadReader(loop, checkpoint)


class TextDecoders:
    """The decoder of one model, and a copy of it in float32 from its first overflow on.

    Attributes:
        own: in the model's dtype.
    """

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        checkpoint: WhisperCheckpoint,
        device: Device,
        graphs: DecodeGraphs,
    ) -> None:
        self._parts = torch.nn.ModuleList([model.model.decoder, model.proj_out])
        self._checkpoint = checkpoint
        self._device = device
        is_hidden = model.dtype is torch.float16 and device.saturates
        watch = OverflowWatch.of_all(model.model.decoder) if is_hidden else None
        self.own = TextDecoder(DecodeLoop(*self._parts, checkpoint, graphs, watch), checkpoint)
        self._float32: TextDecoder | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether the model's own dtype is one that may overflow."""
        return is_narrow(self.own.loop.dtype)

    def read(
        self,
        encoded: EncodedWindows,
        work: Callable[[TextDecoder, Speech, Sequence[int]], tuple[list[T], list[bool]]],
        is_finite: Callable[[T], bool],
    ) -> list[T]:
        """Read the speech of windows, and that again in float32 on which the decoder overflows.

        Args:
            encoded: B windows.
            work: is given a decoder, the speech as that looks at it, and the windows' indices;
                returns a result for each window, and whether nothing overflowed in it.
            is_finite: whether a result is.
        """
        found, is_sound = work(
            self.own, self.own.loop.speech(encoded.states_BFE), range(len(encoded))
        )
        if self.is_narrow:
            for index, result in enumerate(found):
                if not (is_sound[index] and is_finite(result)):
                    exact = self.in_float32()
                    speech = exact.loop.speech(encoded.states_BFE[index : index + 1])
                    (found[index],), _ = work(exact, speech, [index])
        return found

    def release(self) -> None:
        """Give all memory of the batches back."""
        self.own.loop.release()
        if self._float32 is not None:
            self._float32.loop.release()

    def in_float32(self) -> TextDecoder:
        """Return the copy, which is made when it is first asked for."""
        if self._float32 is None:
            parts = copy.deepcopy(self._parts).float()
            graphs = DecodeGraphs(self._device, "off")
            loop = DecodeLoop(*parts, self._checkpoint, graphs)
            self._float32 = TextDecoder(loop, self._checkpoint)
        return self._float32
