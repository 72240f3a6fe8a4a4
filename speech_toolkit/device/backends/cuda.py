"""GPUs that torch itself drives, by CUDA or by ROCm under the same names."""

import re
import warnings
from typing import Any, ClassVar

from speech_toolkit.device.backends.card import Card
from speech_toolkit.device.backends.npu import speaks_for_cuda
from speech_toolkit.device.host import read_system_file
from speech_toolkit.device.precision import HIGH, HIGHEST
from speech_toolkit.device.variables import shown_variable


class Cuda(Card):
    """torch.cuda; what its attributes mean is told in `Backend` and `Card`."""

    type = "cuda"
    label = "GPU"
    package = "torch"
    listing_tool = "nvidia-smi"
    visibility_variable = "CUDA_VISIBLE_DEVICES"
    graph_class = "CUDAGraph"
    has_fft = True
    records_by_default = True
    blocking_variable = "CUDA_LAUNCH_BLOCKING"
    variables: ClassVar[tuple[str, ...]] = (
        visibility_variable,
        blocking_variable,
        "PYTORCH_CUDA_ALLOC_CONF",
        "NVIDIA_TF32_OVERRIDE",
    )
    out_of_memory_signs: ClassVar[tuple[str, ...]] = ("alloc_failed",)  # cuBLAS and cuDNN

    def why_absent(self) -> str | None:
        """Return why torch drives no GPU; torch.cuda may be there and speak for an NPU."""
        import torch

        if not (torch.version.cuda or torch.version.hip):
            return f"torch {torch.__version__} is built without CUDA"
        if not speaks_for_cuda() and torch.cuda.is_available():
            return None
        visible = shown_variable(self.visibility_variable)
        return f"torch {torch.__version__} finds no GPU, check `nvidia-smi` and {visible}"

    def missing_text(self, requested: str, why: str) -> str:
        """Return the error for a GPU that was asked for by name and is absent."""
        return f"{requested} is not there: {why}; install torch for your GPU, or use --device cpu"

    def open(self, index: int, requested: str) -> None:
        """Make one GPU the current one."""
        self.check_index(index, self.module.device_count())
        self.make_current(index)

    def set_float32_precision(self, precision: str) -> None:
        """Switch TF32 off or on, under both names that torch has for it.

        The older switches leave a setting for all backends in force, and torch raises where they
        and the newer ones disagree, so that both are set, in this order.
        """
        import torch

        is_high = precision == HIGH
        matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*new API")
            matmul.allow_tf32 = cudnn.allow_tf32 = is_high
        for products in (matmul, cudnn.conv, cudnn.rnn):
            products.fp32_precision = "tf32" if is_high else "ieee"

    def float32_precision(self) -> str:
        """Return whether products may be rounded to TF32: "high", or "highest" if not."""
        import torch

        return HIGH if torch.backends.cuda.matmul.fp32_precision == "tf32" else HIGHEST

    def has_bfloat16(self) -> bool:
        """Tell whether the current GPU computes in bfloat16 without emulating it."""
        return self.module.is_bf16_supported(including_emulation=False)

    def facts(self) -> dict[str, Any]:
        """Return the driver, and whether float32 products may be rounded to TF32 (10 bits)."""
        import torch

        version = read_system_file("/proc/driver/nvidia/version")
        found = re.search(r"Module\s+.*?(\d+\.[\d.]+)", version)
        return {
            "driver": found.group(1) if found else None,
            "tf32": {
                "matmul": torch.backends.cuda.matmul.fp32_precision == "tf32",
                "conv": torch.backends.cudnn.conv.fp32_precision == "tf32",
            },
        }
