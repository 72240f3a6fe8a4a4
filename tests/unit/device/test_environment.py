import os

from speech_toolkit.device import prepare_environment
from tests.unit.device.fake_torch_npu import WORKING, run_python, select_in_process


def test_variables_of_the_user_win(fake_torch_npu):
    python_path = fake_torch_npu(WORKING)
    code = """
        from speech_toolkit.device import environment_facts, select_device
        select_device("npu")
        print(*environment_facts().items(), sep="\\n")
    """
    own = {
        "PYTORCH_NPU_ALLOC_CONF": "max_split_size_mb:64",
        "TORCHDYNAMO_DISABLE": "0",
        "OMP_WAIT_POLICY": "ACTIVE",
    }
    shown = run_python(code, python_path, **own).stdout
    assert "'OMP_WAIT_POLICY', {'value': 'ACTIVE', 'set_by': 'user'}" in shown
    assert "GOMP_SPINCOUNT" not in shown
    assert "'PYTORCH_NPU_ALLOC_CONF', {'value': 'max_split_size_mb:64', 'set_by': 'user'}" in shown
    assert "'TORCHDYNAMO_DISABLE', {'value': '0', 'set_by': 'user'}" in shown
    general = {"PYTORCH_ALLOC_CONF": "expandable_segments:False"}
    shown = run_python(code, python_path, **general).stdout
    assert "PYTORCH_NPU_ALLOC_CONF" not in shown
    assert "'OMP_WAIT_POLICY', {'value': 'PASSIVE', 'set_by': 'toolkit'}" in shown
    assert "'GOMP_SPINCOUNT', {'value': '1000', 'set_by': 'toolkit'}" in shown
    (both,) = select_in_process(["npu"], python_path, **own, **general)
    assert both.startswith("error: PYTORCH_NPU_ALLOC_CONF and PYTORCH_ALLOC_CONF are both set")


def test_prepare_environment_keeps_the_users_switch(monkeypatch):
    monkeypatch.setenv("TORCH_DEVICE_BACKEND_AUTOLOAD", "1")
    prepare_environment("cpu")
    assert os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] == "1"
