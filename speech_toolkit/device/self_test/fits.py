"""Which versions fit which: what the toolkit supports, and the vendor's tables. Imports no torch.

The tables are those of docs/devices.md, where their sources stand.
"""

from __future__ import annotations

import re

# At least, and below, by package; those of requirements.txt, to which a test holds them.
SUPPORTED = {
    "torch": ("2.9", "2.14"),
    "torch_npu": ("2.9", "2.14"),
    "transformers": ("4.57.1", "6"),
    "numpy": ("1.26", "3"),
    "numba": ("0.61", None),
    "soundfile": ("0.13", None),
    "av": ("18", None),
    "soxr": ("0.5", None),
}
OF_TORCHS_RELEASE = ("torch_npu",)  # and needed for a card alone
PYTHON_AT_LEAST = "3.11"
# torch_npu -> the CANN that the vendor's table puts beside it.
_CANN_OF_TORCH_NPU = {
    "2.9.0": "8.5.0",
    "2.9.0.post2": "9.0.0",
    "2.10.0": "9.0.0",
    **dict.fromkeys(("2.9.0.post6", "2.10.0.post4", "2.11.0", "2.12.0"), "9.1.0"),
    **dict.fromkeys(("2.9.0.post8", "2.10.0.post6", "2.11.0.post2", "2.12.0.post2"), "9.1"),
}
_NEWEST_PYTHON_OF_CANN = (((9, 1), (3, 14)), ((8, 5), (3, 13)), ((8, 0), (3, 11)))


def release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: (2, 13, 0) of "2.13.0.post2+cpu"."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found.group().split("."))) if found else ()


def same_release(torch: str, torch_npu: str) -> bool:
    """Tell whether a torch_npu is made for a torch: x.y.z are the same."""
    return release(torch)[:3] == release(torch_npu)[:3]


def why_unsupported(package: str, version: str) -> str | None:
    """Say which versions of a package the toolkit takes; None where this is one of them."""
    return why_outside(version, *SUPPORTED[package])


def why_outside(version: str, least: str | None, below: str | None) -> str | None:
    """Say between which versions one should be; None where it is."""
    number = release(version)
    too_old = least is not None and number < release(least)
    if not too_old and (below is None or number < release(below)):
        return None
    wanted = ([f"{least} or newer"] if least else []) + ([f"below {below}"] if below else [])
    return f"has to be {' and '.join(wanted)}"


def cann_beside(torch_npu: str) -> str | None:
    """Return the CANN that the vendor's table puts beside a torch_npu; None where it has none."""
    return _CANN_OF_TORCH_NPU.get(torch_npu.partition("+")[0])


def is_that_cann(cann: str, wanted: str) -> bool:
    """Tell whether a CANN is the one wanted, or a later one of the same branch."""
    numbers = release(wanted)
    return release(cann)[: len(numbers)] == numbers


def numpy_of(cann: str, python: str) -> tuple[str | None, str | None, bool]:
    """Return which NumPy a CANN asks for.

    Returns:
        At least and below, None where there is no such bound; and whether all editions of the
        vendor's guide say so.
    """
    number = release(cann)
    if not number or number >= (9, 1):
        return None, None, True
    if number < (8, 1):
        return None, "1.25", True
    if release(python) >= (3, 13):
        return "2.1", None, True
    return None, "2", number < (9,)


def newest_python_of(cann: str) -> str | None:
    """Return the newest Python that a CANN supports; None where that is unknown."""
    number = release(cann)
    found = next((python for since, python in _NEWEST_PYTHON_OF_CANN if number >= since), None)
    return ".".join(map(str, found)) if found and number else None
