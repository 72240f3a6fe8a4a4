"""Items made in a thread: the same ones in the same order, and no thread is left behind."""

import threading

import pytest

from speech_toolkit.audio.prefetch import prefetched


class Numbers:
    """Counts; keeps which thread made each number, and whether it was closed."""

    def __init__(self, count, fails_at=None):
        self.count, self.fails_at = count, fails_at
        self.threads, self.is_closed = [], False

    def make(self):
        try:
            for number in range(self.count):
                if number == self.fails_at:
                    raise ValueError("broken")
                self.threads.append(threading.current_thread().name)
                yield number
        finally:
            self.is_closed = True


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "decoding"]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 20])
@pytest.mark.parametrize("inline", [0, 3])
def test_all_items_come_in_order(count, inline):
    numbers = Numbers(count)
    assert list(prefetched(numbers.make(), ahead=2, inline=inline)) == list(range(count))
    here = min(count, inline)
    own = threading.current_thread().name
    assert numbers.threads == [own] * here + ["decoding"] * (count - here)
    assert numbers.is_closed
    assert not threads()


def test_no_more_are_made_than_may_wait():
    numbers = Numbers(100)
    items = prefetched(numbers.make(), ahead=2, inline=0)
    assert next(items) == 0
    for _ in range(50):
        threading.Event().wait(0.001)
    assert len(numbers.threads) <= 1 + 2 + 1  # taken, waiting, in hand
    items.close()


@pytest.mark.parametrize("taken", [0, 2, 5])
def test_who_stops_early_leaves_no_thread_and_closes_the_source(taken):
    numbers = Numbers(100)
    items = prefetched(numbers.make(), ahead=2, inline=3)
    for _ in range(taken):
        next(items)
    items.close()
    assert numbers.is_closed or not taken
    assert not threads()


@pytest.mark.parametrize("inline", [0, 9])
def test_an_error_comes_in_its_turn(inline):
    numbers = Numbers(9, fails_at=4)
    items = prefetched(numbers.make(), ahead=2, inline=inline)
    assert [next(items) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="broken"):
        next(items)
    assert not threads()
