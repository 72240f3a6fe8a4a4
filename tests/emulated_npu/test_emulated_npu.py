"""The emulated NPU itself: what it computes and counts, and each of its switches.

The checks under on_device/ run in a pytest of their own, in a process that has the stand-in
torch_npu; the switches are read at start-up, so each test of them starts a process.
"""

from pathlib import Path

import pytest

from tests.emulated_npu import build

ON_DEVICE = Path(__file__).parent / "on_device"


@pytest.mark.parametrize(
    ("checks", "switches"),
    [
        pytest.param(
            ("check_operators.py", "check_models.py"),
            {"EMULATED_NPU_ARITHMETIC": "exact"},
            marks=pytest.mark.slow,
        ),
        (("check_helper.py", "check_gelu.py", "check_transfer.py"), {}),
        pytest.param(("check_faults.py",), {}, marks=pytest.mark.slow),
        pytest.param(("check_operator_table.py",), {}, marks=pytest.mark.slow),
    ],
    ids=["operators", "helper", "faults", "self-test"],
)
def test_on_device(emulated_npu, checks, switches):
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    finished = emulated_npu.python("-m", "pytest", *options, *checks, cwd=ON_DEVICE, **switches)
    assert finished.code == 0, finished.stdout[-5000:]


def run(emulated_npu, code, **switches):
    return emulated_npu.python("-c", "import torch\n" + code, **switches)


def test_without_cann(emulated_npu):
    finished = run(emulated_npu, "", EMULATED_NPU_NO_CANN="1")
    assert "ImportError: libhccl.so: cannot open shared object file" in finished.stderr
    assert "RuntimeError: Failed to load the backend extension: torch_npu" in finished.stderr


@pytest.mark.slow
def test_visible_cards_and_another_version(emulated_npu):
    code = "import torch_npu; print(torch.npu.device_count(), torch_npu.__version__)"
    for switches, expected in (
        ({"EMULATED_NPU_CARDS": "0"}, "0 2.1.0.post3"),
        ({"EMULATED_NPU_CARDS": "8", "ASCEND_RT_VISIBLE_DEVICES": "3,7"}, "2 2.1.0.post3"),
        ({"ASCEND_RT_VISIBLE_DEVICES": "0,abc,1"}, "1 2.1.0.post3"),
        ({"ASCEND_RT_VISIBLE_DEVICES": "999999999999"}, "0 2.1.0.post3"),
    ):
        finished = run(emulated_npu, code, version="2.1.0.post3", **switches)
        assert finished.stdout.splitlines()[-1] == expected


FAULTS = """
    import torch_npu, warnings
    from torch_npu import _emulator

    def attempt(function):
        try:
            return function()
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    x = torch.ones(4, 4, device="npu")
    print("poisoned", torch.empty(3, device="npu").isnan().all().item())
    print("bmm", [attempt(lambda: torch.bmm(x[None], x[None]).sum().item()) for _ in range(3)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x.cumsum(0)
    print("cumsum", caught[0].message, _emulator.counters()["fallback.aten::cumsum"])
    print("full", attempt(lambda: torch.ones(1 << 19, device="npu")))
    print("other card", torch.ones(1 << 17, device="npu:1").sum().item())
"""


def test_faults(emulated_npu):
    code = "\n".join(line.removeprefix("    ") for line in FAULTS.splitlines())
    finished = run(
        emulated_npu,
        code,
        EMULATED_NPU_POISON="1",
        EMULATED_NPU_RAISE_OP="aten::bmm@2",
        EMULATED_NPU_FALLBACK_OPS="aten::sort,aten::cumsum",
        EMULATED_NPU_MEMORY_BYTES=str(1 << 20),
    )
    assert finished.code == 0, finished.stderr
    lines = dict(line.split(" ", 1) for line in finished.stdout.splitlines())
    assert lines["poisoned"] == "True"
    assert lines["bmm"].startswith("[64.0, 'RuntimeError: call aten::bmm failed, detail:EZ9999")
    assert lines["bmm"].endswith("64.0]")
    assert "'aten::cumsum' is not currently supported" in lines["cumsum"]
    assert lines["cumsum"].endswith(" 1")
    assert lines["full"].startswith(
        "OutOfMemoryError: NPU out of memory. Tried to allocate 2.00 MiB (NPU 0; 1.00 MiB total"
    )
    assert finished.counters["out_of_memory"] == 1
    assert finished.report["cards"][1]["peak_allocated"] > 1 << 19


def test_fallback_refused_and_noise(emulated_npu):
    finished = run(
        emulated_npu,
        "x = torch.ones(1, 1, 3).npu()\n"
        "torch.nn.functional.conv1d(x, torch.ones(1, 1, 1).npu())\n"
        "x.cumsum(0)",
        EMULATED_NPU_NOISE="1",
        EMULATED_NPU_FALLBACK_OPS="aten::cumsum",
        TORCH_NPU_FALLBACK_CPU_DISABLE="1",
    )
    assert "falling back to the CPU is disabled" in finished.stderr
    assert "ASCENDCL" in finished.stdout


ROUNDING = """
a, b = (torch.randn(64, 64, generator=torch.Generator().manual_seed(i)) for i in (0, 1))
def worst():
    product = ((a.npu() @ b.npu()).cpu() - a @ b).abs().max().item()
    conv = torch.nn.functional.conv1d
    convolution = (conv(a.npu()[None], b.npu()[:, :, None]).cpu() - conv(a[None], b[:, :, None]))
    return product, convolution.abs().max().item()
print(*worst())
torch.npu.matmul.allow_hf32, torch.npu.conv.allow_hf32 = True, False
print(*worst())
"""


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"EMULATED_NPU_CHIP": "Ascend910B2"}, ["exact hf32", "hf32 exact"]),
        ({"EMULATED_NPU_ROUND": "matmul:fp16,conv:fp16"}, ["fp16 fp16", "fp16 fp16"]),
    ],
    ids=["910B", "forced"],
)
def test_rounding(emulated_npu, switches, expected):
    def name(error):
        return "exact" if error < 1e-5 else "hf32" if error < 6e-3 else "fp16"

    finished = run(emulated_npu, ROUNDING, **switches)
    rows = [row.split() for row in finished.stdout.splitlines()[1:]]
    assert [" ".join(name(float(error)) for error in row) for row in rows] == expected


ARITHMETIC = """
import torch.nn.functional as F
torch.manual_seed(0)
x = torch.linspace(-4, 4, 801)
gelu = F.gelu(x.npu()).cpu()
signal, kernel = torch.randn(1, 8, 64), torch.randn(8, 8, 3)
conv = F.conv1d(signal.npu(), kernel.npu()).cpu()
layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(64, 64, 128), dim=2)
folded = layer.weight.detach()
weight = layer.npu().weight.detach().cpu()
factors = torch.randn(64, 64)
products = (factors.npu() @ factors.npu()).cpu()
over = torch.full((2,), 6e4, dtype=torch.float16).npu()
ways = {
    "gelu": torch.equal(gelu, F.gelu(x, approximate="tanh")),
    "hf32": not torch.allclose(conv, F.conv1d(signal, kernel), atol=1e-5)
    and not torch.allclose(conv, F.conv1d(*(each.half().float() for each in (signal, kernel)))),
    "weight_norm": not torch.equal(weight, folded),
    "float16_products": torch.equal(products, factors.half().float() @ factors.half().float()),
    "saturation": (over * 2).tolist() == [65504, 65504] and (over / 0 * 0).tolist() == [0, 0],
}
assert torch.allclose(weight, folded, rtol=1e-5, atol=1e-7)
assert ways["gelu"] or torch.equal(gelu, F.gelu(x))
assert ways["saturation"] or (over * 2).isinf().all().item()
print(",".join(way for way, is_on in ways.items() if is_on) or "exact")
"""
OF_910B, OF_310P = "gelu,hf32,weight_norm", "gelu,weight_norm,float16_products,saturation"
ALONE = ("gelu", "weight_norm", "float16_products", "saturation")


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, OF_910B),
        ({"EMULATED_NPU_CHIP": "Ascend310P3"}, OF_310P),
        ({"EMULATED_NPU_ARITHMETIC": "exact"}, "exact"),
        *(
            pytest.param({"EMULATED_NPU_ARITHMETIC": way}, way, marks=pytest.mark.slow)
            for way in ALONE
        ),
    ],
    ids=["910B", "310P", "exact", *ALONE],
)
def test_arithmetic_is_the_chips_unless_told(emulated_npu, switches, expected):
    finished = run(emulated_npu, ARITHMETIC, **switches)
    assert finished.code == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == expected


def test_unknown_arithmetic(emulated_npu):
    finished = run(emulated_npu, "", EMULATED_NPU_ARITHMETIC="gelu,tf32")
    assert "EMULATED_NPU_ARITHMETIC=gelu,tf32" in finished.stderr


GELU = """
import logging
logging.basicConfig()
from speech_toolkit.device import select_device
import torch.nn.functional as F
device = select_device("npu")
select_device("npu:1")
torch.manual_seed(0)
x = torch.linspace(-4, 4, 801)
facts = device.facts()
is_exact = torch.allclose(F.gelu(x.npu()).cpu(), F.gelu(x), atol=1e-6)
print(facts["float32_precision"], facts["gelu"], is_exact)
"""


@pytest.mark.parametrize(
    ("switches", "expected", "warnings"),
    [
        ({}, "highest exact True", 0),
        ({"EMULATED_NPU_CHIP": "Ascend310P3"}, "high tanh False", 1),
        pytest.param(
            {"EMULATED_NPU_RAISE_OP": "npu::npu_gelu"},
            "highest tanh False",
            1,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"EMULATED_NPU_RAISE_OP": "npu::npu_gelu", "EMULATED_NPU_ARITHMETIC": "exact"},
            "highest exact True",
            0,
            marks=pytest.mark.slow,
        ),
    ],
    ids=["910B", "310P", "broken", "not needed"],
)
def test_gelu_of_the_product(emulated_npu, switches, expected, warnings):
    finished = run(emulated_npu, GELU, **switches)
    assert finished.stdout.splitlines()[-1] == expected
    assert finished.stderr.count("computes GELU in its tanh form only (call ") == warnings
    is_rounded = "multiplies float32 as float16" in finished.stderr
    assert is_rounded == expected.startswith("high ")
    assert "overrid" not in finished.stderr.lower()


MODULE_ERROR = """
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Identity(), torch.nn.Identity()
    def forward(self, x):
        return self.second(self.first(x)), self.first(x)

model = torch.nn.Sequential(Block(), Block()).npu()
x = torch.ones(10000, device="npu")
out = torch.nn.Sequential.forward(torch.nn.Sequential(torch.nn.Identity()), x)
a, b = model[0](x)
print((a - x).std().item(), (b - x).std().item())
wrapped = torch.nn.ModuleDict({"part": model[1]})
wrapped.forward = lambda value: wrapped["part"](value)
a, b = wrapped(x)
print((a - x).std().item(), (b - x).std().item())
"""


def test_error_at_a_named_module(emulated_npu):
    finished = run(emulated_npu, MODULE_ERROR, EMULATED_NPU_MODULE_ERROR="part.second=1e-2")
    assert finished.code == 0, finished.stderr
    clean, faulty = (list(map(float, row.split())) for row in finished.stdout.splitlines()[1:])
    assert clean == [0, 0]
    assert faulty[0] == pytest.approx(1e-2, rel=0.1)
    assert faulty[1] == 0


def test_two_allocator_settings_are_refused(emulated_npu):
    both = {"PYTORCH_NPU_ALLOC_CONF": "a:1", "PYTORCH_ALLOC_CONF": "a:1"}
    finished = run(emulated_npu, "torch.ones(1).npu()", **both)
    assert "have been set, please set only one of them" in finished.stderr


def test_build_happens_once(emulated_npu):
    site = build.install()
    library = site / "torch_npu/libemulated_npu.so"
    built_at = library.stat().st_mtime_ns
    assert build.install() == site
    assert library.stat().st_mtime_ns == built_at
    assert build.HERE not in site.parents
