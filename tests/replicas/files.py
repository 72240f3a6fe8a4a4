"""The files of a replica that both families have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

WIDTH = 16


def save_weights(model: Any, directory: Path, kind: str) -> None:
    """Write weights in one file or two, in the format of safetensors or of PyTorch."""
    import torch
    from safetensors.torch import save_file

    tensors = {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if name != "proj_out.weight"  # tied to the embedding of the tokens
    }
    is_safe = not kind.startswith("bin")
    stem, suffix = ("model", "safetensors") if is_safe else ("pytorch_model", "bin")
    save: Callable[[dict[str, Any], Path], None] = (
        (lambda part, path: save_file(part, path, metadata={"format": "pt"}))
        if is_safe
        else torch.save
    )
    if not kind.endswith("shards"):
        save(tensors, directory / f"{stem}.{suffix}")
        return
    names = sorted(tensors)
    halves = {
        f"{stem}-{number:05}-of-00002.{suffix}": part
        for number, part in enumerate((names[::2], names[1::2]), start=1)
    }
    for file, part in halves.items():
        save({name: tensors[name] for name in part}, directory / file)
    weight_map = {name: file for file, part in halves.items() for name in part}
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    write_json(directory / f"{stem}.{suffix}.index.json", index)


def write_features(kind: str, features: dict[str, Any], processor: str, directory: Path) -> None:
    """Write the feature extractor's settings alone, in the processor's file, or not at all."""
    if kind == "preprocessor":
        write_json(directory / "preprocessor_config.json", features)
    elif kind == "processor":
        whole = {"feature_extractor": features, "processor_class": processor}
        write_json(directory / "processor_config.json", whole)


def write_json(path: Path, content: Any) -> None:
    """Write JSON as transformers does."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
