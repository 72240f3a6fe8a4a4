"""The stand-in's names and signatures against the real torch_npu, read as source, never imported.

The wheel is the file that TORCH_NPU_WHEEL names; without it pip downloads it (45 MB).
"""

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.emulated_npu import build

pytestmark = pytest.mark.slow
VERSION = "2.13.0"
BACKENDS = Path(__file__).parents[2] / "speech_toolkit/device/backends"
STAND_IN = build.HERE / "package"
MODULES = (
    "torch_npu/npu/__init__.py",
    "torch_npu/npu/utils.py",
    "torch_npu/npu/memory.py",
    "torch_npu/npu/npu_config.py",
    "torch_npu/npu/random.py",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    named = os.environ.get("TORCH_NPU_WHEEL")
    if named:
        return zipfile.ZipFile(named)
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", target]
    finished = subprocess.run(
        [*command, f"torch_npu=={VERSION}"], capture_output=True, text=True, check=False
    )
    if finished.returncode:
        pytest.skip(f"torch_npu {VERSION} cannot be downloaded; name it in TORCH_NPU_WHEEL")
    return zipfile.ZipFile(next(Path(target).glob("*.whl")))


def parse(wheel, path):
    return ast.parse(wheel.read(path).decode())


def parse_own(path):
    return ast.parse((STAND_IN / path).read_text(encoding="utf-8"))


def public_functions(tree):
    """Return name -> (argument names, defaults as source) of the public top-level functions."""
    return {
        node.name: (
            [argument.arg for argument in node.args.args],
            list(map(ast.unparse, node.args.defaults)),
        )
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def constant(tree, name):
    """Return the value of a literal that a module assigns to a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"no {name}")


@pytest.mark.parametrize("path", MODULES)
def test_signatures(wheel, path):
    real = public_functions(parse(wheel, path))
    own = public_functions(parse_own(path))
    assert own
    assert {name: real.get(name) for name in own} == own


def test_every_exported_name_is_real(wheel):
    real = set(constant(parse(wheel, MODULES[0]), "__all__"))
    own = set(constant(parse_own(MODULES[0]), "__all__"))
    assert own <= real
    assert {"synchronize", "memory_allocated", "set_compile_mode", "is_bf16_supported"} <= own


def test_event_and_graph_constructors(wheel):
    def constructor(tree, name):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == name:
                new = next(item for item in node.body if getattr(item, "name", "") == "__new__")
                return [argument.arg for argument in new.args.args]
        raise AssertionError(f"no class {name}")

    own = parse_own(MODULES[0])
    for name, path in (
        ("Event", "torch_npu/npu/streams.py"),
        ("Stream", "torch_npu/npu/streams.py"),
        ("NPUGraph", "torch_npu/npu/graphs.py"),
    ):
        assert constructor(own, name) == constructor(parse(wheel, path), name)


def test_transfer_rewrites_what_the_real_one_does(wheel):
    path = "torch_npu/contrib/transfer_to_npu.py"
    real, own = parse(wheel, path), parse_own(path)
    for own_name, real_name in (
        ("_FACTORIES", "torch_fn_white_list"),
        ("_TENSOR_METHODS", "torch_tensor_fn_white_list"),
        ("_MODULE_METHODS", "torch_module_fn_white_list"),
        ("_CUDA_CALLS", "torch_cuda_fn_white_list"),
    ):
        assert set(constant(own, own_name).split()) <= set(constant(real, real_name))
    assert set(constant(own, "_DEVICE_ARGUMENTS")) == set(constant(real, "device_kwargs_list"))
    assert set(constant(own, "_TENSOR_METHODS").split()) == set(
        constant(real, "torch_tensor_fn_white_list")
    )


def test_hf32_switches_and_their_defaults(wheel):
    config = wheel.read("torch_npu/npu/npu_config.py").decode()
    own = (STAND_IN / "torch_npu/npu/npu_config.py").read_text(encoding="utf-8")
    message = "allow_hf32 must be a bool, but got"
    assert message in config and message in own
    matmul, conv = config.split("class _allowHF32Conv")
    assert 'return hf32_value is not None and hf32_value.decode() == "enable"' in matmul
    assert "(hf32_value is None)" in conv


def test_exact_gelu_and_its_schema(wheel):
    schema = b"npu_gelu(Tensor input, *, str approximate='none') -> Tensor"
    assert schema in wheel.read("torch_npu/lib/libtorch_npu.so")
    assert schema in (build.HERE / "backend/operators.cpp").read_bytes()
    name = "npu_gelu = torch.ops.npu.npu_gelu"
    assert f"torch_npu.{name}\n" in wheel.read("torch_npu/utils/custom_ops.py").decode()
    assert f"\n{name}\n" in (STAND_IN / "torch_npu/__init__.py").read_text(encoding="utf-8")
    product = (BACKENDS / "npu_gelu.py").read_text(encoding="utf-8")
    assert 'torch.ops.npu, "npu_gelu"' in product


def test_operators_with_a_kernel_of_the_cards(wheel):
    """Those whose values differ from the CPU's have one in torch_npu, too."""
    kernels = wheel.read("torch_npu/csrc/aten/npu_native_functions.yaml").decode()
    kernels += wheel.read("torch_npu/csrc/aten/npu_native_functions_by_codegen.yaml").decode()
    for operator in ("gelu", "_weight_norm", "convolution_overrideable"):
        assert re.search(rf"(func: |- ){operator}\b", kernels), operator


def test_metadata_and_entry_point(wheel):
    own = build.install(VERSION) / f"torch_npu-{VERSION}.dist-info"
    real = f"torch_npu-{VERSION}.dist-info"
    entry = wheel.read(f"{real}/entry_points.txt").decode()
    for line in (own / "entry_points.txt").read_text().splitlines():
        assert line in entry
    assert f"Requires-Dist: torch=={VERSION}.*" in wheel.read(f"{real}/METADATA").decode()


def names_called_of_torch_npu():
    """Return X of each ``module.X``, ``self.module.X`` and ``npu.X`` in the code for NPUs."""
    files = [BACKENDS / name for name in ("card.py", "npu.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) in ("module", "self.module", "npu")
    }


def test_what_the_product_relies_on(wheel):
    """Names that speech_toolkit/device/backends calls, and the texts of errors that it knows."""
    npu = parse(wheel, MODULES[0])
    names = {node.name for node in npu.body if isinstance(node, ast.FunctionDef)}
    names |= set(constant(npu, "__all__"))
    called = names_called_of_torch_npu()
    assert {"set_compile_mode", "memory_allocated", "get_device_properties", "matmul"} <= called
    assert called <= names
    registry = wheel.read("torch_npu/_init/registry/registry_manager.py").decode()
    assert "ASCEND_HOME_PATH" in registry and "source set_env.sh" in registry
    library = wheel.read("torch_npu/lib/libtorch_npu.so")
    assert b"NPU out of memory. Tried to allocate " in library
    assert b"PYTORCH_NPU_ALLOC_CONF and PYTORCH_ALLOC_CONF have been set" in library
