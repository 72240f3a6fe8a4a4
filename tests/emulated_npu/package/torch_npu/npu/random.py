"""Random streams of the stand-in; a seed gives other numbers than on the CPU, as on the device."""

import torch

from torch_npu import _emulator
from torch_npu.npu import utils


def manual_seed(seed: int) -> None:
    """Seed the current card."""
    _emulator.library.emulated_npu_seed(utils.current_device(), int(seed) % 2**64)


def manual_seed_all(seed: int) -> None:
    """Seed every card."""
    for index in range(_emulator.library.emulated_npu_card_count()):
        _emulator.library.emulated_npu_seed(index, int(seed) % 2**64)


def seed() -> None:
    """Seed the current card by chance."""
    manual_seed(torch.seed())


def seed_all() -> None:
    """Seed every card by chance."""
    manual_seed_all(torch.seed())


def initial_seed() -> int:
    """Return the current card's seed."""
    return _emulator.library.emulated_npu_initial_seed(utils.current_device())
