"""Load the weights of a transformers checkpoint onto a device, and refuse those that do not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from speech_toolkit.checkpoint.architectures import shaping_keys
from speech_toolkit.checkpoint.files import CONFIG_NAME, read_json, weight_files
from speech_toolkit.checkpoint.folding import fold_weights
from speech_toolkit.checkpoint.weight_headers import read_headers
from speech_toolkit.checkpoint.weight_shapes import check_weights
from speech_toolkit.device import is_out_of_memory
from speech_toolkit.errors import CheckpointError, DeviceError, ToolkitError, UsageError, first_line
from speech_toolkit.files.json_input import shown_path

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

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
    folded: Collection[str] = (),
) -> Model:
    """Load the weights in ``dtype`` onto ``device``, in evaluation mode.

    The dtype is always passed on, so that the one the checkpoint was stored in never decides. Of
    its config, transformers sees the keys that shape the model and nothing else.

    Args:
        model_class: the transformers class that the checkpoint is of.
        directory: a local checkpoint.
        device: where the model goes.
        dtype: of the weights and the computation.
        attn_implementation: attention kernel; None for the one transformers picks.
        may_lack: names of tensors that the model does without.
        folded: names of modules whose weights may be parametrized; see :func:`fold_weights`.

    Raises:
        CheckpointError: the weights do not fill the model, or a file of the two is damaged.
        DeviceError: the model does not fit into the memory of the host or the device.
        UsageError: the attention implementation is not to be had here.
    """
    wide_class = _with_float32_modules(model_class, folded)
    model, loading = _load_on_host(wide_class, directory, dtype, attn_implementation)
    _check_filled(model_class.__name__, directory, loading, may_lack)
    fold_weights(model, folded, dtype)
    size = sum(parameter.nbytes for parameter in model.parameters())
    with device.errors(f"while its {size / 2**20:.0f} MiB of weights were loaded"):
        return model.to(device.name).eval()


@contextmanager
def transformers_quiet() -> Iterator[None]:
    """Let transformers say nothing below an error meanwhile, and show no progress of its own."""
    from transformers.utils import logging

    verbosity, shows_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shows_bars:
            logging.enable_progress_bar()


@contextmanager
def foreign_errors(directory: Path, what: str, advice: str = "download it again") -> Iterator[None]:
    """Turn whatever another package raises over a checkpoint's files into an error of ours.

    Args:
        directory: of the checkpoint.
        what: what is wrong, if anything is raised.
        advice: what the user can do, the end of the message.

    Raises:
        CheckpointError: something else than an error of ours, or lack of memory, was raised.
    """
    try:
        yield
    except (ToolkitError, MemoryError):
        raise
    # What odd files can end in is not to be listed: TypeError, KeyError, AssertionError,
    # RecursionError, validation errors of dataclasses, and plain Exception of tokenizers.
    except Exception as error:
        told = first_line(error)
        reason = told if " " in told else f"{type(error).__name__}: {told}"
        raise CheckpointError(f"{shown_path(directory)}: {what} ({reason}); {advice}") from error


def _with_float32_modules(model_class: type[Model], names: Collection[str]) -> type[Model]:
    """Return the class, its modules of these names loaded in float32 whatever the rest is in."""
    if not names:
        return model_class
    attributes = {
        "__module__": model_class.__module__,  # whose source transformers looks into
        "_keep_in_fp32_modules_strict": list(names),
    }
    return type(model_class.__name__, (model_class,), attributes)


def _load_on_host(
    model_class: type[Model], directory: Path, dtype: torch.dtype, attn_implementation: str | None
) -> tuple[Model, Mapping[str, Any]]:
    """Load the whole model in ``dtype``; raise the errors of :func:`load_model`."""
    from safetensors import SafetensorError
    from transformers import GenerationConfig

    options = {"attn_implementation": attn_implementation} if attn_implementation else {}
    if model_class.can_generate():
        options["generation_config"] = GenerationConfig()  # ours rule; the file's is not read here
    with (
        foreign_errors(directory, "transformers makes no model of its files"),
        transformers_quiet(),
    ):
        config = _model_config(model_class, directory)
        check_weights(directory, config, read_headers(weight_files(directory)))
        try:
            return model_class.from_pretrained(
                directory,
                config=config,
                dtype=dtype,
                local_files_only=True,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
                **options,
            )
        except (SafetensorError, EOFError, OSError) as error:
            raise CheckpointError(
                f"{shown_path(directory)}: its weights cannot be read ({first_line(error)}); "
                "the file is damaged or incomplete, download it again"
            ) from error
        except (ImportError, ValueError) as error:
            if attn_implementation is None:
                raise
            raise UsageError(
                f"--attn_implementation {attn_implementation}: {first_line(error)}"
            ) from error
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and not is_out_of_memory(error):
                raise
            raise DeviceError(
                f"{shown_path(directory)}: its weights do not fit into the host's memory "
                f"({first_line(error)}); free some, or use --dtype float16"
            ) from error


def _model_config(model_class: type[Model], directory: Path) -> PretrainedConfig:
    """Make transformers' config of the keys that shape the model, all of them checked."""
    config_class = model_class.config_class
    content = read_json(directory / CONFIG_NAME)
    return config_class(**shaping_keys(content, config_class.model_type))


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
