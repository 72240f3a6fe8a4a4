"""What runs in the processes of a comparison of one recording on two devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from speech_toolkit.device.fallbacks import noted_fallbacks
from speech_toolkit.evaluation.accuracy.lead_shift import LeadEvidence, each_alone
from speech_toolkit.evaluation.accuracy.on_device import FAULT_SIZES
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.models.planted_faults import (
    middle_layer,
    planted_noise,
    smallest_noticed,
)
from speech_toolkit.evaluation.thresholds import Threshold
from speech_toolkit.processes.child import spare_loaded
from speech_toolkit.transcription.decoded import DecodedBatch, Reading
from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.windows.window import Piece, Window

if TYPE_CHECKING:
    from speech_toolkit.transcription.transcriber import Transcriber

MOST_READ_WINDOWS = 8


def transcribe_side(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Transcribe on one device.

    Args:
        payload: ``request``, that of :class:`WhisperRequest`; and ``questions`` about what the
            other device generated, or None: its ``readings``, the ``format`` of its numbers, and
            the ``limits`` of the tests of leads.

    Returns:
        ``heard`` and ``result``; ``readings``, the first windows that were decoded; ``answers`` to
        the questions, or None; ``fallback_ops``, which ran on the CPU instead. No arrays.
    """
    from speech_toolkit.transcription.transcriber import Transcriber

    request = WhisperRequest.from_payload(payload["request"])
    transcriber = Transcriber.for_request(request)
    spare_loaded()
    found: dict[int, Reading] = {}
    result = transcriber.transcribe(
        request.audio,
        request.settings,
        on_batch=lambda batch: _collect(batch, found, transcriber.checkpoint.eot_id),
    )
    readings = [found[index] for index in sorted(found)]
    heard = _heard(result, readings, transcriber.leads(request.audio, readings), transcriber)
    answers = None
    if payload["questions"] and payload["questions"]["readings"]:
        answers = _answers(transcriber, request, payload["questions"])
    return {
        "heard": asdict(heard),
        "result": result.to_dict(),
        "readings": [asdict(reading) for reading in readings],
        "answers": answers,
        "fallback_ops": noted_fallbacks(),
    }, {}


def _collect(batch: DecodedBatch, readings: dict[int, Reading], eot_id: int) -> None:
    """Keep the first windows as they were decoded; one that ran out of memory comes once."""
    for window, prompt, decoded in zip(batch.windows, batch.prompts, batch.decoded, strict=True):
        if window.index < MOST_READ_WINDOWS:
            tokens = (*decoded.tokens, eot_id) if decoded.finished else decoded.tokens
            readings[window.index] = Reading(window, prompt, tokens)


def _heard(
    result: Any, readings: Sequence[Reading], leads: Sequence[Sequence[float]], loaded: Transcriber
) -> Heard:
    tokens = [token for window in result.tokens for token in window]
    is_drawn = result.settings["temperatures"][0] > 0
    return Heard(
        text=result.text,
        choices=tuple(tokens),
        margins=tuple(margin for window in result.margins or () for margin in window),
        spelling=tuple(_spell(token, loaded) for token in tokens),
        windows=tuple(reading.tokens for reading in readings),
        leads=tuple(lead for window in leads for lead in window),
        drawn=(is_drawn,) * len(readings),
    )


def _answers(
    transcriber: Transcriber, request: WhisperRequest, questions: Mapping[str, Any]
) -> dict[str, Any]:
    """Read what the other device generated: as it is, rounded, and with faults planted."""
    from speech_toolkit.evaluation.models.rounding import rounded_numbers

    readings = [_reading(entry) for entry in questions["readings"]]
    model, number_format = transcriber.decoder.model, questions["format"]
    name = middle_layer(model)
    limits = [Threshold(**limit) for limit in questions["limits"]]

    def read() -> list[float]:
        windows = transcriber.leads(request.audio, readings)
        return [lead for window in windows for lead in window]

    exact = read()
    with rounded_numbers(model, number_format):
        rounded = read()
    evidence = LeadEvidence(each_alone(exact), each_alone(rounded))

    def noticed_by(size: float) -> list[str]:
        with rounded_numbers(model, number_format), planted_noise(model, name, size):
            leads = each_alone(read())
        return evidence.failures(leads, [each > 0 for each in leads], limits)

    return {
        "exact": exact,
        "rounded": rounded,
        "sensitivity": {"module": name, **smallest_noticed(noticed_by, FAULT_SIZES)},
    }


def _reading(entry: Mapping[str, Any]) -> Reading:
    pieces = tuple(Piece(**piece) for piece in entry["window"]["pieces"])
    window = Window(**(entry["window"] | {"pieces": pieces}))
    return Reading(window, tuple(entry["prompt"]), tuple(entry["tokens"]))


def _spell(token: int, transcriber: Transcriber) -> str:
    """Return the text of a token, or the time that it stands for."""
    since_begin = token - transcriber.checkpoint.timestamp_begin_id
    if since_begin < 0:
        return transcriber.decoder.tokenizer.decode([token])
    return f"<|{since_begin * transcriber.checkpoint.timestamp_step_s:.2f}|>"
