"""Features -> encoder's states, once a window -> tokens, language and word times.

B windows in a batch, M mel bins, F frames of the encoder, E width of the model, P positions of
the decoder.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite, isnan
from typing import TYPE_CHECKING

import torch

from speech_toolkit.device import Device, parse_dtype
from speech_toolkit.errors import OutOfMemoryError, UsageError
from speech_toolkit.transcription.decoded import (
    DecodedWindow,
    DecodingOptions,
    EncodedWindows,
    TextAttention,
    WindowWord,
)
from speech_toolkit.transcription.decoding.batch_state import Draws, Generated, StepMode
from speech_toolkit.transcription.decoding.encoder import SpeechEncoder
from speech_toolkit.transcription.decoding.graph import DecodeGraphs
from speech_toolkit.transcription.decoding.text_decoder import TextDecoder, TextDecoders
from speech_toolkit.transcription.models.checkpoint import (
    WhisperCheckpoint,
    load_tokenizer,
    load_whisper_model,
)
from speech_toolkit.transcription.stage_clock import StageClock
from speech_toolkit.transcription.text.word_times import words_of_window

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, WhisperForConditionalGeneration


class WhisperDecoder:
    """A loaded Whisper model and the loop around its encoder and decoder.

    Attributes:
        model: on the device, in evaluation mode.
        checkpoint: what its files say beside the weights.
        tokenizer: the model's.
        device: where it runs.
        dtype: in which it computes.
        attn_implementation: its attention kernel.
        clock: seconds per stage.
    """

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        checkpoint: WhisperCheckpoint,
        tokenizer: PreTrainedTokenizerBase,
        device: Device,
        clock: StageClock,
        decode_graph: str = "auto",
    ) -> None:
        """Take a model into use.

        Raises:
            DeviceError: ``decode_graph`` is "on" and the device cannot record graphs.
            UsageError: ``decode_graph`` is none of "auto", "on" and "off".
        """
        self.model = model
        self.checkpoint = checkpoint
        self.tokenizer = tokenizer
        self.device = device
        self.dtype = model.dtype
        self.attn_implementation = model.config._attn_implementation
        self.clock = clock
        self._graphs = DecodeGraphs(device, decode_graph)
        self._encoder = SpeechEncoder(
            model.model.encoder, model.dtype is torch.float16 and device.saturates
        )
        self._decoders = TextDecoders(model, checkpoint, device, self._graphs, clock)

    @classmethod
    def load(
        cls,
        checkpoint: WhisperCheckpoint,
        device: Device,
        dtype_name: str,
        attn_implementation: str | None,
        decode_graph: str,
        clock: StageClock,
    ) -> WhisperDecoder:
        """Load a checkpoint's weights and tokenizer.

        Raises:
            CheckpointError: the weights do not fill the model, or a file is damaged.
            DeviceError: the device lacks the dtype or memory for the model.
            UsageError: an argument has a value that cannot be used.
        """
        dtype = parse_dtype(dtype_name)
        device.check_dtype(dtype)
        model = load_whisper_model(checkpoint, device, dtype, attn_implementation)
        return cls(model, checkpoint, load_tokenizer(checkpoint), device, clock, decode_graph)

    @property
    def uses_graph(self) -> bool:
        """Whether decoding steps are recorded as graphs."""
        return self._graphs.enabled

    def encode(self, features_BMF: torch.Tensor) -> EncodedWindows:
        """Take features through the encoder.

        Args:
            features_BMF: float32, on the CPU.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
        """
        if not self.uses_graph:
            self._decoders.release()  # the encoder needs the most memory: it is lent what it may
        with self._at_work("in the encoder"), self.clock.stage("encoder"):
            states_BFE, redone = self._encoder.encode(features_BMF)
        return EncodedWindows(states_BFE, features_BMF, redone)

    def detect_language(self, encoded: EncodedWindows) -> list[tuple[str, float]]:
        """Return the likeliest language's code and its probability for each window.

        Raises:
            UsageError: the model knows no languages.
        """
        languages = self.checkpoint.languages
        if not languages:
            raise UsageError(f"{self.checkpoint.directory}: is a model of English speech alone")
        ids = torch.tensor(list(languages.values()), device=self.device.name)

        def probabilities(
            decoder: TextDecoder, windows: EncodedWindows, rows: Sequence[int]
        ) -> list[torch.Tensor]:
            decoder.loop.load_speech(windows.states_BFE)
            starts_B1 = torch.full((len(rows), 1), self.checkpoint.sot_id)
            states_B1E = decoder.loop.prompt_states(starts_B1.to(self.device.name))
            logits_BV = decoder.loop.logits(states_B1E[:, 0])
            return list(logits_BV.index_select(1, ids).softmax(-1).cpu())

        with self._at_work("while detecting the language"), self.clock.stage("prompt"):
            found, _ = self._decoders.run(
                encoded, probabilities, lambda each: bool(each.isfinite().all())
            )
        best = torch.stack(found).max(-1)
        codes = list(languages)
        return [(codes[i], p) for p, i in zip(*(t.tolist() for t in best), strict=True)]

    def decode(
        self,
        encoded: EncodedWindows,
        prompts: Sequence[Sequence[int]],
        options: DecodingOptions,
    ) -> list[DecodedWindow]:
        """Generate tokens for encoded windows.

        Args:
            encoded: B windows.
            prompts: B sequences of equal length, each with the start of the transcript and what
                stands before and after it.
            options: see there.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
            UsageError: the prompts leave no room for a token.
        """
        limit = self._limit(prompts, options.max_new_tokens)
        sampled = options.temperature > 0
        mode = StepMode(options.timestamps, sampled, options.record_margins)

        def write(
            decoder: TextDecoder, windows: EncodedWindows, rows: Sequence[int]
        ) -> list[DecodedWindow]:
            with self.clock.stage("prompt"):
                decoder.loop.load_speech(windows.states_BFE)
                draws = self._draws(windows, options) if sampled else None
            chosen = [prompts[row] for row in rows]
            generated = decoder.loop.generate(chosen, limit, mode, draws)
            return [self._decoded(generated, row, options) for row in range(len(rows))]

        with self._at_work("in the decoder"):
            found, redone = self._decoders.run(
                encoded, write, lambda window: isfinite(window.avg_logprob)
            )
        for row in redone:
            found[row] = replace(found[row], in_float32=True)
        return found

    def word_times(
        self,
        encoded: EncodedWindows,
        prompts: Sequence[Sequence[int]],
        decoded: Sequence[DecodedWindow],
        num_samples: Sequence[int],
        language: str | None,
    ) -> list[tuple[WindowWord, ...]]:
        """Find the words of decoded windows and their times, with one pass of the decoder.

        Args:
            encoded: B windows.
            prompts: with which they were decoded.
            decoded: what was generated for them.
            num_samples: samples of audio in each window, padding left out.
            language: code; None for a model of English alone.

        Returns:
            The words of each window, in order, with times in the window.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
        """
        tokens = [window.tokens for window in decoded]

        def read(
            decoder: TextDecoder, windows: EncodedWindows, rows: Sequence[int]
        ) -> list[TextAttention]:
            decoder.loop.load_speech(windows.states_BFE)
            of_rows = ([each[row] for row in rows] for each in (prompts, tokens, num_samples))
            return list(decoder.attention.read(*of_rows))

        with self._at_work("while timing words"), self.clock.stage("word_times"):
            attentions, _ = self._decoders.run(encoded, read, lambda seen: seen.is_finite)
            return [
                words_of_window(window, seen, samples, self.checkpoint, self._raw_text, language)
                for window, seen, samples in zip(tokens, attentions, num_samples, strict=True)
            ]

    def leads(
        self,
        encoded: EncodedWindows,
        prompts: Sequence[Sequence[int]],
        tokens: Sequence[Sequence[int]],
        *,
        timestamps: bool,
    ) -> list[list[float]]:
        """Return how decided the model is at each of given tokens; see :class:`LeadReader`.

        Raises:
            DeviceError: an operator failed on the card.
            RuntimeError: the device is out of memory.
        """

        def read(
            decoder: TextDecoder, windows: EncodedWindows, rows: Sequence[int]
        ) -> list[list[float]]:
            decoder.loop.load_speech(windows.states_BFE)
            of_rows = ([each[row] for row in rows] for each in (prompts, tokens))
            return decoder.leads.leads(*of_rows, timestamps)

        with self._at_work("while reading given tokens"):
            found, _ = self._decoders.run(encoded, read, lambda leads: not any(map(isnan, leads)))
        return found

    def release(self) -> None:
        """Give the memory of past batches back to the device."""
        self._decoders.release()
        self.device.empty_cache()

    def _limit(self, prompts: Sequence[Sequence[int]], max_new_tokens: int | None) -> int:
        lengths = {len(prompt) for prompt in prompts}
        if len(lengths) != 1:
            raise ValueError(f"prompts of different lengths: {sorted(lengths)}")
        room = self.checkpoint.max_positions - lengths.pop()
        if room < 1:
            raise UsageError(
                f"the prompt leaves no room for text: the model has {self.checkpoint.max_positions}"
                " positions for both"
            )
        return room if max_new_tokens is None else min(room, max_new_tokens)

    def _draws(self, encoded: EncodedWindows, options: DecodingOptions) -> Draws:
        """Make the numbers that tokens are drawn with on the CPU, where every device agrees."""
        start = f"{options.seed} {options.temperature}".encode()
        rows = []
        for features in encoded.features_BMF:
            seed = zlib.crc32(features.contiguous().numpy(), zlib.crc32(start))
            generator = torch.Generator().manual_seed(seed)
            rows.append(torch.rand(self.checkpoint.max_positions, generator=generator))
        return Draws(options.temperature, torch.stack(rows))

    def _decoded(self, generated: Generated, row: int, options: DecodingOptions) -> DecodedWindow:
        tokens = generated.tokens[row].tolist()
        eot_id = self.checkpoint.eot_id
        finished = eot_id in tokens
        count = tokens.index(eot_id) if finished else len(tokens)
        scored = generated.log_probs[row, : count + finished].tolist()
        no_speech = generated.no_speech_probs
        return DecodedWindow(
            tokens=tuple(tokens[:count]),
            log_probs=tuple(scored[:count]),
            avg_logprob=sum(scored) / (count + 1),
            no_speech_prob=None if no_speech is None else no_speech[row].item(),
            compression_ratio=compression_ratio(self.text(tokens[:count])),
            temperature=options.temperature,
            finished=finished,
            margins=(
                tuple(generated.margins[row, :count].tolist()) if options.record_margins else None
            ),
        )

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, without timestamps and spaces around it."""
        return self._raw_text([t for t in tokens if t < self.checkpoint.eot_id]).strip()

    def _raw_text(self, tokens: Sequence[int]) -> str:
        return self.tokenizer.decode(tokens, clean_up_tokenization_spaces=False)

    @contextmanager
    def _at_work(self, stage: str) -> Iterator[None]:
        """Compute without gradients; free all memory when it ran out.

        Raises:
            OutOfMemoryError: the device had no memory left.
            OperatorError: an operator failed on the card.
        """
        try:
            with self.device.errors(stage), torch.inference_mode():
                yield
        except OutOfMemoryError:
            self._decoders.release()
            raise


def compression_ratio(text: str) -> float:
    """Return the UTF-8 bytes of a text over their zlib size, 0 for none: high where it repeats."""
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded)) if encoded else 0.0
