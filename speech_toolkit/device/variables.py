"""Environment variables: set where the user set none, and shown in one line."""

import os

from speech_toolkit.files.json_input import shown_value

AUTOLOAD = "TORCH_DEVICE_BACKEND_AUTOLOAD"  # whether `import torch` loads other packages' devices
ANY_ALLOCATOR = "PYTORCH_ALLOC_CONF"
WAIT_POLICY = "OMP_WAIT_POLICY"
SPIN_COUNT = "GOMP_SPINCOUNT"  # of GNU's OpenMP, which torch's wheels for Linux bring
PRIMITIVE_CACHE = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
_SHOWN_CHARACTERS = 60  # of a variable's value
_set_by_toolkit: set[str] = set()


def set_default(variable: str, value: str) -> None:
    """Set a variable that the user did not set, and remember who did."""
    if variable not in os.environ:
        os.environ[variable] = value
        _set_by_toolkit.add(variable)


def set_by(variable: str) -> str:
    """Return who set a variable: "toolkit" or "user"."""
    return "toolkit" if variable in _set_by_toolkit else "user"


def shown_variable(variable: str) -> str:
    """Return a variable as messages show it, such as "CUDA_VISIBLE_DEVICES=0,1"."""
    if variable not in os.environ:
        return f"{variable} (unset)"
    value = os.environ[variable]
    is_plain = len(value) <= _SHOWN_CHARACTERS and value.isprintable()
    return f"{variable}={value if is_plain else shown_value(value)}"
