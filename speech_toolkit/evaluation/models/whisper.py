"""A Whisper as evaluations see it: a recogniser that writes one token after the other.

Letters: M mel bins, T frames of the encoder, L tokens, E width of the model, V labels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.models.labels import rounded_leads
from speech_toolkit.evaluation.models.protocol import ModelSettings, Windows, Work, model_facts

if TYPE_CHECKING:
    import torch

    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.transcription.decoded import DecodedBatch
    from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
    from speech_toolkit.transcription.result import TranscriptionResult


class WhisperModel:
    """A Transcriber, asked what evaluations ask; see :class:`EvaluatedModel`.

    What it hears and how long it takes is found in its mode for long audio, in batches of windows.
    """

    def __init__(self, settings: ModelSettings) -> None:
        from speech_toolkit.transcription.transcriber import Transcriber

        self._settings = settings
        self._transcriber = Transcriber.load(
            settings.model_path,
            settings.device,
            settings.dtype,
            settings.attn_implementation,
            settings.decode_graph,
            float32_precision=settings.float32_precision,
        )
        self._checkpoint = self._transcriber.checkpoint
        self._decoder = self._transcriber.decoder
        self.device = self._transcriber.device
        self.model = self._decoder.model
        self.load_s = self._transcriber.model_load_s
        self.facts = model_facts(self.model) | {"decode_graph": self._decoder.uses_graph}

    def make_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return "mel", float32 (1, M, 3000), "prompt" and "tokens", int64 (L,), and "frames".

        The tokens are the reference's own, so that every position of the decoder sees the same past
        on every device. "frames" is how many of the encoder's hold audio: what it makes of the
        silence behind them is nobody's result. The audio fits into one window.
        """
        import torch

        own = self.own_inputs(samples)
        encoded = self._decoder.encode(torch.from_numpy(own["mel"]))
        language = self._checkpoint.default_language
        if language is None and self._checkpoint.languages:
            language = self._decoder.detect_language(encoded)[0][0]
        prompt = self._checkpoint.sot_sequence(language, self._checkpoint.default_task, True)
        frame_samples = self._checkpoint.timestamp_step_s * self._checkpoint.sample_rate_hz
        inputs = own | {
            "prompt": np.array(prompt, dtype=np.int64),
            "frames": np.array(math.ceil(len(samples) / frame_samples)),
        }
        tokens = self.answer(inputs)["tokens"]
        return inputs | {"tokens": np.array(tokens, dtype=np.int64)}

    def own_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return "mel", as above."""
        return {"mel": self._decoder.extractor.extract([samples]).numpy()}

    def forward(self, inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Return "encoder", (T, E), and "logits", (L + 1, V): one row per token and the end."""
        import torch

        prompt, tokens = inputs["prompt"], inputs["tokens"]
        past_1L = np.concatenate([prompt, tokens])[None, : self._checkpoint.max_positions]
        result = self.model(
            input_features=torch.from_numpy(inputs["mel"])
            .to(self.model.dtype)
            .to(self.device.name),
            decoder_input_ids=torch.from_numpy(past_1L).to(self.device.name),
            use_cache=False,
        )
        return {
            "encoder": result.encoder_last_hidden_state[0, : int(inputs["frames"])],
            "logits": result.logits[0, len(prompt) - 1 :],
        }

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return the "tokens" that the model generates by itself, their "margins", the "text".

        As in the product: a batch of the size that suits the device, here of the same window, and
        steps replayed as a graph where that is the default.
        """
        import torch

        from speech_toolkit.transcription.decoded import DecodingOptions

        size = self.device.default_batch_size
        encoded = self._decoder.encode(torch.from_numpy(inputs["mel"]).repeat(size, 1, 1))
        options = DecodingOptions(record_margins=True)
        *_, window = self._decoder.decode(encoded, [inputs["prompt"].tolist()] * size, options)
        return {
            "tokens": list(window.tokens),
            "margins": list(window.margins),
            "text": self._decoder.text(window.tokens),
        }

    def hear(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> tuple[Heard, dict[str, list[float]]]:
        """Transcribe, with second tries at other temperatures."""
        return self._hear(case, given, quick=False)

    def leads(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> dict[str, list[float]]:
        """Return how far ahead given tokens are here, each after those before it."""
        return self._hear(case, given, quick=True)[1]

    def run(self, waveform: Waveform, batch_size: int, *, exact: bool) -> Work:
        """Transcribe without the random draws of a fallback."""
        from speech_toolkit.transcription.settings import TranscriptionSettings

        self._decoder.clock.exact = exact
        result = self._transcriber.transcribe(
            waveform,
            TranscriptionSettings(
                mode="chunked",
                max_new_tokens=self._settings.max_new_tokens,
                temperatures=(0.0,),
                batch_size=batch_size,
                hear_rests=False,
            ),
        )
        tokens = tuple(token for window in result.tokens for token in window)
        return Work(
            stage_times_s=result.stage_times_s,
            output=tokens,
            batch_size=min(result.settings["batch_size"], result.windows),
            windows=result.windows,
            tokens=len(tokens),
            no_evidence=_why_no_text(result),
            warnings=result.warnings,
        )

    def _hear(
        self, case: Mapping[str, Any], given: Mapping[str, Windows], *, quick: bool
    ) -> tuple[Heard, dict[str, list[float]]]:
        """Transcribe; ``quick`` generates one token a window, enough for reading given ones."""
        from speech_toolkit.transcription.settings import TranscriptionSettings

        settings = TranscriptionSettings(
            mode="chunked",
            language=case["language"],
            batch_size=self._settings.batch_size,
            hear_rests=False,
            record_margins=True,
        )
        if quick:
            settings = replace(settings, max_new_tokens=1, temperatures=(0.0,))
        reading = _Reading(self._decoder, given)
        result = self._transcriber.transcribe(case["audio_path"], settings, on_batch=reading.read)
        tokens = [token for window in result.tokens for token in window]
        heard = Heard(
            text=result.text,
            truth=case["text"],
            choices=tuple(tokens),
            margins=rounded_leads([m for window in result.margins or () for m in window]),
            spelling=self._spell(tokens),
            windows=tuple(window for _, window in sorted(reading.windows.items())),
            leads=reading.joined(reading.own),
            drawn=tuple(drawn for _, drawn in sorted(reading.drawn.items())),
        )
        return heard, {
            name: list(reading.joined(windows)) for name, windows in reading.given.items()
        }

    def _spell(self, tokens: list[int]) -> tuple[str, ...]:
        return tuple(
            self._decoder.tokenizer.batch_decode([[t] for t in tokens], decode_with_timestamps=True)
        )


class _Reading:
    """Has a decoder read its own tokens and those of others, while the speech is encoded.

    All are kept by the index of their window: a batch that ran out of memory comes again.
    """

    def __init__(self, decoder: WhisperDecoder, given: Mapping[str, Windows]) -> None:
        self._decoder = decoder
        self._others = given
        self.windows: dict[int, tuple[int, ...]] = {}
        self.drawn: dict[int, bool] = {}
        self.own: dict[int, list[float]] = {}
        self.given: dict[str, dict[int, list[float]]] = {name: {} for name in given}

    def read(self, batch: DecodedBatch) -> None:
        """Take a batch that has just been decoded."""
        indices = [window.index for window in batch.windows]
        eot_id = self._decoder.checkpoint.eot_id
        own = [(*d.tokens, eot_id) if d.finished else d.tokens for d in batch.decoded]
        self.windows.update(zip(indices, own, strict=True))
        drawn = [decoded.temperature > 0 for decoded in batch.decoded]
        self.drawn.update(zip(indices, drawn, strict=True))
        self.own.update(zip(indices, self._leads(batch, own), strict=True))
        for name, windows in self._others.items():
            if indices[-1] >= len(windows):
                raise ToolkitError(
                    f"{name} cut the recording into {len(windows)} windows, this device into more"
                )
            tokens = [windows[index] for index in indices]
            self.given[name].update(zip(indices, self._leads(batch, tokens), strict=True))

    @staticmethod
    def joined(leads: Mapping[int, Sequence[float]]) -> tuple[float, ...]:
        """Return the leads of all windows in order."""
        return rounded_leads([lead for _, window in sorted(leads.items()) for lead in window])

    def _leads(self, batch: DecodedBatch, tokens: Windows) -> list[list[float]]:
        return self._decoder.leads(batch.encoded, batch.prompts, tokens, timestamps=True)


def _why_no_text(result: TranscriptionResult) -> str | None:
    if result.windows == 0:
        return "no speech was found in it, so no window went through the model; use speech"
    if not result.text.strip():
        return "no word was heard in it; use speech"
    return None
