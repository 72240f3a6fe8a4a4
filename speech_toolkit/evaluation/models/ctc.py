"""A CTC model as evaluations see it: an aligner that hears letters and finds the times of words.

Dimensions: B windows, T frames of a recording, V labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.models.labels import (
    best_labels,
    leads_of,
    rounded_leads,
    spelt_labels,
)
from speech_toolkit.evaluation.models.protocol import ModelSettings, Windows, Work, model_facts
from speech_toolkit.progress import UNWATCHED
from speech_toolkit.transcription.stage_clock import StageClock

if TYPE_CHECKING:
    import torch

    from speech_toolkit.audio.waveform import Waveform

_KEPT = "kept"
_REPORTED_NAMES = {"input_values": "waveform"}  # reports call a model's argument so


class CtcModel:
    """An Aligner, asked what evaluations ask; see :class:`EvaluatedModel`."""

    def __init__(self, settings: ModelSettings) -> None:
        from speech_toolkit.alignment.aligner import Aligner

        self._aligner = Aligner.load(
            settings.model_path,
            settings.device,
            settings.dtype,
            settings.attn_implementation,
            settings.language,
            float32_precision=settings.float32_precision,
        )
        self._batch_size = settings.batch_size
        self._checkpoint = self._aligner.checkpoint
        vocabulary = self._checkpoint.vocabulary
        self._blank = vocabulary.blank_id
        self._letters = vocabulary.written_as
        self.device = self._aligner.device
        self.model = self._aligner.model
        self.load_s = self._aligner.model_load_time
        self.facts = model_facts(self.model)

    def make_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return the model's arguments for B windows, and which rows count, "kept" (B, 2)."""
        from speech_toolkit.alignment.preparation import AlignmentSettings
        from speech_toolkit.alignment.windows import cut_windows
        from speech_toolkit.audio.waveform import Waveform

        settings, rate_hz = AlignmentSettings(), self._checkpoint.geometry.sample_rate_hz
        cut = cut_windows(
            Waveform(samples, rate_hz, "samples", rate_hz, 1),
            self._checkpoint,
            settings.window_s,
            settings.context_s,
        )
        kept = [cut.plan.kept_rows(window) for window in range(len(cut.plan))]
        inputs = cut.inputs(range(len(cut.plan)))
        return {_REPORTED_NAMES.get(name, name): array for name, array in inputs.items()} | {
            _KEPT: np.array([[rows.start, rows.stop] for rows in kept])
        }

    def own_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return nothing: the host makes them."""
        return {}

    def forward(self, inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Return "logits", (T, V); the windows run in batches of the product's size."""
        import torch

        from speech_toolkit.alignment.window_runner import to_device

        argument_of = {reported: name for name, reported in _REPORTED_NAMES.items()}
        windows = {argument_of.get(name, name): inputs[name] for name in inputs if name != _KEPT}
        kept, size = inputs[_KEPT].tolist(), self.device.default_batch_size
        logits = []
        for first in range(0, len(kept), size):
            batch = {name: array[first : first + size] for name, array in windows.items()}
            logits += self.model(**to_device(batch, self.model.dtype, self.device)).logits
        return {"logits": torch.cat([rows[a:b] for rows, (a, b) in zip(logits, kept, strict=True)])}

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return nothing: word boundaries follow from the logits."""
        return {}

    def hear(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> tuple[Heard, dict[str, list[float]]]:
        """Spell the best labels and align the case's text."""
        log_probs_TV, truth, word_times = self._align(case)
        labels_T, leads_T = best_labels(log_probs_TV)
        labels, leads = tuple(labels_T.tolist()), rounded_leads(leads_T.tolist())
        heard = Heard(
            text=self._spell(spelt_labels(labels_T, self._blank)),
            truth=truth,
            choices=labels,
            margins=leads,
            spelling=tuple(self._letters.get(label, "") for label in labels),
            word_times=word_times,
            windows=(labels,),
            leads=leads,
            drawn=(False,),
        )
        return heard, {name: leads_of(log_probs_TV, windows[0]) for name, windows in given.items()}

    def leads(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> dict[str, list[float]]:
        """Return how far ahead given labels are here."""
        log_probs_TV = self._align(case)[0]
        return {name: leads_of(log_probs_TV, windows[0]) for name, windows in given.items()}

    def run(self, waveform: Waveform, batch_size: int, *, exact: bool) -> Work:
        """Compute emissions, and search the best path of what they spell.

        So no transcript is needed: the cost of the search depends on how many labels there are,
        not on which.
        """
        from speech_toolkit.alignment.emissions import compute_emissions
        from speech_toolkit.alignment.preparation import AlignmentSettings
        from speech_toolkit.alignment.search.viterbi import forced_align

        clock = StageClock(self.device, exact=exact)
        settings = AlignmentSettings()
        with clock.stage("emissions"):
            emissions = compute_emissions(
                self.model,
                self._checkpoint,
                waveform,
                self.device,
                self._aligner.float32_model,
                window_s=settings.window_s,
                context_s=settings.context_s,
                batch_size=batch_size,
                wildcard=False,
                progress=UNWATCHED,
            )
        greedy_T = emissions.log_probs.argmax(axis=1)
        letters = spelt_labels(greedy_T, self._blank)
        with clock.stage("alignment"):
            forced_align(emissions.log_probs, letters, self._blank)
        return Work(
            stage_times_s=clock.seconds,
            output=tuple(greedy_T.tolist()),
            batch_size=min(emissions.batch_size, emissions.windows),
            windows=emissions.windows,
            tokens=None,
            no_evidence=None if len(letters) else "no letter was heard in it; use speech",
            warnings=emissions.warnings,
        )

    def _align(self, case: Mapping[str, Any]) -> tuple[np.ndarray, str, tuple[dict[str, Any], ...]]:
        """Return log-probabilities (T, V), the labels that should be heard, and the words."""
        from speech_toolkit.alignment.preparation import AlignmentSettings, prepare_input

        settings = AlignmentSettings(language=case["language"], batch_size=self._batch_size)
        prepared = prepare_input(case["audio_path"], case["text"], self._checkpoint, settings)
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
