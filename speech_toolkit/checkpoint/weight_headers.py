"""Read which tensors a checkpoint's weight files hold, without reading the tensors.

A header is small: a config that asks for terabytes is refused by it before anything is allocated.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech_toolkit.errors import CheckpointError, first_line
from speech_toolkit.files.json_input import parse_json, shown_path, shown_value

_LENGTH_BYTES = 8
_LARGEST_HEADER_BYTES = 100_000_000  # safetensors' own limit
_FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_OURS = {"error": CheckpointError, "advice": "download it again"}


@dataclass(frozen=True)
class TensorHeader:
    """What a weight file says of one tensor.

    Attributes:
        file: the weight file.
        dtype: torch's name of a float dtype, else the name that stands in the file.
        shape: its sizes.
    """

    file: Path
    dtype: str
    shape: tuple[int, ...]

    @property
    def is_float(self) -> bool:
        """Whether its values can be weights: quantised ones need a scale that is elsewhere."""
        return self.dtype in _FLOATS.values()


def read_headers(files: list[Path]) -> dict[str, TensorHeader]:
    """Return name to header of all tensors in the weight files.

    Raises:
        CheckpointError: a file is empty, damaged, or holds code beside its tensors.
    """
    found: dict[str, TensorHeader] = {}
    for file in files:
        is_safetensors = file.suffix == ".safetensors"
        found |= _safetensors_header(file) if is_safetensors else _pickle_header(file)
    return found


def _safetensors_header(path: Path) -> dict[str, TensorHeader]:
    with path.open("rb") as file:
        start = file.read(_LENGTH_BYTES)
        length = struct.unpack("<Q", start)[0] if len(start) == _LENGTH_BYTES else 0
        text = file.read(length) if length <= _LARGEST_HEADER_BYTES else b""
    if not length or len(text) < length:
        raise _unreadable(path, "its header is cut short or missing")
    content = parse_json(text.decode(errors="replace"), f"{shown_path(path)}: its header", **_OURS)
    if not isinstance(content, dict):
        raise _unreadable(path, f"its header is {shown_value(content)}, not an object")
    return {
        name: TensorHeader(path, *_described(path, name, entry))
        for name, entry in content.items()
        if name != "__metadata__"
    }


def _described(path: Path, name: str, entry: Any) -> tuple[str, tuple[int, ...]]:
    """Return dtype and shape of one tensor."""
    dtype, shape = (entry.get(key) if isinstance(entry, dict) else None for key in _TENSOR_KEYS)
    is_shape = isinstance(shape, list) and all(isinstance(n, int) and n >= 0 for n in shape)
    if not isinstance(dtype, str) or not is_shape:
        raise _unreadable(path, f"its header gives {shown_value(name)} as {shown_value(entry)}")
    return _FLOATS.get(dtype, dtype), tuple(shape)


_TENSOR_KEYS = ("dtype", "shape")


def _pickle_header(path: Path) -> dict[str, TensorHeader]:
    """Unpickle a file of torch.save with its tensors left where they are."""
    import torch

    try:
        content = torch.load(
            path, map_location="meta", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except (MemoryError, CheckpointError):
        raise
    except Exception as error:  # a pickle is a program: it can end in whatever its opcodes call
        raise _refused_pickle(path, error) from error
    if not isinstance(content, Mapping):
        raise _unreadable(path, f"it holds a {type(content).__name__}, not tensors by name")
    return {
        str(name): TensorHeader(path, str(value.dtype).removeprefix("torch."), tuple(value.shape))
        for name, value in content.items()
        if isinstance(value, torch.Tensor)
    }


def _refused_pickle(path: Path, error: Exception) -> CheckpointError:
    """Tell a file that asks to run code from one that is damaged."""
    reasons = [line.strip() for line in str(error).splitlines() if "GLOBAL" in line]
    if not reasons:
        return _unreadable(path, first_line(error))
    return CheckpointError(
        f"{shown_path(path)}: holds Python code or objects beside its weights ({reasons[0]}); "
        "loading it could run that code, so it is refused: take a model.safetensors, or weights "
        "from a source that you trust"
    )


def _unreadable(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{shown_path(path)}: its weights cannot be read ({reason}); the file is damaged or "
        "incomplete, download it again"
    )
