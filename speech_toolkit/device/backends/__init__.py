"""The types of devices: one file each, and one line of `BACKENDS`.

To add one, such as Intel's XPU: write a class like `Cuda` in a file of its own here (`Card` does
most of it for what has a module in torch, such as torch.xpu), and add its line below. Names such
as "xpu:1", `--device auto`, memory, facts of reports and texts of errors follow from that; nothing
else in the toolkit asks for the type of a device. tests/unit/device/test_made_up_backend.py does
this with a device that does not exist.
"""

from speech_toolkit.device.backends.backend import Backend
from speech_toolkit.device.backends.cpu import Cpu
from speech_toolkit.device.backends.cuda import Cuda
from speech_toolkit.device.backends.npu import Npu

# In the order in which "auto" tries them.
BACKENDS: dict[str, Backend] = {
    "npu": Npu(),
    "cuda": Cuda(),
    "cpu": Cpu(),
}
