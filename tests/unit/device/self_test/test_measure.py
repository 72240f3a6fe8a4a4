from dataclasses import dataclass, fields
from math import inf, nan
from typing import Any

import pytest
import torch

from speech_toolkit.device import select_device
from speech_toolkit.device.rounding import round_factor
from speech_toolkit.device.self_test.measure import dtypes_of, relative_error, try_operator
from speech_toolkit.device.self_test.operator import ALL_DTYPES, Operator
from speech_toolkit.device.self_test.operators import OPERATORS
from speech_toolkit.device.self_test.results import FAIL, PASS, WARN


@pytest.fixture(scope="module")
def cpu():
    return select_device("cpu")


@dataclass(frozen=True)
class Deviating(Operator):
    """An operator that comes out otherwise in float32; the reference is float64.

    Attributes:
        otherwise: returns the result.
    """

    otherwise: Any = None

    def run(self, arguments, device):
        if arguments[0].dtype is torch.float32:
            return self.otherwise(*arguments)
        return super().run(arguments, device)


def tried(cpu, label, otherwise):
    """Return the measurement in float32 of an operator of the table that comes out otherwise."""
    like = next(each for each in OPERATORS if each.label == label)
    values = {field.name: getattr(like, field.name) for field in fields(Operator)}
    result = try_operator(cpu, Deviating(**values, otherwise=otherwise), ("float32",))
    assert result.verdict == result.measurements[0].verdict
    return result.measurements[0]


def raising(error):
    def run(*arguments):
        raise error

    return run


def test_every_operator_passes_on_the_cpu(cpu):
    assert dtypes_of(cpu) == ALL_DTYPES
    results = [try_operator(cpu, each, ALL_DTYPES) for each in OPERATORS]
    assert [each for each in results if each.verdict != PASS] == []
    counted = [len(each.measurements) for each in results]
    assert counted == [len(each.dtypes) for each in OPERATORS]


def test_operators_are_told_apart_and_draw_the_same_inputs_again():
    assert len({each.label for each in OPERATORS}) == len(OPERATORS)
    first, again = (OPERATORS[0].arguments()[0] for _ in range(2))
    assert torch.equal(first, again)
    assert 0.9 < first.std() < 1.1


@pytest.mark.parametrize(
    ("label", "otherwise", "said"),
    [
        (
            "matmul, scores",
            lambda a, b: round_factor(a, "hf32") @ round_factor(b, "hf32"),
            "as with factors rounded to HF32",
        ),
        (
            "matmul, scores",
            lambda a, b: round_factor(a, "tf32") @ round_factor(b, "tf32"),
            "as with factors rounded to TF32",
        ),
        ("add, of a residual", lambda a, b: (a + b) * 1.001, None),
        ("relu, of adapters", lambda x: x.relu().half(), None),
        ("relu, of adapters", lambda x: x.relu() / 0, "NaN or infinite where the CPU's is not"),
        (
            "relu, of adapters",
            lambda x: x[:, :5],
            "its result has the shape (1, 5, 16) instead of ",
        ),
        ("relu, of adapters", raising(RuntimeError("EZ9999: bad\nmore")), "EZ9999: bad"),
        ("relu, of adapters", raising(torch.OutOfMemoryError("no")), "out of memory"),
        ("relu, of adapters", raising(NotImplementedError("/home/al/x.so: no")), ".../x.so: no"),
    ],
)
def test_what_is_wrong_fails_and_is_named(cpu, label, otherwise, said):
    measurement = tried(cpu, label, otherwise)
    assert measurement.verdict == FAIL
    assert (measurement.message or "").startswith(said or "")
    assert (measurement.message is None) == (said is None)


def test_a_form_that_some_chips_have_alone_is_to_be_looked_at(cpu):
    measurement = tried(
        cpu, "gelu, feed-forward", lambda x: torch.nn.functional.gelu(x, approximate="tanh")
    )
    assert measurement.verdict == WARN
    assert measurement.message == "as GELU in its tanh form"
    assert 1e-5 < measurement.relative_error < 1e-3


def test_rounding_of_sums_passes(cpu):
    assert tried(cpu, "matmul, scores", lambda a, b: (a @ b) * (1 + 1e-6)).verdict == PASS


@pytest.mark.parametrize(
    ("expected", "found", "error"),
    [
        ([3.0, 4.0], [3.0, 4.5], 0.1),
        ([0.0, 0.0], [0.0, 0.0], 0),
        ([-inf, 1.0], [-inf, 1.0], 0),
        ([-inf, 1.0], [inf, 1.0], None),
        ([1.0, 1.0], [nan, 1.0], None),
        ([inf, 1.0], [1.0, 1.0], None),
        ([1, 2, 3, 4], [1, 2, 3, 5], 0.25),
        ([True, False], [True, False], 0),
    ],
)
def test_relative_error(expected, found, error):
    assert relative_error(torch.tensor(expected), torch.tensor(found)) == pytest.approx(error)
