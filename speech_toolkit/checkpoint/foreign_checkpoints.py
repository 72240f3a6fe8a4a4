"""Names checkpoints of other programs, which look like those of transformers at first sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.errors import CheckpointError

_TRANSFORMERS = "give the original checkpoint in the form of transformers"


def refuse_foreign_form(directory: Path, config: Mapping[str, Any]) -> None:
    """Raise where a directory holds a model in the form of another program.

    Args:
        directory: of the model.
        config: its config.json; empty where it has none.

    Raises:
        CheckpointError: it does; the message says which and what to give instead.
    """

    def has(pattern: str) -> bool:
        return any(directory.glob(pattern))

    for is_form, form, fix in _FORMS:
        if is_form(has, config):
            raise CheckpointError(f"{directory}: is {form}, not a whole checkpoint; {fix}")


_FORMS: tuple[tuple[Callable[[Callable[[str], bool], Mapping[str, Any]], bool], str, str], ...] = (
    (
        lambda has, config: not config and has("adapter_config.json"),
        "an adapter of PEFT (LoRA)",
        "merge it into its base model (merge_and_unload), save that and give its directory",
    ),
    (
        lambda has, config: "n_mels" in config,
        "a conversion for MLX",
        _TRANSFORMERS,
    ),
    (
        lambda has, config: (
            "model_type" not in config and ("suppress_ids_begin" in config or has("model.bin"))
        ),
        "a conversion for CTranslate2 (faster-whisper)",
        _TRANSFORMERS,
    ),
    (
        lambda has, config: not config and has("*.pt"),
        "a checkpoint of openai/whisper or fairseq",
        _TRANSFORMERS,
    ),
    (
        lambda has, config: not config and has("*.nemo"),
        "a checkpoint of NeMo",
        _TRANSFORMERS,
    ),
    (
        lambda has, config: not config and (has("ggml-*.bin") or has("*.gguf")),
        "a conversion for whisper.cpp",
        _TRANSFORMERS,
    ),
)
