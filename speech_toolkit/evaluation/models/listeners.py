"""The two model families behind one call, for what they hear: a case in, text and choices out.

Dimensions: T frames of a recording, V labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.models.heard import MMS, Heard
from speech_toolkit.progress import UNWATCHED

if TYPE_CHECKING:
    from torch import nn

    from speech_toolkit.transcription.decoded import DecodedBatch

_DIGITS = 5
Windows = Sequence[Sequence[int]]


class Listener(Protocol):
    """A loaded model that hears one case after the other, as the scripts for users run it.

    Attributes:
        model: the network.
    """

    model: nn.Module

    def hear(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> tuple[Heard, dict[str, list[float]]]:
        """Take one case through the model.

        Args:
            case: its ``audio_path``, ``text`` and ``language``.
            given: the choices of other devices in this case, by their names.

        Returns:
            What it hears; and for each of ``given`` how far ahead every choice is here, in nats.

        Raises:
            ToolkitError: the case cannot be used.
        """

    def leads(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> dict[str, list[float]]:
        """Return the leads of choices that are given, as :meth:`hear` does, and hear nothing.

        Raises:
            ToolkitError: the case cannot be used.
        """

    def facts(self) -> dict[str, Any]:
        """Return what the model runs on, for the report."""


def load_listener(payload: Mapping[str, Any]) -> Listener:
    """Load the model that a payload of :mod:`hearing` describes.

    Raises:
        ToolkitError: it cannot be loaded.
    """
    return (Alignment if payload["family"] == MMS else Transcription)(payload)


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
        self._batch_size = payload["batch_size"]
        vocabulary = self._aligner.checkpoint.vocabulary
        self._blank = vocabulary.blank_id
        self._letters = {column: letter for letter, column in vocabulary.ids.items()}
        if vocabulary.word_separator_id is not None:
            self._letters[vocabulary.word_separator_id] = " "

    def hear(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> tuple[Heard, dict[str, list[float]]]:
        """See :class:`Listener`."""
        log_probs_TV, truth, word_times = self._align(case)
        labels_T, leads_T = best_labels(log_probs_TV)
        labels = tuple(labels_T.tolist())
        heard = Heard(
            text=self._spell(spelt_labels(labels_T, self._blank)),
            truth=truth,
            choices=labels,
            margins=_rounded(leads_T.tolist()),
            spelling=tuple(self._letters.get(label, "") for label in labels),
            word_times=word_times,
            windows=(labels,),
            leads=_rounded(leads_T.tolist()),
            drawn=(False,),
        )
        return heard, {name: leads_of(log_probs_TV, windows[0]) for name, windows in given.items()}

    def leads(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> dict[str, list[float]]:
        """See :class:`Listener`."""
        log_probs_TV = self._align(case)[0]
        return {name: leads_of(log_probs_TV, windows[0]) for name, windows in given.items()}

    def facts(self) -> dict[str, Any]:
        """See :class:`Listener`."""
        return {
            "environment": self._aligner.device.facts(),
            "model_dtype": str(self.model.dtype),
            "model_load_s": round(self._aligner.model_load_time, 3),
        }

    def _align(self, case: Mapping[str, Any]) -> tuple[np.ndarray, str, tuple[dict[str, Any], ...]]:
        """Return log-probabilities (T, V), the labels that should be heard, and the words."""
        from speech_toolkit.alignment.preparation import AlignmentSettings, prepare_input

        settings = AlignmentSettings(language=case["language"], batch_size=self._batch_size)
        prepared = prepare_input(
            case["audio_path"], case["text"], self._aligner.checkpoint, settings
        )
        emissions: list[np.ndarray] = []
        result = self._aligner.align_prepared(
            prepared,
            settings,
            UNWATCHED,
            on_emissions=lambda heard: emissions.append(heard.log_probs),
        )
        words = tuple(word.to_dict() for word in result.words)
        return emissions[0], self._spell(prepared.labels.targets), words

    def _spell(self, labels: np.ndarray) -> str:
        return "".join(self._letters.get(label, "") for label in labels.tolist())


class Transcription:
    """A recogniser in batches of windows, with its second tries at other temperatures."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        from speech_toolkit.transcription.transcriber import Transcriber

        self._transcriber = Transcriber.load(
            payload["model_path"],
            payload["device"],
            payload["dtype"],
            payload["attn_implementation"],
            payload["decode_graph"],
        )
        self.model = self._transcriber.decoder.model
        self._batch_size = payload["batch_size"]

    def hear(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> tuple[Heard, dict[str, list[float]]]:
        """See :class:`Listener`."""
        return self._run(case, given, quick=False)

    def leads(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> dict[str, list[float]]:
        """See :class:`Listener`."""
        return self._run(case, given, quick=True)[1]

    def facts(self) -> dict[str, Any]:
        """See :class:`Listener`."""
        return {
            "environment": self._transcriber.device.facts(),
            "model_dtype": str(self._transcriber.dtype),
            "model_load_s": round(self._transcriber.model_load_s, 3),
        }

    def _run(
        self, case: Mapping[str, Any], given: Mapping[str, Windows], *, quick: bool
    ) -> tuple[Heard, dict[str, list[float]]]:
        """Transcribe; ``quick`` generates one token a window, enough for reading given ones."""
        from speech_toolkit.transcription.settings import TranscriptionSettings

        settings = TranscriptionSettings(
            mode="chunked",
            language=case["language"],
            batch_size=self._batch_size,
            record_margins=True,
        )
        if quick:
            settings = replace(settings, max_new_tokens=1, temperatures=(0.0,))
        reading = _Reading(self._transcriber.decoder, given)
        result = self._transcriber.transcribe(case["audio_path"], settings, on_batch=reading.read)
        tokens = [token for window in result.tokens for token in window]
        heard = Heard(
            text=result.text,
            truth=case["text"],
            choices=tuple(tokens),
            margins=_rounded([m for window in result.margins or () for m in window]),
            spelling=self._spell(tokens),
            windows=tuple(window for _, window in sorted(reading.windows.items())),
            leads=reading.joined(reading.own),
            drawn=tuple(drawn for _, drawn in sorted(reading.drawn.items())),
        )
        return heard, {
            name: list(reading.joined(windows)) for name, windows in reading.given.items()
        }

    def _spell(self, tokens: list[int]) -> tuple[str, ...]:
        tokenizer = self._transcriber.decoder.tokenizer
        return tuple(tokenizer.batch_decode([[t] for t in tokens], decode_with_timestamps=True))


class _Reading:
    """Has a decoder read its own tokens and those of others, while the speech is encoded.

    All are kept by the index of their window: a batch that ran out of memory comes again.
    """

    def __init__(self, decoder: Any, given: Mapping[str, Windows]) -> None:
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
        return _rounded([lead for _, window in sorted(leads.items()) for lead in window])

    def _leads(self, batch: DecodedBatch, tokens: Windows) -> list[list[float]]:
        return self._decoder.leads(batch.encoded, batch.prompts, tokens, timestamps=True)


def best_labels(log_probs_TV: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best label of each frame and its lead over the second best, both of shape (T,)."""
    best_T2 = np.partition(log_probs_TV, -2, axis=1)[:, -2:]
    return log_probs_TV.argmax(axis=1), best_T2[:, 1] - best_T2[:, 0]


def leads_of(log_probs_TV: np.ndarray, labels: Sequence[int]) -> list[float]:
    """Return how far ahead each frame's given label is of the best other one, in nats."""
    labels_T1 = np.asarray(labels)[:, None]
    given_T = np.take_along_axis(log_probs_TV, labels_T1, axis=1)[:, 0]
    others_TV = log_probs_TV.copy()
    np.put_along_axis(others_TV, labels_T1, -np.inf, axis=1)
    return list(_rounded((given_T - others_TV.max(axis=1)).tolist()))


def spelt_labels(labels_T: np.ndarray, blank: int) -> np.ndarray:
    """Return the labels that a path spells: repeats taken together, blanks left out."""
    spelt = labels_T[np.diff(labels_T, prepend=-1) != 0]
    return spelt[spelt != blank]


def _rounded(leads: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(lead, _DIGITS) for lead in leads)
