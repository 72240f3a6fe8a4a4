"""What the evaluations ask of a loaded model: the protocol that each file of a family keeps.

Three questions are put to a model: what it computes from given numbers (parity), what it hears in a
recording (accuracy), and how long it takes for one (speed). Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from speech_toolkit.device.precision import HIGHEST

if TYPE_CHECKING:
    import numpy as np
    import torch

    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.device import Device
    from speech_toolkit.evaluation.models.heard import Heard

Windows = Sequence[Sequence[int]]


@dataclass(frozen=True)
class ModelSettings:
    """How a model is loaded and run; ``asdict`` gives its form for JSON.

    Attributes:
        model_path: a checkpoint's directory.
        device: auto, npu, npu:N, cuda, cuda:N or cpu.
        dtype: name of the dtype.
        attn_implementation: attention kernel; None for the one transformers picks.
        batch_size: windows of a recording that run together where it is heard; None for what suits
            the device.
        decode_graph: "auto", "on" or "off"; of Whisper only.
        max_new_tokens: most tokens for one window where time is measured; of Whisper only, None for
            the model's limit.
        language: of the transcripts, which picks the adapter of a CTC checkpoint that has one for
            each language; None for its default.
        float32_precision: "highest", or "high" where a card may round float32's products.
    """

    model_path: str
    device: str
    dtype: str
    attn_implementation: str | None = None
    batch_size: int | None = None
    decode_graph: str = "auto"
    max_new_tokens: int | None = None
    language: str | None = None
    float32_precision: str = HIGHEST


@dataclass(frozen=True)
class Work:
    """What one run did.

    Attributes:
        stage_times_s: seconds per stage, in order.
        output: best label of each frame, or the generated tokens of all windows in order.
        batch_size: windows that ran together at the end, below what was allowed where there are
            fewer, or after an out-of-memory.
        windows: how many windows the model was given.
        tokens: how many tokens were generated; None where the family generates none.
        no_evidence: why the times of such a run prove nothing; None where they do.
        warnings: what the user should know.
    """

    stage_times_s: dict[str, float]
    output: tuple[int, ...] = field(repr=False)
    batch_size: int
    windows: int
    tokens: int | None
    no_evidence: str | None = None
    warnings: tuple[str, ...] = ()


class EvaluatedModel(Protocol):
    """A model, loaded as the scripts for users load it.

    Attributes:
        device: where it runs.
        model: the module, in evaluation mode.
        load_s: seconds from the import of torch to the weights on the device.
        facts: what the model is, for reports.
    """

    device: Device
    model: torch.nn.Module
    load_s: float
    facts: dict[str, Any]

    def make_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Turn a waveform into what every device is given; only the reference is asked."""

    def own_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return those inputs that the device itself makes of a waveform in everyday use."""

    def forward(self, inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Run the model once; return its outputs by name, in order, on the device."""

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return what the model is for, ready for JSON, where the outputs do not give it."""

    def hear(
        self, case: Mapping[str, Any], given: Mapping[str, Windows]
    ) -> tuple[Heard, dict[str, list[float]]]:
        """Take one recording through the model.

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

    def run(self, waveform: Waveform, batch_size: int, *, exact: bool) -> Work:
        """Take a waveform through the model in the windows of everyday use, its stages timed.

        Args:
            waveform: of any length.
            batch_size: windows that may run together.
            exact: whether the device is waited for around each stage.
        """


def model_facts(model: Any) -> dict[str, Any]:
    """Return what reports say of a model of transformers."""
    parameters = list(model.parameters())
    return {
        "class": type(model).__name__,
        "parameters": sum(parameter.numel() for parameter in parameters),
        "weights_bytes": sum(parameter.nbytes for parameter in parameters),
        "dtype": str(model.dtype).removeprefix("torch."),
        "attn_implementation": model.config._attn_implementation,
    }
