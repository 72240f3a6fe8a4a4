"""Windows decoded in several ways, token for token."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.decoder_step import Case, theirs, windows_of_talk
from benchmarks.whisper_programs import Task

Row = tuple[list[int], list[float]]  # of a window: its tokens, and the lead of each, in nats


def token_rows(task: Task, windows: int) -> list[dict[str, Any]]:
    """Compare graphs and none, a batch and window by window, and generate(), in this process."""
    import torch
    from transformers import WhisperForConditionalGeneration
    from transformers.utils import logging

    from speech_toolkit.transcription import Transcriber

    logging.disable_progress_bar()
    features = windows_of_talk(task.model, windows)
    ways = {}
    for graph in ("auto", "off"):
        transcriber = Transcriber.load(task.model, task.device, task.dtype, decode_graph=graph)
        ways[graph] = decoded(transcriber, features, windows, task.tokens)
        if graph == "auto":
            ways["one"] = decoded(transcriber, features, 1, task.tokens)
            encoded = transcriber.decoder.encode(features)
            prompt = transcriber.checkpoint.sot_sequence("en", "transcribe", False)
    model = WhisperForConditionalGeneration.from_pretrained(task.model, dtype=transcriber.dtype)
    case = Case("", False, windows, task.tokens)
    with torch.inference_mode():
        written = theirs(model.to(task.device).eval(), encoded, prompt, case)(task.tokens)
    return [
        compared(f"a batch of {windows}: graphs as they come, or none", ways["auto"], ways["off"]),
        compared(f"a batch of {windows}, or one by one", ways["auto"], ways["one"]),
        compared("this project, or generate()", ways["auto"], [(row, []) for row in written]),
    ]


def decoded(transcriber: Any, features: Any, batch_size: int, tokens: int | None) -> list[Row]:
    """Return what windows yield in batches of a size."""
    from speech_toolkit.transcription.decoded import DecodingOptions

    prompt = transcriber.checkpoint.sot_sequence("en", "transcribe", False)
    options = DecodingOptions(timestamps=False, max_new_tokens=tokens, record_margins=True)
    found = []
    for batch in features.split(batch_size):
        encoded = transcriber.decoder.encode(batch)
        found += transcriber.decoder.decode(encoded, [prompt] * len(batch), options)
    return [(list(each.tokens), list(each.margins)) for each in found]


def compared(ways: str, first: Sequence[Row], second: Sequence[Row]) -> dict[str, Any]:
    """Count windows with the same tokens.

    Returns:
        ``largest_lead`` is the largest of the leads, as the first way has them, of the tokens at
        which windows part; 0 where none do.
    """
    leads = [
        next(lead for mine, lead, other in zip(own, margins, theirs, strict=True) if mine != other)
        for (own, margins), (theirs, _) in zip(first, second, strict=True)
        if own != theirs
    ]
    return {
        "ways": ways,
        "windows": len(first),
        "same": len(first) - len(leads),
        "largest_lead": max(leads, default=0.0),
    }
