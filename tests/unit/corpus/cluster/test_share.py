"""How a cluster is shared out among workers."""

import pytest

from speech_toolkit.corpus.cluster.share import Share, share_of
from speech_toolkit.errors import DeviceError, UsageError

HEAD, ASCEND, CUDA = {"CPU": 4.0}, {"CPU": 192.0, "NPU": 8.0}, {"CPU": 12.0, "GPU": 4.0}


@pytest.mark.parametrize(
    ("nodes", "device", "workers", "share"),
    [
        ([HEAD, ASCEND, ASCEND], "auto", None, Share("npu", 16, 4)),
        ([HEAD, ASCEND, CUDA], "auto", None, Share("npu", 8, 4)),
        ([HEAD, CUDA], "auto", None, Share("cuda", 4, 3)),
        ([HEAD, ASCEND, CUDA], "cuda", 2, Share("cuda", 2, 4)),
        ([HEAD, ASCEND], "npu", 3, Share("npu", 3, 4)),
        ([{"CPU": 2.0, "NPU": 2.0}], "npu", None, Share("npu", 2, 1)),
        ([{"CPU": 2.0, "NPU": 8.0}], "npu", None, Share("npu", 8, 1)),
        ([HEAD], "auto", None, Share("cpu", 1, 4)),
        ([HEAD, {"CPU": 16.0}], "cpu", None, Share("cpu", 5, 4)),
        ([{"CPU": 2.0}], "cpu", None, Share("cpu", 1, 2)),
        ([{"CPU": 2.0}], "cpu", 2, Share("cpu", 2, 1)),
        ([HEAD, {"CPU": 3.0}], "cpu", 2, Share("cpu", 2, 3)),
    ],
)
def test_share(nodes, device, workers, share):
    assert share_of(nodes, device, workers) == share


@pytest.mark.parametrize(
    ("share", "options"),
    [
        (Share("npu", 8, 4), {"num_cpus": 4, "num_gpus": 0, "resources": {"NPU": 1}}),
        (Share("cuda", 8, 2), {"num_cpus": 2, "num_gpus": 1, "resources": {}}),
        (Share("cpu", 8, 1), {"num_cpus": 1, "num_gpus": 0, "resources": {}}),
    ],
)
def test_options_name_every_resource(share, options):
    assert share.options() == options


@pytest.mark.parametrize(
    ("device", "workers", "error", "said"),
    [
        ("npu", None, DeviceError, "no node of the cluster has a NPU"),
        ("cuda", 2, DeviceError, "--num-gpus 8"),
        ("npu:0", None, UsageError, "give --device npu, and how many with --workers"),
        ("tpu", None, UsageError, "unknown device"),
        ("cpu", 5, UsageError, "--workers 5: the cluster has 4 cores"),
    ],
)
def test_what_a_cluster_has_not(device, workers, error, said):
    with pytest.raises(error, match=said):
        share_of([HEAD], device, workers)
