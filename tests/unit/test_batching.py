import pytest

from speech_toolkit.batching import run_halving
from speech_toolkit.device import Device
from speech_toolkit.errors import DeviceError

CPU = Device("cpu", None, "cpu", "for a test")


class Card:
    """Has room for some items at a time."""

    def __init__(self, room):
        self.room = room
        self.tried = []
        self.halved = []

    def run(self, part):
        self.tried.append(list(part))
        if len(part) > self.room:
            raise RuntimeError("NPU out of memory. Tried to allocate 2 GiB")
        return [item * 10 for item in part]

    def all(self, batch):
        return run_halving(self.run, batch, CPU, self.halved.append)


def test_whole_batch_where_it_fits():
    card = Card(4)
    assert card.all([1, 2, 3, 4]) == [10, 20, 30, 40]
    assert (card.tried, card.halved) == ([[1, 2, 3, 4]], [])


def test_halves_until_it_fits_and_keeps_the_order():
    card = Card(2)
    assert card.all(range(7)) == [item * 10 for item in range(7)]
    assert card.tried == [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2], [0], [1], [2], [3], [4], [5], [6]]
    assert card.halved == [3, 1]


def test_single_item_that_does_not_fit_is_an_error():
    with pytest.raises(DeviceError, match="cpu: out of memory with a batch of 1; use --dtype"):
        Card(0).all([1, 2])


def test_other_errors_pass():
    def fail(part):
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        run_halving(fail, [1, 2], CPU, lambda size: None)
