"""The emulated card against the CPU: values, views, devices, memory, random numbers, events.

Run by test_emulated_npu.py in a process that has the stand-in torch_npu.
"""

import pytest
import torch
import torch.nn.functional as F
from torch_npu import _emulator

NPU = "npu:1"


@pytest.fixture(autouse=True)
def _fresh():
    torch.manual_seed(0)
    torch.npu.set_device(0)
    _emulator.reset_counters()


def inputs():
    return torch.randn(4, 6), torch.randn(4, 6), torch.randn(6, 5)


OPERATORS = {
    "add": lambda a, b, w: a + b,
    "scalar": lambda a, b, w: 2.5 * a - 1,
    "integer_division": lambda a, b, w: (a * 10).long() // 3,
    "matmul": lambda a, b, w: a @ w,
    "linear": lambda a, b, w: F.linear(a, w.T, w[0]),
    "bmm": lambda a, b, w: torch.bmm(a[None], w[None]),
    "softmax": lambda a, b, w: a.softmax(-1),
    "log_softmax": lambda a, b, w: F.log_softmax(a, 0),
    "gelu": lambda a, b, w: F.gelu(a),
    "layer_norm": lambda a, b, w: F.layer_norm(a, (6,)),
    "group_norm": lambda a, b, w: F.group_norm(a[None], 2),
    "conv1d": lambda a, b, w: F.conv1d(a[None], b[:, :2, None].repeat(1, 2, 3), padding=1),
    "attention": lambda a, b, w: F.scaled_dot_product_attention(a[None], b[None], b[None]),
    "masked_attention": lambda a, b, w: F.scaled_dot_product_attention(
        a[None], b[None], b[None], attn_mask=torch.ones(4, 4, device=a.device).tril().bool()
    ),
    "cat_stack": lambda a, b, w: torch.stack([torch.cat([a, b]), torch.cat([b, a])]),
    "split": lambda a, b, w: torch.cat([part * i for i, part in enumerate(a.split(2))]),
    "where": lambda a, b, w: torch.where(a > 0, a, b),
    "masked_fill": lambda a, b, w: a.masked_fill(b > 0, float("-inf")),
    "mask_index": lambda a, b, w: a[a > 0],
    "gather_index": lambda a, b, w: a[torch.tensor([2, 0], device=a.device)],
    "cpu_index": lambda a, b, w: a[torch.tensor([2, 0])],
    "topk": lambda a, b, w: a.topk(3).values,
    "argmax": lambda a, b, w: a.argmax(-1),
    "cumsum": lambda a, b, w: a.cumsum(0),
    "sort": lambda a, b, w: a.sort(descending=True)[1],
    "mean_var": lambda a, b, w: torch.cat(torch.var_mean(a, 0)),
    "transpose_view": lambda a, b, w: a.T[1:3].reshape(-1, 2),
    "einsum": lambda a, b, w: torch.einsum("ij,kj->ik", a, b),
    "pad": lambda a, b, w: F.pad(a, (1, 2)),
    "embedding": lambda a, b, w: F.embedding(torch.arange(3, device=a.device), a),
    "arange_eye": lambda a, b, w: torch.eye(4, device=a.device) * torch.arange(4, device=a.device),
    "tril_indices": lambda a, b, w: torch.tril_indices(3, 3, device=a.device),
    "unfold": lambda a, b, w: a.unfold(1, 3, 2),
    "complex": lambda a, b, w: torch.view_as_real(
        torch.view_as_complex(a.view(4, 3, 2)).conj().resolve_conj()
    ),
    "half": lambda a, b, w: (a.half() @ w.half()).float(),
    "bfloat16": lambda a, b, w: (a.bfloat16() + b.bfloat16()).float(),
    "inplace": lambda a, b, w: a.clone().mul_(2).add_(b).clamp_(min=0),
    "inplace_view": lambda a, b, w: a.clone().index_fill_(1, torch.tensor(2), 7.0),
    "item": lambda a, b, w: torch.tensor(a.sum().item()),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_values_equal_the_cpu(name):
    function = OPERATORS[name]
    expected = function(*inputs_of_seed())
    on_card = function(*(tensor.to(NPU) for tensor in inputs_of_seed()))
    assert name == "item" or on_card.device == torch.device(NPU)
    assert on_card.shape == expected.shape
    assert on_card.dtype == expected.dtype
    assert on_card.stride() == expected.stride()
    assert torch.allclose(on_card.cpu(), expected, atol=1e-6)


def inputs_of_seed():
    torch.manual_seed(0)
    return inputs()


def test_views_share_memory_and_inplace_reaches_the_base():
    base = torch.zeros(3, 4, device=NPU)
    before = torch.npu.memory_allocated(NPU)
    view = base.view(4, 3).T[1]
    assert torch.npu.memory_allocated(NPU) == before
    view.fill_(5)
    assert base.sum().item() == 20


def test_out_argument_is_resized():
    out = torch.empty(0, device=NPU)
    torch.add(torch.ones(700, device=NPU), 1, out=out)
    assert out.shape == (700,)
    assert out.cpu().eq(2).all()
    assert out.untyped_storage().nbytes() == 2800
    out.resize_(2000)[700:] = 3
    assert out.cpu()[:701].sum() == 1403


def test_gradients_flow():
    weight = torch.randn(5, 6, device=NPU, requires_grad=True)
    value = torch.randn(2, 6, device=NPU)
    F.linear(value, weight).square().sum().backward()
    reference = weight.detach().cpu().requires_grad_()
    F.linear(value.cpu(), reference).square().sum().backward()
    assert torch.allclose(weight.grad.cpu(), reference.grad, atol=1e-5)


@pytest.mark.parametrize("device", ["cpu", "npu:0"])
def test_mixed_devices_are_refused(device):
    here, there = torch.ones(2, 2, device=NPU), torch.ones(2, 2, device=device)
    for operator in (torch.add, torch.mm, lambda a, b: torch.cat([a, b]), lambda a, b: a.mul_(b)):
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            operator(here, there)
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        F.conv1d(here[None], there[None])
    assert (here + torch.tensor(1.0)).sum().item() == 8


def test_float64_is_stored_but_not_computed_with():
    stored = torch.zeros(2, dtype=torch.float64, device=NPU)
    assert stored.dtype == torch.float64
    assert stored.cpu().dtype == torch.float64
    with pytest.raises(RuntimeError, match="DT_DOUBLE is not supported"):
        stored + 1
    with pytest.warns(UserWarning, match="double dtype"):
        assert torch.ones(2, device=NPU).double().dtype == torch.float32
    assert torch.ones(2, device=NPU).to(torch.float64).dtype == torch.float32
    counters = _emulator.counters()
    assert counters["float64_tensors"] >= 1
    assert counters["float64_requests"] == 2
    assert counters["float64_operators"] == 1


def test_copies_and_waits_are_counted():
    on_card = torch.ones(256).to(NPU)
    moved = on_card.to("npu:0")
    moved.clone()
    moved.cpu()
    moved.sum().item()
    moved.nonzero()
    torch.npu.synchronize(NPU)
    counters = _emulator.counters()
    kinds = ("copy_to_card", "copy_between_cards", "copy_on_card", "copy_to_host")
    assert [counters[kind] for kind in kinds] == [1, 1, 1, 1]
    assert counters["copy_to_host_bytes"] == 1024
    assert counters["implicit_synchronize"] == 2
    assert counters["synchronize"] == 1
    assert counters["operator.aten::sum"] == 1


def test_memory_is_counted_for_each_card():
    torch.npu.empty_cache()
    torch.npu.reset_peak_memory_stats(0)
    before = [torch.npu.memory_allocated(index) for index in (0, 1)]
    block = torch.empty(1 << 20, dtype=torch.int8, device="npu:0")
    result = block + 1
    assert torch.npu.memory_allocated(0) - before[0] == 2 << 20
    assert torch.npu.memory_allocated(1) == before[1]
    del block, result
    assert torch.npu.memory_allocated(0) == before[0]
    assert torch.npu.max_memory_allocated(0) - before[0] == 2 << 20
    assert torch.npu.memory_reserved(0) >= 2 << 20
    reserved = torch.npu.memory_reserved(0)
    torch.npu.empty_cache()
    assert torch.npu.memory_reserved(0) < reserved
    assert torch.npu.memory_stats(0)["allocated_bytes.all.current"] == before[0]
    free, total = torch.npu.mem_get_info(0)
    assert total - free == torch.npu.memory_reserved(0)


def test_current_card():
    with torch.npu.device(1):
        assert torch.ones(1, device="npu").device == torch.device("npu:1")
    assert torch.npu.current_device() == 0
    torch.npu.set_device("npu:1")
    assert torch.ones(1).npu().device == torch.device("npu:1")
    for index in (2, -1, "npu:7"):
        with pytest.raises((AssertionError, RuntimeError), match="Invalid device id|out of range"):
            torch.npu.set_device(index)
    with pytest.raises(RuntimeError, match="Invalid NPU device ID 2"):
        torch.ones(1, device="npu:2")
    with pytest.raises(ValueError, match="Expected a npu device"):
        torch.npu.synchronize("cpu")


def test_random_numbers_follow_the_seed_of_the_card():
    def draw(device="npu:0"):
        return torch.rand(3, device=device).tolist()

    torch.manual_seed(7)
    first, on_cpu = draw(), torch.rand(3).tolist()
    torch.manual_seed(7)
    assert draw() == first
    assert draw("npu:1") == first
    assert first != on_cpu
    assert torch.npu.initial_seed() == 7
    generator = torch.Generator(device=NPU).manual_seed(7)
    assert torch.rand(3, device=NPU, generator=generator).tolist() == first
    state = generator.get_state()
    again = torch.rand(3, device=NPU, generator=generator)
    generator.set_state(state)
    assert torch.rand(3, device=NPU, generator=generator).equal(again)


def test_events_and_streams():
    start, end = (torch.npu.Event(enable_timing=True) for _ in range(2))
    start.record()
    torch.ones(10, device="npu").sum()
    end.record()
    end.synchronize()
    assert start.elapsed_time(end) > 0
    stream = torch.npu.Stream(1)
    assert stream.device == torch.device("npu:1")
    with torch.npu.device(1), torch.npu.stream(stream):
        assert torch.npu.current_stream() == stream
        stream.synchronize()
    assert torch.npu.current_stream(1) == torch.npu.default_stream(1)


def test_pinned_memory():
    pinned = torch.ones(4).pin_memory()
    assert pinned.is_pinned()
    assert not torch.ones(4).is_pinned()
    assert pinned.to(NPU, non_blocking=True).sum().item() == 4


def test_serialization_keeps_the_card(tmp_path):
    torch.save(torch.arange(5, device=NPU), tmp_path / "tensor.pt")
    assert torch.load(tmp_path / "tensor.pt").device == torch.device(NPU)
    assert torch.load(tmp_path / "tensor.pt", map_location="cpu").tolist() == [0, 1, 2, 3, 4]


def test_graphs_are_refused():
    with pytest.raises(RuntimeError, match="captures no graphs"):
        torch.npu.NPUGraph()


def test_facts():
    assert torch.npu.device_count() == 2
    assert torch.accelerator.current_accelerator(check_available=True).type == "npu"
    assert torch.npu.get_device_properties(0).total_memory == 64 << 30
    assert torch.npu.get_device_name(1) == f"Emulated {_emulator.CHIP}"
    with pytest.warns(UserWarning, match="TORCH_NPU_DEVICE_CAPABILITY"):
        assert torch.npu.get_device_capability(0) is None
