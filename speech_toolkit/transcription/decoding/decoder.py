"""Windows -> features -> encoder's states, once a window -> tokens, language and word times.

B windows in a batch, M mel bins, F frames of the encoder, E width of the model.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isnan
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
from speech_toolkit.transcription.decoding.encoder import SpeechEncoder
from speech_toolkit.transcription.decoding.graph import DecodeGraphs
from speech_toolkit.transcription.decoding.refill import DecodingJob, RefilledBatch, write_all
from speech_toolkit.transcription.decoding.step import Speech
from speech_toolkit.transcription.decoding.text_decoder import TextDecoder, TextDecoders
from speech_toolkit.transcription.models.checkpoint import (
    WhisperCheckpoint,
    load_tokenizer,
    load_whisper_model,
)
from speech_toolkit.transcription.stage_clock import StageClock
from speech_toolkit.transcription.text.word_times import words_of_window
from speech_toolkit.transcription.windows.features import FeatureExtractor, PreparedWindow

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
        extractor: makes the features of windows.
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
            CheckpointError: the settings of the features cannot be used.
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
        self.extractor = FeatureExtractor(checkpoint.directory, checkpoint.num_mel_bins, device)
        self._graphs = DecodeGraphs(device, decode_graph)
        self._encoder = SpeechEncoder(
            model.model.encoder, model.dtype is torch.float16 and device.saturates
        )
        self._decoders = TextDecoders(model, checkpoint, device, self._graphs)

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

    def encode_windows(self, windows: Sequence[PreparedWindow]) -> EncodedWindows:
        """Take windows of audio through the encoder, by features that are made on the device.

        Args:
            windows: B, prepared by ``self.extractor``.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
        """
        with self._at_work("while making features"), self.clock.stage("features"):
            features_BMF = self.extractor.batch(windows)
        return self.encode(features_BMF, [window.fingerprint for window in windows])

    def windows_encoded_together(self, batch_size: int) -> int:
        """Return how many windows the encoder is given at once.

        A CPU takes as long for each, and more memory for several.
        """
        return batch_size if self.device.is_card else 1

    def encode(
        self, features_BMF: torch.Tensor, fingerprints: Sequence[int] = ()
    ) -> EncodedWindows:
        """Take features through the encoder.

        Args:
            features_BMF: float32, on the device or on the CPU.
            fingerprints: of the B windows; none where the same may be drawn for all of them.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
        """
        with self._at_work("in the encoder"), self.clock.stage("encoder"):
            states_BFE, redone = self._encoder.encode(features_BMF)
        return EncodedWindows(states_BFE, tuple(fingerprints) or (0,) * len(states_BFE), redone)

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
            decoder: TextDecoder, speech: Speech, rows: Sequence[int]
        ) -> tuple[list[torch.Tensor], list[bool]]:
            starts_B1 = torch.full((len(rows), 1), self.checkpoint.sot_id)
            states_B1E, is_sound_B = decoder.loop.read(starts_B1.to(self.device.name), speech)
            logits_BV = decoder.loop.logits(states_B1E[:, 0])
            return list(logits_BV.index_select(1, ids).softmax(-1).cpu()), is_sound_B.tolist()

        with self._at_work("while detecting the language"), self.clock.stage("prompt"):
            found = self._decoders.read(
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
            prompts: B sequences, each with the start of the transcript and what stands before and
                after it.
            options: see there.

        Raises:
            DeviceError: out of memory, or an operator failed on the card.
            UsageError: a prompt leaves no room for a token.
        """
        jobs = [
            DecodingJob(encoded, row, prompt, options)
            for row, prompt in zip(range(len(encoded)), prompts, strict=True)
        ]
        for job in jobs:
            self.check_room(job.prompt)
        written = write_all(self.open_batch(len(jobs)), jobs)
        return [written[job] for job in jobs]

    def open_batch(self, slots: int) -> RefilledBatch:
        """Return a batch that windows are written in; the one before it is lost.

        Args:
            slots: the most windows at once.

        Raises:
            DeviceError: out of memory.
        """
        redo = self._written_in_float32 if self._decoders.is_narrow else lambda job: None
        return self._batch(self._decoders.own, slots, redo)

    def check_room(self, prompt: Sequence[int]) -> None:
        """Make sure that a prompt leaves room for a token.

        Raises:
            UsageError: it does not.
        """
        if len(prompt) >= self.checkpoint.max_positions:
            raise UsageError(
                f"the prompt leaves no room for text: the model has {self.checkpoint.max_positions}"
                " positions for both"
            )

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
            decoder: TextDecoder, speech: Speech, rows: Sequence[int]
        ) -> tuple[list[TextAttention], list[bool]]:
            of_rows = ([each[row] for row in rows] for each in (prompts, tokens, num_samples))
            return decoder.attention.read(speech, *of_rows)

        with self._at_work("while timing words"), self.clock.stage("word_times"):
            attentions = self._decoders.read(encoded, read, lambda seen: seen.is_finite)
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
            decoder: TextDecoder, speech: Speech, rows: Sequence[int]
        ) -> tuple[list[list[float]], list[bool]]:
            of_rows = ([each[row] for row in rows] for each in (prompts, tokens))
            return decoder.leads.leads(speech, *of_rows, timestamps)

        with self._at_work("while reading given tokens"):
            return self._decoders.read(encoded, read, lambda leads: not any(map(isnan, leads)))

    def release(self) -> None:
        """Give the memory of past batches back to the device."""
        self._decoders.release()
        self.device.empty_cache()

    def _batch(
        self,
        decoder: TextDecoder,
        slots: int,
        redo: Callable[[DecodingJob], DecodedWindow | None],
    ) -> RefilledBatch:
        return RefilledBatch(
            decoder.loop,
            slots,
            self.checkpoint,
            is_card=self.device.is_card,
            text=self.text,
            redo=redo,
            draws=self._draws,
            at_work=lambda: self._at_work("in the decoder"),
            clock=self.clock,
        )

    def _written_in_float32(self, job: DecodingJob) -> DecodedWindow:
        batch = self._batch(self._decoders.in_float32(), 1, lambda job: None)
        return replace(write_all(batch, [job])[job], in_float32=True)

    def _draws(self, job: DecodingJob) -> torch.Tensor:
        """Make the numbers that tokens are drawn with on the CPU, where every device agrees."""
        options = job.options
        seeds = f"{options.seed} {options.temperature} {job.encoded.fingerprints[job.row]}"
        generator = torch.Generator().manual_seed(zlib.crc32(seeds.encode()))
        return torch.rand(self.checkpoint.max_positions, generator=generator)

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
