"""The programs that whisper.py measures: this project's engine and others, loaded the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from speech_toolkit.device import Device

# A file, or float32 (N,) at 16 kHz -> what is written as JSON, at least "text".
Transcribe = Callable[["np.ndarray | Path"], dict[str, Any]]


@dataclass(frozen=True)
class Task:
    """What every program is given.

    Attributes:
        model: checkpoint directory.
        device: name for torch.
        dtype: name of the dtype.
        batch_size: windows that run together.
        minutes: of audio.
        tokens: generated for each window, None for as many as the model wants.
        faster_whisper: directory of the model converted for it, or None.
        threads: of a CPU; None for as many as torch takes.
        decode_graph: of the engine, see `Transcriber.load`.
    """

    model: str
    device: str
    dtype: str
    batch_size: int
    minutes: float
    tokens: int | None
    faster_whisper: str | None = None
    threads: int | None = None
    decode_graph: str = "auto"


class WindowCount:
    """Counts the rows that go through an encoder."""

    def __init__(self, encoder: Any) -> None:
        self.windows = 0
        encoder.register_forward_hook(self._add)

    def _add(self, module: Any, arguments: Any, output: Any) -> None:
        self.windows += len(output[0])


def load_engine(task: Task, mode: str) -> tuple[Transcribe, WindowCount, Device]:
    """Return this project's engine in one of its modes."""
    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.transcription import Transcriber, TranscriptionSettings

    transcriber = Transcriber.load(
        task.model, task.device, task.dtype, decode_graph=task.decode_graph
    )
    settings = TranscriptionSettings(
        mode=mode,
        language="en",
        timestamps="none" if task.tokens or mode == "chunked" else "segment",
        temperatures=(0.0,),
        condition_on_previous_text=False,
        batch_size=task.batch_size,
        max_new_tokens=task.tokens,
        no_speech_threshold=None if task.tokens else 0.6,
    )

    def transcribe(audio: np.ndarray | Path) -> dict[str, Any]:
        if not isinstance(audio, Path):
            audio = Waveform(audio, 16_000, "talk", 16_000, 1, ())
        return transcriber.transcribe(audio, settings).to_dict()

    count = WindowCount(transcriber.decoder.model.model.encoder)
    return transcribe, count, transcriber.device


def heard(audio: np.ndarray | Path) -> np.ndarray:
    """Return samples at 16 kHz; a file must be at that rate, which is the quickest to read."""
    import soundfile

    if not isinstance(audio, Path):
        return audio
    samples, rate_hz = soundfile.read(audio, dtype="float32")
    if rate_hz != 16_000 or samples.ndim > 1:
        raise ValueError(f"{audio}: give a mono file at 16 kHz")
    return samples


def load_transformers(task: Task) -> tuple[Any, Any, Any, Device]:
    """Return transformers' model, tokenizer and feature extractor, and the device."""
    from speech_toolkit.device import parse_dtype, select_device

    device = select_device(task.device)
    from transformers import (
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizerFast,
    )
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    model = WhisperForConditionalGeneration.from_pretrained(
        task.model, dtype=parse_dtype(task.dtype)
    )
    return (
        model.to(device.name).eval(),
        WhisperTokenizerFast.from_pretrained(task.model),
        WhisperFeatureExtractor.from_pretrained(task.model),
        device,
    )


def generation_arguments(task: Task) -> dict[str, Any]:
    """Return what makes generate() decode greedily, as the engine does."""
    limit = {"max_new_tokens": task.tokens} if task.tokens else {}
    return {"num_beams": 1, "do_sample": False, "language": "en", "task": "transcribe"} | limit


def load_pipeline(task: Task, chunk_s: float) -> tuple[Transcribe, WindowCount, Device]:
    """Return transformers' pipeline over overlapping chunks."""
    from transformers import pipeline

    model, tokenizer, extractor, device = load_transformers(task)
    recognise = pipeline(
        "automatic-speech-recognition",
        model=model,
        tokenizer=tokenizer,
        feature_extractor=extractor,
        chunk_length_s=chunk_s,
        batch_size=task.batch_size,
        device=device.name,
    )

    def transcribe(audio: np.ndarray | Path) -> dict[str, Any]:
        inputs = {"raw": heard(audio), "sampling_rate": 16_000}
        return recognise(inputs, generate_kwargs=generation_arguments(task))

    return transcribe, WindowCount(model.model.encoder), device


def load_sequential(task: Task) -> tuple[Transcribe, WindowCount, Device]:
    """Return transformers' sequential long-form generate()."""
    import torch

    model, tokenizer, extractor, device = load_transformers(task)

    def transcribe(audio: np.ndarray | Path) -> dict[str, Any]:
        inputs = extractor(
            heard(audio),
            sampling_rate=16_000,
            return_tensors="pt",
            truncation=False,
            padding="longest",
            return_attention_mask=True,
        )
        with torch.inference_mode():
            ids = model.generate(
                inputs.input_features.to(device.name, model.dtype),
                attention_mask=inputs.attention_mask.to(device.name),
                return_timestamps=True,
                condition_on_prev_tokens=False,
                **generation_arguments(task),
            )
        return {"text": tokenizer.batch_decode(ids, skip_special_tokens=True)[0]}

    return transcribe, WindowCount(model.model.encoder), device


def load_faster_whisper(task: Task) -> tuple[Transcribe, None, Device]:
    """Return faster-whisper's batched pipeline."""
    from speech_toolkit.device import select_device

    device = select_device(task.device)
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(task.faster_whisper, device=device.type, compute_type=task.dtype)
    recognise = BatchedInferencePipeline(model)
    limit: dict[str, Any] = {}
    if task.tokens:
        eot_id = model.hf_tokenizer.token_to_id("<|endoftext|>")
        # CTranslate2 writes at most half of what there is room for, the prompt of four included.
        limit = {"max_new_tokens": 2 * task.tokens - 2, "suppress_tokens": [-1, eot_id]}

    def transcribe(audio: np.ndarray | Path) -> dict[str, Any]:
        segments, _ = recognise.transcribe(
            str(audio) if isinstance(audio, Path) else audio,
            batch_size=task.batch_size,
            beam_size=1,
            temperature=0.0,
            language="en",
            **limit,
        )
        found = [{"start_s": s.start, "end_s": s.end, "text": s.text.strip()} for s in segments]
        return {"text": " ".join(segment["text"] for segment in found), "segments": found}

    return transcribe, None, device


PROGRAMS: dict[str, Callable[[Task], tuple[Transcribe, WindowCount | None, Device]]] = {
    "chunked": lambda task: load_engine(task, "chunked"),
    "pipeline, 30 s chunks": lambda task: load_pipeline(task, 30.0),
    "pipeline, 25 s chunks": lambda task: load_pipeline(task, 25.0),
    "transcribe": lambda task: load_engine(task, "transcribe"),
    "generate, sequential": load_sequential,
    "faster-whisper, batched": load_faster_whisper,
}
