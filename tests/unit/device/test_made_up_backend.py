"""A new type of device: one class, one line of the table."""

import ast
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
import torch

from speech_toolkit.device import backends, select_device
from speech_toolkit.device.backends.card import Card
from speech_toolkit.device.names import forms_of_names, parse_device_name
from speech_toolkit.errors import DeviceError, OperatorError, OutOfMemoryError, UsageError

PACKAGE = Path(__file__).parents[3] / "speech_toolkit"
BACKENDS = PACKAGE / "device" / "backends"
TYPES = ("npu", "cuda", "cpu", "torch_npu")


class Toy(Card):
    """What a file in device/backends/ holds."""

    type = "toy"
    label = "toy card"
    package = "torch_toy"
    listing_tool = "toy-smi"
    visibility_variable = "TOY_VISIBLE_DEVICES"
    graph_class = "ToyGraph"
    blocking_variable = "TOY_BLOCKING"
    variables: ClassVar[tuple[str, ...]] = (visibility_variable,)
    out_of_memory_signs: ClassVar[tuple[str, ...]] = ("the toy box is full",)
    absent: str | None = None

    def why_absent(self):
        return self.absent

    def open(self, index, requested):
        self.check_index(index, self.module.device_count())
        self.module.set_device(index)


@pytest.fixture
def toy(monkeypatch):
    """Put its line into the table, as auto's first choice, and its module into torch."""
    module = ModuleType("torch.toy")
    module.taken = []
    module.device_count = lambda: 2
    module.set_device = module.taken.append
    module.is_bf16_supported = lambda: False
    module.get_device_name = lambda index: "Toy 9000"
    module.synchronize = lambda index: module.taken.append(f"waited for {index}")
    module.mem_get_info = lambda index: (1 << 20, 4 << 20)
    module.memory_allocated = module.memory_reserved = lambda index: 3 << 20
    module.max_memory_allocated = module.max_memory_reserved = lambda index: 4 << 20
    module.get_device_properties = lambda index: type("P", (), {"total_memory": 4 << 20})
    monkeypatch.setattr(torch, "toy", module, raising=False)
    before = dict(backends.BACKENDS)
    made_up = Toy()
    backends.BACKENDS.clear()
    backends.BACKENDS.update({"toy": made_up} | before)
    yield made_up
    backends.BACKENDS.clear()
    backends.BACKENDS.update(before)


def test_it_is_found_by_name_and_by_auto(toy):
    assert parse_device_name("toy:1") == ("toy", 1)
    assert forms_of_names("or") == "auto, toy, toy:N, npu, npu:N, cuda, cuda:N or cpu"
    device = select_device("toy:1")
    assert (device.name, device.is_card, device.default_batch_size) == ("toy:1", True, 8)
    device.synchronize()
    assert select_device("auto").name == "toy:0"
    assert torch.toy.taken == [1, "waited for 1", 0]


def test_auto_goes_on_without_it(toy):
    toy.absent = "torch_toy is not installed"
    assert select_device("auto").reason.startswith("no toy card (torch_toy is not installed); no N")
    with pytest.raises(DeviceError, match="toy is not there: torch_toy is not installed"):
        select_device("toy")


def test_its_errors_are_told_as_any_cards(toy, monkeypatch):
    monkeypatch.setenv("TOY_VISIBLE_DEVICES", "0,1")
    with pytest.raises(DeviceError, match=r"toy:2 is out of range.*TOY_VISIBLE_DEVICES=0,1"):
        select_device("toy:2")
    device = select_device("toy")
    with pytest.raises(DeviceError, match=r"toy:0 \(Toy 9000\) has no bfloat16"):
        device.check_dtype(torch.bfloat16)
    with (
        pytest.raises(OutOfMemoryError, match=r"1 MiB free of 4 MiB in all, 3 MiB taken"),
        device.errors("in the encoder"),
    ):
        raise RuntimeError("The toy box is full")
    with pytest.raises(OperatorError, match="TOY_BLOCKING=1"), device.errors("in the encoder"):
        raise RuntimeError("a wheel came off")


def test_a_report_says_the_same_of_it_as_of_others(toy):
    facts = select_device("toy").facts()
    assert facts.keys() == select_device("cpu").facts().keys()
    assert (facts["backend"], facts["device_name"]) == ("toy", "Toy 9000")


def test_without_its_line_it_is_unknown():
    with pytest.raises(UsageError, match="unknown device 'toy:1'"):
        parse_device_name("toy:1")


def test_nothing_but_the_backends_asks_for_the_type_of_a_device():
    asking = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if BACKENDS not in path.parents
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if any(isinstance(part, ast.Constant) and part.value in TYPES for part in ast.walk(side))
    ]
    assert not asking, "\n".join(asking)
