"""Forced alignment: from audio and transcript to the time of every character, word and sentence."""

from importlib import import_module
from typing import Any

_MODULE_OF = {
    "Aligner": "speech_toolkit.alignment.aligner",
    "AlignmentResult": "speech_toolkit.alignment.result",
    "AlignmentSettings": "speech_toolkit.alignment.preparation",
    "forced_align": "speech_toolkit.alignment.search.viterbi",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import a public name's module when the name is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)
