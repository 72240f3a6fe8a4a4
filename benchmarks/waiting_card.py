"""A card that only waits: Whisper's real code around a model whose work takes a given time.

The encoder returns at once what the decoder looks at, and sleeps for as long as a card's kernels
would take; the features are the card's work, too, for which the host prepares samples. The decoder
is one layer of eight numbers, which leaves the position of a token as it is: the logits are read
off that, and follow a script. All else is the toolkit's own code: reading, detection, windows, the
loop over tokens with its rules, text and result. While the card sleeps, other threads may compute,
as they may while a real one works. What the loop does between two steps, such as its rules, would
be the card's work, too, and is counted as the host's here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import TYPE_CHECKING

import torch

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.bundled import bundled_model
from speech_toolkit.device import Device
from speech_toolkit.transcription import Transcriber
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.models.checkpoint import load_tokenizer, read_whisper_checkpoint
from speech_toolkit.transcription.stage_clock import StageClock

if TYPE_CHECKING:
    from transformers import WhisperForConditionalGeneration

    from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint

MODEL = bundled_model("tiny-whisper")
TALK = REPOSITORY / "samples" / "recognition" / "talk.txt"
WIDTH = 8
SEGMENTS, SEGMENT_S = 4, 7.0  # a window's text
UNLIKELY = -20.0


class WaitingDevice(Device):
    """The CPU, taken for a card: windows are prepared ahead of it."""

    @property
    def is_card(self) -> bool:
        """Whether work is prepared ahead."""
        return True


@dataclass(frozen=True)
class Pace:
    """How long a card's kernels take.

    Attributes:
        window_s: of the encoder for a window.
        step_s: of the decoder for a token of one window.
        row_s: for each window beside it.
    """

    window_s: float
    step_s: float
    row_s: float


class Card:
    """The card's clock.

    Attributes:
        pace: see there.
        paced_s: seconds that it has worked, had the stand-in not slowed it down.
        computed_s: seconds of the processor that the stand-in took.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._begun: tuple[float, float] | None = None
        self.reset()

    def reset(self) -> None:
        """Count from zero."""
        self.paced_s = self.computed_s = 0.0

    def begin(self) -> None:
        """Note that work begins."""
        self._begun = time.perf_counter(), time.thread_time()

    def end(self, seconds: float) -> None:
        """Sleep until the work that began would be done."""
        if self._begun is None:
            self.begin()
        started, computed = self._begun
        time.sleep(max(0.0, started + seconds - time.perf_counter()))
        self.paced_s += seconds
        self.computed_s += time.thread_time() - computed
        self._begun = None

    @contextmanager
    def working(self, seconds: float) -> Iterator[None]:
        """Let the ``with`` block take as long as a card would."""
        self.begin()
        yield
        self.end(seconds)


def load_waiting(pace: Pace, tokens: int) -> tuple[Transcriber, Card]:
    """Return an engine on a card that only waits.

    Args:
        pace: of the card.
        tokens: that each window yields.
    """
    checkpoint = read_whisper_checkpoint(MODEL)
    device = WaitingDevice("cpu", None, "cpu", "a card that only waits")
    card = Card(pace)
    tokenizer = load_tokenizer(checkpoint)
    ids = tokenizer(TALK.read_text(encoding="utf-8"), add_special_tokens=False)["input_ids"]
    model = waiting_model(checkpoint, card, script(checkpoint, ids, tokens))
    decoder = WhisperDecoder(model, checkpoint, tokenizer, device, StageClock(device), "off")
    bins = checkpoint.num_mel_bins
    decoder.extractor.batch = lambda windows: torch.zeros(len(windows), bins, 1)
    return Transcriber(str(MODEL), decoder, 0.0), card


def script(checkpoint: WhisperCheckpoint, text_ids: list[int], tokens: int) -> list[int]:
    """Return what every window says: segments between timestamps, and the end of text."""
    spoken = tokens // SEGMENTS - 2
    written = []
    for index in range(SEGMENTS):
        stamps = (
            round(edge * SEGMENT_S / checkpoint.timestamp_step_s) for edge in (index, index + 1)
        )
        start, end = (checkpoint.timestamp_begin_id + stamp for stamp in stamps)
        words = (text_ids * (1 + tokens // len(text_ids)))[index * spoken : (index + 1) * spoken]
        written += [start, *words, end]
    return [*written, checkpoint.eot_id]


def waiting_model(
    checkpoint: WhisperCheckpoint, card: Card, written: list[int]
) -> WhisperForConditionalGeneration:
    """Return a model that sleeps where a card would work, and writes a script.

    Args:
        checkpoint: whose vocabulary it has.
        card: that keeps the time.
        written: tokens of every window, from the first one after a prompt for timestamps.
    """
    from transformers import WhisperConfig, WhisperForConditionalGeneration
    from transformers.modeling_outputs import BaseModelOutput

    sizes = dict.fromkeys(("d_model", "encoder_ffn_dim", "decoder_ffn_dim"), WIDTH)
    config = WhisperConfig.from_pretrained(checkpoint.directory, **sizes)
    for name in ("encoder_layers", "decoder_layers", "encoder_attention_heads"):
        setattr(config, name, 1)
    config.decoder_attention_heads = 1
    config.max_source_positions = 2 * WIDTH  # all that the decoder looks at
    model = WhisperForConditionalGeneration(config).eval().requires_grad_(False)
    decoder = model.model.decoder
    angles_P = torch.arange(checkpoint.max_positions) * (2 * pi / checkpoint.max_positions)
    places_PE = torch.zeros(checkpoint.max_positions, WIDTH)
    places_PE[:, :4] = torch.stack(
        [angles_P.cos(), angles_P.sin(), -angles_P.cos(), -angles_P.sin()], 1
    )
    decoder.embed_positions.weight.copy_(places_PE)
    decoder.embed_tokens.weight.zero_()
    for layer in decoder.layers:
        for product in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
            product.weight.zero_()
            product.bias.zero_()

    def encode(features_BMF: torch.Tensor, *_: object, **__: object) -> BaseModelOutput:
        size = len(features_BMF)
        with card.working(card.pace.window_s * size):
            states_BFE = torch.zeros(size, config.max_source_positions, WIDTH)
        return BaseModelOutput(last_hidden_state=states_BFE)

    opening = len(checkpoint.sot_sequence("en", "transcribe", True))
    next_P = torch.full((checkpoint.max_positions,), checkpoint.eot_id)
    next_P[opening - 1 : opening - 1 + len(written)] = torch.tensor(written)

    def project(states: torch.Tensor) -> torch.Tensor:
        angles = torch.atan2(states[..., 1], states[..., 0]) % (2 * pi)
        positions = (angles * (checkpoint.max_positions / (2 * pi))).round().long()
        ids = next_P[positions % checkpoint.max_positions]
        logits = torch.full((*ids.shape, checkpoint.vocab_size), UNLIKELY)
        logits.scatter_(-1, ids[..., None], 0.0)
        card.end(card.pace.step_s + card.pace.row_s * len(states))
        return logits

    model.model.encoder.forward = encode
    model.proj_out.forward = project
    decoder.embed_tokens.register_forward_pre_hook(lambda *_: card.begin())
    return model
