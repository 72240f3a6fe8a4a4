"""The files of a replica that both families have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WIDTH = 16


def save_weights(model: Any, directory: Path, kind: str) -> None:
    """Write weights in one file or two, in the format of safetensors or of PyTorch."""
    tensors = {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if name != "proj_out.weight"  # tied to the embedding of the tokens
    }
    stem, suffix = ("pytorch_model", "bin") if kind.startswith("bin") else ("model", "safetensors")
    if not kind.endswith("shards"):
        save_tensors(tensors, directory / f"{stem}.{suffix}")
        return
    names = sorted(tensors)
    halves = {
        f"{stem}-{number:05}-of-00002.{suffix}": part
        for number, part in enumerate((names[::2], names[1::2]), start=1)
    }
    for file, part in halves.items():
        save_tensors({name: tensors[name] for name in part}, directory / file)
    weight_map = {name: file for file, part in halves.items() for name in part}
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    write_json(directory / f"{stem}.{suffix}.index.json", index)


def save_tensors(tensors: dict[str, Any], path: Path) -> None:
    """Write tensors by name, in the format that the file's suffix names."""
    import torch
    from safetensors.torch import save_file

    own = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    if path.suffix == ".safetensors":
        save_file(own, path, metadata={"format": "pt"})
    else:
        torch.save(own, path)


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
