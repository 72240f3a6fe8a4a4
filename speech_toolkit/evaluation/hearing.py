"""What a model hears in each test case, on one device; runs in a process of its own.

Dimensions: T frames of a recording, V labels.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from speech_toolkit.command_line import Reporter
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.isolated_child import save_partial

if TYPE_CHECKING:
    from torch import nn

MMS, WHISPER = "mms", "whisper"
DISTURBED_MODULE = "encoder.layer_norm"
_MARGIN_DIGITS = 5
_SAVE_EVERY_S = 5.0


@dataclass(frozen=True)
class Heard:
    """What one device made of one case.

    Attributes:
        text: the transcript; of an aligner, the labels that its emissions spell.
        truth: what the text should be, in the same writing.
        choices: the ids that were chosen one after the other: generated tokens, or the best label
            of each frame.
        margins: for each choice its lead over the second best, in nats.
        spelling: each choice as text.
        word_times: of an aligner, the words of the transcript with their times, as in an
            alignment result.
        error: why there is nothing, in one line.
    """

    text: str = ""
    truth: str = ""
    choices: tuple[int, ...] = ()
    margins: tuple[float, ...] = ()
    spelling: tuple[str, ...] = ()
    word_times: tuple[dict[str, Any], ...] = ()
    error: str | None = None

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Heard:
        """Read what :func:`hear_cases` returned."""
        return cls(
            **{
                key: tuple(value) if isinstance(value, list) else value
                for key, value in entry.items()
            }
        )


def hear_cases(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Take all cases through a model on one device.

    Args:
        payload: ``family``, ``model_path``, ``device``, ``dtype``, ``attn_implementation``,
            ``cases`` (each with ``audio_path``, ``text`` and ``language``), and ``disturbance``:
            the size of a planted fault, or None.

    Returns:
        ``heard``, one entry per case, and what the run ran on; no arrays.

    Raises:
        ToolkitError: the model cannot be loaded. A case that fails is part of the result.
    """
    listener = (Alignment if payload["family"] == MMS else Transcription)(payload)
    if payload["disturbance"] is not None:
        disturb(listener.model, payload["disturbance"])
    result: dict[str, Any] = {"heard": [], **listener.facts()}
    saved = time.perf_counter()
    for case in payload["cases"]:
        try:
            heard = listener.hear(case)
        except ToolkitError as error:
            heard = Heard(error=str(error))
        result["heard"].append(asdict(heard))
        if time.perf_counter() - saved > _SAVE_EVERY_S:
            save_partial(result)
            saved = time.perf_counter()
    return result, {}


def disturb(model: nn.Module, relative_size: float) -> None:
    """Add noise to the gains of the encoder's last normalisation: a fault that devices can have.

    Every later layer sees all its inputs scaled wrongly, each channel in its own way.

    Args:
        model: on any device; changed in place.
        relative_size: root mean square of the noise over that of the gains.
    """
    import torch

    gains = next(
        module.weight for name, module in model.named_modules() if name.endswith(DISTURBED_MODULE)
    )
    noise = torch.randn(gains.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        size = gains.float().pow(2).mean().sqrt() * relative_size
        gains.add_((noise.to(gains.device) * size).to(gains.dtype))


class Listener(Protocol):
    """A loaded model that hears one case after the other.

    Attributes:
        model: the network.
    """

    model: nn.Module

    def hear(self, case: Mapping[str, Any]) -> Heard:
        """Take one case through the model.

        Raises:
            ToolkitError: the case cannot be used.
        """

    def facts(self) -> dict[str, Any]:
        """Return what the model runs on, for the report."""


class Alignment:
    """An aligner: hears letters, and finds the times of the words it is given."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        from speech_toolkit.alignment.aligner import Aligner

        self._aligner = Aligner.load(
            payload["model_path"],
            payload["device"],
            payload["dtype"],
            payload["attn_implementation"],
        )
        self.model = self._aligner.model
        vocabulary = self._aligner.checkpoint.vocabulary
        self._blank = vocabulary.blank_id
        self._letters = {column: letter for letter, column in vocabulary.ids.items()}
        if vocabulary.word_separator_id is not None:
            self._letters[vocabulary.word_separator_id] = " "

    def hear(self, case: Mapping[str, Any]) -> Heard:
        """See :class:`Listener`."""
        from speech_toolkit.alignment.inputs import AlignmentSettings, prepare_input

        settings = AlignmentSettings(language=case["language"])
        prepared = prepare_input(
            case["audio_path"], case["text"], self._aligner.checkpoint, settings
        )
        emissions: list[np.ndarray] = []
        result = self._aligner.align_prepared(
            prepared,
            settings,
            Reporter(quiet=True),
            on_emissions=lambda heard: emissions.append(heard.log_probs),
        )
        choices_T, margins_T = best_labels(emissions[0])
        return Heard(
            text=self._spell(spelt_labels(choices_T, self._blank)),
            truth=self._spell(prepared.labels.targets),
            choices=tuple(choices_T.tolist()),
            margins=_rounded(margins_T),
            spelling=tuple(self._letters.get(label, "") for label in choices_T.tolist()),
            word_times=tuple(word.to_dict() for word in result.words),
        )

    def facts(self) -> dict[str, Any]:
        """See :class:`Listener`."""
        return {
            "environment": self._aligner.device.facts(),
            "model_dtype": str(self.model.dtype),
            "model_load_s": round(self._aligner.model_load_time, 3),
        }

    def _spell(self, labels: np.ndarray) -> str:
        return "".join(self._letters.get(label, "") for label in labels.tolist())


class Transcription:
    """A recogniser, greedy and without a second try at another temperature."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        from speech_toolkit.transcription.transcriber import Transcriber

        self._transcriber = Transcriber.load(
            payload["model_path"],
            payload["device"],
            payload["dtype"],
            payload["attn_implementation"],
        )
        self.model = self._transcriber.decoder.model

    def hear(self, case: Mapping[str, Any]) -> Heard:
        """See :class:`Listener`."""
        from speech_toolkit.transcription.settings import TranscriptionSettings

        settings = TranscriptionSettings(
            language=case["language"], temperatures=(0.0,), record_margins=True
        )
        result = self._transcriber.transcribe(case["audio_path"], settings)
        tokens = [token for window in result.tokens for token in window]
        return Heard(
            text=result.text,
            truth=case["text"],
            choices=tuple(tokens),
            margins=_rounded(np.array([m for window in result.margins or () for m in window])),
            spelling=self._spell(tokens),
        )

    def facts(self) -> dict[str, Any]:
        """See :class:`Listener`."""
        return {
            "environment": self._transcriber.device.facts(),
            "model_dtype": str(self._transcriber.dtype),
            "model_load_s": round(self._transcriber.model_load_s, 3),
        }

    def _spell(self, tokens: list[int]) -> tuple[str, ...]:
        tokenizer = self._transcriber.decoder.tokenizer
        return tuple(tokenizer.batch_decode([[t] for t in tokens], decode_with_timestamps=True))


def best_labels(log_probs_TV: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best label of each frame and its lead over the second best, both of shape (T,)."""
    best_T2 = np.partition(log_probs_TV, -2, axis=1)[:, -2:]
    return log_probs_TV.argmax(axis=1), best_T2[:, 1] - best_T2[:, 0]


def spelt_labels(labels_T: np.ndarray, blank: int) -> np.ndarray:
    """Return the labels that a path spells: repeats taken together, blanks left out."""
    spelt = labels_T[np.diff(labels_T, prepend=-1) != 0]
    return spelt[spelt != blank]


def _rounded(margins: np.ndarray) -> tuple[float, ...]:
    return tuple(round(margin, _MARGIN_DIGITS) for margin in margins.tolist())
