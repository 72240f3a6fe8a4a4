"""The versions that every report carries."""

import platform
from functools import cache

from speech_toolkit import __version__

REPORTED_PACKAGES = (
    *("torch", "torch_npu", "transformers", "numpy", "numba"),
    *("soundfile", "av", "soxr"),
)


def versions() -> dict[str, str | None]:
    """Return the versions of the toolkit, Python and the packages that shape a result.

    A package that is not installed has the value None. Reads metadata, once, and imports nothing.
    """
    return dict(_versions())


@cache
def _versions() -> dict[str, str | None]:
    """Look for the packages: some milliseconds, as long as a card takes for a short recording."""
    found: dict[str, str | None] = {
        "speech_toolkit": __version__,
        "python": platform.python_version(),
    }
    return found | {package: installed_version(package) for package in REPORTED_PACKAGES}


def installed_version(package: str) -> str | None:
    """Return the version of an installed package from its metadata, None where it is missing."""
    import importlib.metadata  # a hundredth of a second, which the first line does not wait for

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
