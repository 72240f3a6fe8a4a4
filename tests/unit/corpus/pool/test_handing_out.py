"""Which item is handed to whom, and what is done about failures, without any process."""

from types import SimpleNamespace

import pytest

from speech_toolkit.corpus.item import Item, ItemFault
from speech_toolkit.corpus.pool import devices
from speech_toolkit.corpus.pool.blame import Card, explain
from speech_toolkit.corpus.pool.devices import check_devices, resolve_devices
from speech_toolkit.corpus.pool.lengths import length_s, longest_first
from speech_toolkit.corpus.pool.messages import EndOfRound, Give
from speech_toolkit.corpus.pool.work_left import WorkLeft
from speech_toolkit.errors import DeviceError, UsageError


class Asking:
    """A worker that asks."""

    def __init__(self, card):
        self.card, self.held, self.is_alone = card, {}, False

    @property
    def held_s(self):
        return sum(each.length_s for each in self.held.values())

    def ask(self, left, has_others=True, num_workers=2):
        answer = left.answer(self, self.card, has_others, num_workers)
        return answer.item.id if isinstance(answer, Give) else answer


@pytest.fixture
def workers():
    return Asking(Card("npu:0", "npu:0")), Asking(Card("npu:1", "npu:1"))


def left_of(lengths):
    items = {Item(f"{n}", f"{n}.wav"): seconds for n, seconds in enumerate(lengths)}
    return WorkLeft(iter(items), items)


def test_the_longest_go_first(tmp_path):
    def recorded(name, size_bytes, **times):
        (tmp_path / name).write_bytes(b"0" * size_bytes)
        return Item(name, str(tmp_path / name), **times)

    second = recorded("second.wav", 64_000)
    third = recorded("third.mp3", 36_000)
    tail = recorded("tail.wav", 320_000, start_s=9.5)
    part = Item("part", "gone.wav", start_s=100.0, end_s=101.0)
    missing = Item("missing", "gone.wav")
    faulty = Item("faulty", second.audio_path, fault=ItemFault("wrong text", "is odd"))
    order = longest_first([missing, faulty, tail, part, second, third])
    assert order == {third: 3.0, second: 2.0, part: 1.0, tail: 0.5, missing: 0.0, faulty: 0.0}
    assert [item.id for item in order][:4] == ["third.mp3", "second.wav", "part", "tail.wav"]
    assert length_s(missing) == 0.0


def test_shares_grow_smaller_towards_the_end(workers):
    left, (first, second) = left_of([10.0] * 16), workers
    rounds = []
    while not left.is_empty:
        for each in (first, second):
            taken = 0
            while isinstance(each.ask(left), str):
                taken += 1
            rounds.append(taken)
            each.held.clear()
    assert sum(rounds) == 16
    assert rounds == sorted(rounds, reverse=True)
    assert rounds[0] > 1
    assert rounds[-1] <= 1


def test_without_lengths_a_worker_gets_what_it_asks_for(workers):
    left, (first, _) = WorkLeft(iter(Item(str(n), "a.wav") for n in range(5)), {}), workers
    assert [first.ask(left) for _ in range(6)] == ["0", "1", "2", "3", "4", EndOfRound()]
    first.held.clear()
    assert first.ask(left) is None


def test_what_failed_is_tried_alone_and_elsewhere(workers):
    left, (first, second) = left_of([1.0] * 40), workers
    assert first.ask(left) == "0"
    failed = first.held.pop("0").item
    left.try_alone(failed, first.card)
    assert left.was_tried(failed)
    assert first.ask(left) == "1"
    assert second.ask(left) == "0"
    assert second.ask(left) == EndOfRound()
    second.held.clear()
    assert second.ask(left) == "2"


def test_what_failed_waits_for_those_before_it_and_takes_the_only_device(workers):
    left, (first, _) = left_of([1.0] * 40), workers
    first.ask(left)
    first.ask(left)
    left.try_alone(first.held.pop("0").item, first.card)
    assert first.ask(left, has_others=False, num_workers=1) == EndOfRound()
    first.held.clear()
    assert first.ask(left, has_others=False, num_workers=1) == "0"


def test_what_was_never_begun_is_handed_out_as_if_nothing_had_been(workers):
    left, (first, second) = left_of([1.0] * 40), workers
    first.ask(left)
    left.take_back(first.held.pop("0").item, first.card)
    assert second.ask(left) == "0"
    assert second.ask(left) == "1"
    left.try_alone(second.held.pop("0").item, second.card)
    assert first.ask(left) == "0"
    left.take_back(first.held.pop("0").item, first.card)  # not begun: it is still to be alone
    assert first.ask(left) == "2"


def test_a_device_is_not_blamed_for_what_an_item_did():
    first, second = Card("npu:0", "npu:0"), Card("npu:1", "npu:1")
    for number in range(4):
        first.fail("died", {f"bad {number}", "bystander"})
        second.fail("died", {f"bad {number}"})
        explain(f"bad {number}", (first, second))
        first.succeed()
        second.succeed()
    assert not first.judge()
    assert not second.judge()
    for _ in range(3):
        first.fail("died")
    assert first.judge()
    assert not first.judge()  # is told once
    assert first.is_out


def test_a_device_that_does_nothing_but_fail_is_left_out_whatever_explains_it():
    card = Card("npu:0", "npu:0")
    for number in range(6):
        assert not card.judge()
        card.fail("died", {f"{number // 2}"})
        explain(f"{number // 2}", (card,))
    assert card.judge()


@pytest.mark.parametrize("name", ["auto", "gpu", "npu:x", "cpu:all", "cpu:0", "auto:all", ""])
def test_names_that_are_no_devices_of_a_pool(name):
    with pytest.raises(UsageError, match="unknown device|auto names one device"):
        check_devices(["cpu", name])


def test_all_cards_of_a_type(monkeypatch):
    check_devices(["npu:0", "npu:all", "cuda", "cpu", "cpu"])
    counted = SimpleNamespace(ok=True, result={"count": 2}, message=None)
    monkeypatch.setattr(devices, "run_isolated", lambda *what, **how: counted)
    assert resolve_devices(["npu:all", "cpu"]) == ("npu:0", "npu:1", "cpu")
    counted.ok, counted.message = False, "no npu device is visible"
    with pytest.raises(DeviceError, match="npu:all: no npu device is visible"):
        resolve_devices(["npu:all"])
    assert resolve_devices(["cuda:1", "cpu", "cpu"]) == ("cuda:1", "cpu", "cpu")
