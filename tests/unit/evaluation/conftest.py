"""What the tests of all evaluations need."""

from contextlib import nullcontext

import pytest

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.progress import HiddenBar


@pytest.fixture
def bars(monkeypatch):
    """The bars that a reporter gave, each with its ``total`` and ``unit``."""
    given = []

    def progress_bar(self, *, total, label, unit):
        bar = HiddenBar()
        bar.total, bar.unit = total, unit
        given.append(bar)
        return nullcontext(bar)

    monkeypatch.setattr(Reporter, "progress_bar", progress_bar)
    return given
