import warnings

import pytest

from speech_toolkit.device import fallbacks
from speech_toolkit.device.fallbacks import (
    fallback_warnings,
    fallbacks_in,
    note_fallbacks,
    noted_fallbacks,
)

SAID = (
    "CAUTION: The operator 'aten::{}' is not currently supported on the NPU backend and will fall "
    "back to run on the CPU. This may have performance implications."
)


@pytest.fixture(autouse=True)
def nothing_noted_yet(monkeypatch):
    monkeypatch.setattr(fallbacks, "_noted", set())
    monkeypatch.setattr(fallbacks, "_is_noting", False)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("ignore")  # what the user set does not hide a fallback
        yield shown


def test_operators_are_found_in_a_log():
    lines = ["[W801] " + SAID.format("gelu"), "unrelated", SAID.format("sort.values_stable")]
    assert fallbacks_in(lines) == {"aten::gelu", "aten::sort.values_stable"}


def test_every_operator_is_noted_and_named_once_and_other_warnings_are_shown(nothing_noted_yet):
    assert fallback_warnings() == ()
    note_fallbacks()
    note_fallbacks()
    warnings.simplefilter("always", DeprecationWarning)
    for name in ("isin", "gelu", "isin"):
        warnings.warn(SAID.format(name), stacklevel=1)
    warnings.warn("something else", DeprecationWarning, stacklevel=1)
    assert noted_fallbacks() == ("aten::gelu", "aten::isin")
    (warning,) = fallback_warnings()
    assert "the card has no aten::gelu, aten::isin: done on the CPU instead" in warning
    assert [str(each.message) for each in nothing_noted_yet] == ["something else"]
