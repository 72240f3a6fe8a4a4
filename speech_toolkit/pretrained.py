"""Load the weights of a transformers checkpoint onto a device, and refuse those that do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from speech_toolkit.checkpoint import CONFIG_NAME
from speech_toolkit.device import is_out_of_memory
from speech_toolkit.errors import CheckpointError, DeviceError, UsageError, first_line

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from speech_toolkit.device import Device

    Model = TypeVar("Model", bound=PreTrainedModel)


def load_model(
    model_class: type[Model],
    directory: Path,
    device: Device,
    dtype: torch.dtype,
    attn_implementation: str | None = None,
    *,
    may_lack: Set[str] = frozenset(),
) -> Model:
    """Load the weights in ``dtype`` onto ``device``, in evaluation mode.

    The dtype is always passed on, so that the one the checkpoint was stored in never decides.

    Args:
        model_class: the transformers class that the checkpoint is of.
        directory: a local checkpoint.
        device: where the model goes.
        dtype: of the weights and the computation.
        attn_implementation: attention kernel; None for the one transformers picks.
        may_lack: names of tensors that the model does without.

    Raises:
        CheckpointError: the weights do not fill the model, or a file of the two is damaged.
        DeviceError: the model does not fit into the device's memory.
        UsageError: the attention implementation is not to be had here.
    """
    model, loading = _load_on_host(model_class, directory, dtype, attn_implementation)
    _check_filled(model_class.__name__, directory, loading, may_lack)
    try:
        return model.to(device.name).eval()
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        size = sum(parameter.nbytes for parameter in model.parameters())
        raise DeviceError(
            f"{device.name}: out of memory for the model's {size / 2**20:.0f} MiB of weights; "
            "free the device, pick another, or use --dtype float16"
        ) from error


def _load_on_host(
    model_class: type[Model], directory: Path, dtype: torch.dtype, attn_implementation: str | None
) -> tuple[Model, Mapping[str, Any]]:
    """Load the whole model in ``dtype``; raise the errors of :func:`load_model`."""
    from pickle import UnpicklingError

    from safetensors import SafetensorError
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    options = {"attn_implementation": attn_implementation} if attn_implementation else {}
    try:
        return model_class.from_pretrained(
            directory,
            dtype=dtype,
            local_files_only=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **options,
        )
    except (SafetensorError, UnpicklingError, EOFError, OSError) as error:
        raise CheckpointError(
            f"{directory}: its weights cannot be read ({first_line(error)}); "
            "the file is damaged or incomplete, download it again"
        ) from error
    except (ImportError, ValueError) as error:
        if attn_implementation is None:
            raise CheckpointError(
                f"{directory}: its {CONFIG_NAME} does not make a model "
                f"({first_line(error)}); download it again"
            ) from error
        raise UsageError(
            f"--attn_implementation {attn_implementation}: {first_line(error)}"
        ) from error


def _check_filled(
    architecture: str, directory: Path, loading: Mapping[str, Any], may_lack: Set[str]
) -> None:
    """Refuse weights that leave a part of the model at its initial values, or layers unused."""
    missing = sorted(set(loading["missing_keys"]) - may_lack)
    if missing:
        raise CheckpointError(
            f"{directory}: its weights lack {len(missing)} tensors of {architecture}, "
            f"{missing[0]} first; this is another model's file, or a damaged one"
        )
    unused = sorted(key for key in loading["unexpected_keys"] if ".layers." in key)
    if unused:
        raise CheckpointError(
            f"{directory}: its weights hold {len(unused)} tensors of layers that config.json does "
            f"not name, {unused[0]} first; the two files are of different checkpoints"
        )
    mismatched = sorted(
        entry if isinstance(entry, str) else entry[0]  # transformers 4: a name; 5: with its shapes
        for entry in loading["mismatched_keys"]
    )
    if mismatched:
        raise CheckpointError(
            f"{directory}: {mismatched[0]} and {len(mismatched) - 1} more tensors have other "
            "shapes than config.json gives; the two files are of different checkpoints"
        )
