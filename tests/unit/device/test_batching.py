import pytest

from speech_toolkit.device import Device
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.errors import DeviceError

CPU = Device("cpu", None, "cpu", "for a test")


class Card:
    """Has room for some items at a time."""

    def __init__(self, room):
        self.room = room
        self.tried = []
        self.warned = []

    def run(self, part):
        self.tried.append(list(part))
        if len(part) > self.room:
            raise RuntimeError("NPU out of memory. Tried to allocate 2 GiB")
        return [item * 10 for item in part]

    def batches(self, size):
        return HalvingBatches(CPU, size, "use --dtype float16", self.warned.append)


def test_whole_batch_where_it_fits():
    card = Card(4)
    assert card.batches(4).run(card.run, [1, 2, 3, 4]) == [10, 20, 30, 40]
    assert (card.tried, card.warned) == ([[1, 2, 3, 4]], [])


def test_batches_of_the_size_asked_for():
    card = Card(4)
    assert card.batches(2).run(card.run, range(5)) == [0, 10, 20, 30, 40]
    assert card.tried == [[0, 1], [2, 3], [4]]


def test_halves_until_it_fits_and_keeps_the_order():
    card = Card(2)
    batches = card.batches(7)
    assert batches.run(card.run, range(7)) == [item * 10 for item in range(7)]
    assert card.tried == [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2], [0], [1], [2], [3], [4], [5], [6]]
    assert batches.size == 1
    assert card.warned == batches.warnings
    assert [warning.rpartition(" ")[2] for warning in card.warned] == ["3", "1"]


def test_stays_small_for_the_items_that_follow():
    card = Card(2)
    batches = card.batches(4)
    batches.run(card.run, range(4))
    card.tried.clear()
    assert batches.run(card.run, range(4)) == [0, 10, 20, 30]
    assert card.tried == [[0, 1], [2, 3]]


def test_single_item_that_does_not_fit_is_an_error():
    card = Card(0)
    message = r"memory with a batch of 1: 2 GiB asked for, .* [MG]iB taken .*; use --dtype float16"
    with pytest.raises(DeviceError, match=message):
        card.batches(2).run(card.run, [1, 2])


def test_other_errors_pass():
    def fail(part):
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        Card(1).batches(2).run(fail, [1, 2])
