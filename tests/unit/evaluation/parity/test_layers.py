"""Local and propagated errors, and the module that is blamed, on a model small enough to see."""

import copy
from functools import partial

import numpy as np
import pytest
import torch

from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.models.emulations import Emulation
from speech_toolkit.evaluation.models.rounding import RoundedProducts, TanhGelu
from speech_toolkit.evaluation.parity.blocks import blocks_of
from speech_toolkit.evaluation.parity.culprit import (
    declared_rounding,
    find_culprits,
    is_over_limit,
)
from speech_toolkit.evaluation.parity.layers import ActivationComparer, ActivationRecorder
from speech_toolkit.evaluation.parity.limits import Distance, limits_for

LIMITS = limits_for("float32")


class Block(torch.nn.Module):
    """A block with a keyword, a tuple for a result and a product outside of any module."""

    def __init__(self, width):
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.linear = torch.nn.Linear(width, width)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, hidden, mask=None, scale=1.0):
        mixed = self.dropout(self.linear(self.norm(hidden)))
        return hidden + scale * mixed * mask, None


class Model(torch.nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.conv = torch.nn.Conv1d(1, width, 5)
        self.activation = torch.nn.GELU()
        self.first, self.second = Block(width), Block(width)
        self.head = torch.nn.Linear(width, 3)

    def forward(self, waveform):
        hidden = self.activation(self.conv(waveform[:, None])).transpose(1, 2)
        mask = torch.ones(hidden.shape[1], 1)
        hidden, _ = self.first(hidden, mask=mask, scale=0.5)
        hidden, _ = self.second(hidden, mask=mask, scale=0.5)
        return self.head(self.head(hidden) @ self.head.weight)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model().eval()


@pytest.fixture
def compare(model, tmp_path):
    """Return a function that compares a candidate with the model: its rows by module."""
    waveform = torch.randn(1, 64)
    with torch.no_grad(), ActivationRecorder(tmp_path / "a").recording(model):
        model(waveform)

    def run(candidate, mode=None):
        comparer = ActivationComparer(tmp_path / "a", lambda row, rows: row["local_error"] >= 5e-5)
        with torch.no_grad(), comparer.comparing(candidate):
            if mode is None:
                candidate(waveform)
            else:
                with mode:
                    candidate(waveform)
        assert comparer.missing == []
        return {row["module"]: row for row in comparer.rows}

    return run


def culprits(rows, declared=None, **facts):
    hf32 = dict.fromkeys(declared or {}, True)
    return find_culprits(list(rows.values()), LIMITS, {"hf32": hf32, "gelu": "exact"} | facts)


def test_a_model_against_itself(model, compare):
    rows = compare(copy.deepcopy(model))
    assert list(rows) == [
        *("conv", "activation", "first.norm", "first.linear", "first"),
        *("second.norm", "second.linear", "second", "head", "head#2", "Model"),
    ]
    assert {row["local_error"] for row in rows.values()} == {0.0}
    assert {row["propagated_error"] for row in rows.values()} == {0.0}
    assert culprits(rows) == ()


def test_an_error_is_local_where_it_arises_and_propagated_behind(model, compare):
    candidate = copy.deepcopy(model)
    with torch.no_grad():
        candidate.first.linear.weight *= 1.01
    rows = compare(candidate)
    assert rows["first.linear"]["local_error"] > 1e-3
    assert rows["first"]["local_error"] > 1e-4
    for before in ("conv", "activation", "first.norm"):
        assert rows[before]["propagated_error"] == 0.0
    for behind in ("second.norm", "second.linear", "second", "head", "head#2"):
        assert rows[behind]["local_error"] == 0.0
        assert rows[behind]["propagated_error"] > 1e-5
    assert culprits(rows)[0].module == "first.linear"
    assert "second" not in [each.module for each in culprits(rows)]


def test_an_error_between_the_modules_of_a_block_is_the_blocks(model, compare):
    candidate = copy.deepcopy(model)
    original = candidate.second.forward
    candidate.second.forward = lambda hidden, **how: (1.001 * original(hidden, **how)[0], None)
    first, *_ = culprits(compare(candidate))
    assert first.module == "second"


def test_every_fault_of_a_model_is_listed_in_order(model, compare):
    candidate = copy.deepcopy(model)
    with torch.no_grad():
        candidate.head.weight[1] *= 1.1
        candidate.conv.weight[[2, 5]] = candidate.conv.weight[[5, 2]]
        candidate.conv.bias[[2, 5]] = candidate.conv.bias[[5, 2]]
    candidate.second.norm.eps = 0.01
    found = {each.module: each.explanation for each in culprits(compare(candidate))}
    assert list(found)[:3] == ["conv", "second.norm", "head"]
    assert found["conv"] == "channels 2 and 5 changed places"
    assert found["second.norm"] == "as with an epsilon of 0.01"


def test_a_faint_epsilon_is_seen_by_its_shape(model, compare):
    candidate = copy.deepcopy(model)
    candidate.first.norm.eps = 1.4e-5
    rows = compare(candidate)
    assert rows["first.norm"]["local_error"] < 5e-5
    assert [each.module for each in culprits(rows)] == ["first.norm"]


def test_nan_is_blamed_on_the_module_it_arises_in(model, compare):
    candidate = copy.deepcopy(model)
    candidate.second.norm.register_forward_hook(lambda m, i, output: output * torch.nan)
    first, *_ = culprits(compare(candidate))
    assert first.module == "second.norm"
    assert first.local_error == float("inf")
    assert "NaN" in first.explanation


def test_rounding_is_recognised_and_allowed_where_it_is_declared(model, compare):
    rows = compare(copy.deepcopy(model), RoundedProducts(Emulation("hf32")))
    assert rows["conv"]["local_error"] == pytest.approx(rows["conv"]["rounding"]["hf32"])
    named = {each.module: each.explanation for each in culprits(rows)}
    assert "factors were rounded to hf32" in named["conv"]
    assert "factors were rounded to hf32" in named["first.linear"]
    assert culprits(rows, {"conv": "hf32", "matmul": "hf32"}) == ()
    only_conv = [each.module for each in culprits(rows, {"conv": "hf32"})]
    assert "conv" not in only_conv
    assert "first.linear" in only_conv


def test_twice_the_declared_rounding_stands_out(model, compare):
    rows = compare(copy.deepcopy(model), RoundedProducts(Emulation("float16")))
    found = {each.module for each in culprits(rows, {"conv": "hf32", "matmul": "hf32"})}
    assert {"conv", "first.linear", "second.linear"} <= found


def test_declared_rounding_of_a_device():
    facts = {"hf32": {"matmul": False, "conv": True}, "tf32": None}
    assert declared_rounding(facts) == {"conv": "hf32"}
    assert declared_rounding({"hf32": None, "tf32": {"matmul": True, "conv": True}}) == {
        "matmul": "tf32",
        "conv": "tf32",
    }


def test_gelu_in_its_tanh_form_is_granted_to_a_device_that_says_so_alone(model, compare):
    rows = compare(copy.deepcopy(model), TanhGelu())
    assert 5e-5 < rows["activation"]["local_error"] < 1e-3
    (culprit,) = culprits(rows)
    assert (culprit.module, culprit.limit) == ("activation", 5e-5)
    assert culprit.explanation == "as GELU in its tanh form"
    assert culprits(rows, gelu="tanh") == ()
    tight = limits_for("float32", distances={"logits": Distance(4e-7, 2e-7)})
    facts = {"gelu": "tanh"}
    assert [each.module for each in find_culprits(list(rows.values()), tight, facts)] == [
        "activation"
    ]


def test_what_a_device_is_granted_takes_no_explanation_from_a_fault(tmp_path):
    torch.manual_seed(0)
    gelus = [torch.nn.GELU() for _ in range(25)]
    right = torch.nn.Sequential(torch.nn.Linear(16, 16), *gelus, torch.nn.Linear(16, 16))
    wrong, inputs = copy.deepcopy(right), torch.randn(9, 16) * 3
    with torch.no_grad():
        wrong[-1].weight.copy_(right[-1].weight[[1, 0, *range(2, 16)]])
        wrong[-1].bias.copy_(right[-1].bias[[1, 0, *range(2, 16)]])
        with ActivationRecorder(tmp_path / "a").recording(right):
            right(inputs)
        facts = {"gelu": "tanh"}
        stands_out = partial(is_over_limit, limits=LIMITS, environment=facts)
        comparer = ActivationComparer(tmp_path / "a", stands_out)
        with comparer.comparing(wrong), TanhGelu():
            wrong(inputs)
    assert sum(row["local_error"] > 5e-5 for row in comparer.rows) > 20
    (culprit,) = find_culprits(comparer.rows, LIMITS, facts)
    assert (culprit.module, culprit.explanation) == ("26", "channels 0 and 1 changed places")


def test_a_module_that_is_not_called_is_missing(model, compare, tmp_path):
    comparer = ActivationComparer(tmp_path / "a")
    candidate = copy.deepcopy(model)
    candidate.second = candidate.first
    with torch.no_grad(), comparer.comparing(candidate):
        candidate(torch.randn(1, 64))
    assert {"second.norm", "second.linear"} <= set(comparer.missing)
    assert (comparer.detail, comparer.expected) == ("all", 8)


class Stack(torch.nn.Module):
    """Two layers with attention, something with weights beside them, and a plain container."""

    def __init__(self, width=8):
        super().__init__()
        self.front = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.GELU())
        self.layers = torch.nn.ModuleList(Layer(width) for _ in range(2))

    def forward(self, hidden):
        hidden = self.front(hidden)
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


class ToyAttention(torch.nn.Linear):
    pass


class Layer(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = ToyAttention(width, width)
        self.feed_forward = torch.nn.Linear(width, width)

    def forward(self, hidden):
        return hidden + self.feed_forward(self.attention(hidden))


class Masked(torch.nn.Module):
    """A model with a parameter of its own beside its layers, as Wav2Vec2Model has for masking."""

    def __init__(self):
        super().__init__()
        self.mask = torch.nn.Parameter(torch.zeros(8))
        self.inner = Stack()


def test_a_model_with_parameters_beside_its_layers_is_no_block():
    outer = torch.nn.Sequential(Masked())
    names = [name for name, _ in blocks_of(outer)]
    assert "0" not in names
    assert "0.inner.layers.1.attention" in names


def test_blocks_are_layers_their_attention_and_feed_forward_and_what_stands_beside(tmp_path):
    torch.manual_seed(0)
    stack = Stack().eval()
    names = ["front.0"]
    parts = (".attention", ".feed_forward", "")
    names += [f"layers.{i}{part}" for i in range(2) for part in parts]
    assert [name for name, _ in blocks_of(stack)] == names
    hidden = torch.randn(1, 5, 8)
    with torch.no_grad(), ActivationRecorder(tmp_path / "a", "blocks").recording(stack):
        stack(hidden)
    candidate = copy.deepcopy(stack)
    candidate.layers[1].feed_forward.weight.data *= 1.1
    comparer = ActivationComparer(tmp_path / "a")
    with torch.no_grad(), comparer.comparing(candidate):
        candidate(hidden)
    assert (comparer.detail, comparer.expected, comparer.missing) == ("blocks", 7, [])
    culprits = find_culprits(comparer.rows, LIMITS, {})
    assert [culprit.module for culprit in culprits] == ["layers.1.feed_forward", "layers.1"]


def test_only_the_blocks_around_a_module_are_run(tmp_path):
    stack = Stack().eval()
    with torch.no_grad(), ActivationRecorder(tmp_path / "a", "blocks").recording(stack):
        stack(torch.randn(1, 5, 8))
    comparer = ActivationComparer(tmp_path / "a", around="layers.1.attention")
    with torch.no_grad(), comparer.comparing(stack):
        stack(torch.randn(1, 5, 8))
    assert [row["module"] for row in comparer.rows] == ["layers.1.attention", "layers.1"]


def test_tensors_are_written_once(model, tmp_path):
    with torch.no_grad(), ActivationRecorder(tmp_path / "a").recording(model):
        model(torch.randn(1, 64))
    files = list((tmp_path / "a").glob("*.npy"))
    assert len(files) < 2 * 11
    assert all(np.load(file).dtype == np.float32 for file in files)


def test_a_full_disk_is_named(model, tmp_path, monkeypatch):
    def refuse(path, array):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", refuse)
    with (
        pytest.raises(ToolkitError, match="No space left on device.*TMPDIR"),
        torch.no_grad(),
        ActivationRecorder(tmp_path / "a").recording(model),
    ):
        model(torch.randn(1, 64))
