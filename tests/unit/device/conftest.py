from functools import partial

import pytest
import torch

from tests.unit.device.fake_torch_npu import install


@pytest.fixture
def fake_torch_npu(tmp_path):
    """Return a function that installs a fake torch_npu and returns the PYTHONPATH for it."""
    return partial(install, tmp_path)


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Tesla T4")
    taken = []
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    return taken
