"""What the schemas of a checkpoint's files are made of: sizes, rates and names."""

from __future__ import annotations

from speech_toolkit.files.schema_parts import list_of, number, whole

LARGEST_SIZE = 1 << 20
LARGEST_ID = 10**9

# The names that transformers 4.57 to 5.x have in common and that need no CUDA extension.
_ACTIVATION_NAMES = (
    *("gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python"),
    *("gelu_pytorch_tanh", "laplace", "leaky_relu", "linear", "mish", "prelu", "quick_gelu"),
    *("relu", "relu2", "relu6", "sigmoid", "silu", "swish", "tanh"),
)

SIZE = whole(1, LARGEST_SIZE)
HEADS = whole(1, 1000)
LAYERS = whole(0, 1000)
MEL_BINS = whole(1, 1024)
RATE = number(0, 1)
FLAG = {"type": "boolean"}
TEXT = {"type": "string"}
ACTIVATION = {"enum": list(_ACTIVATION_NAMES)}
WIDTHS = list_of(SIZE, f"a list of whole numbers from 1 to {LARGEST_SIZE}", fewest=1, most=64)
# Some published configs write -1 for an id that they do not use.
ID = whole(-1, LARGEST_ID)
