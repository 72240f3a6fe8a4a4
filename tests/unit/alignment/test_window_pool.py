"""Which windows share a batch."""

import random

import pytest

from speech_toolkit.alignment.recording import Window
from speech_toolkit.alignment.window_pool import MOST_PADDING, WindowPool

STRIDE_S = 0.02


class Waiting:
    """A recording of windows of one length."""

    def __init__(self, num_frames, windows=1):
        self._windows = [Window(self, index, num_frames) for index in range(windows)]

    def windows(self):
        return self._windows


def pool_of(lengths, most_padding=MOST_PADDING):
    pool, recordings = WindowPool(STRIDE_S, most_padding), list(map(Waiting, lengths))
    for recording in recordings:
        pool.add(recording)
    return pool, recordings


def lengths_of(batch):
    return [window.num_frames for window in batch]


def padding_of(batch):
    lengths = lengths_of(batch)
    return 1 - sum(lengths) / (len(lengths) * max(lengths))


@pytest.mark.parametrize("most_padding", [MOST_PADDING, 0.0])
@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_every_window_runs_once_the_oldest_first_and_little_is_padded(batch_size, most_padding):
    lengths = [random.Random(7).randint(100, 500) for _ in range(300)]
    lengths += random.Random(8).choices([50, 1500], k=40)
    pool, recordings = pool_of(lengths, most_padding)
    left, batches = [each.windows()[0] for each in recordings], []
    while pool:
        batches.append(pool.take(batch_size))
        assert left[0] in batches[-1]
        assert len(batches[-1]) <= batch_size
        assert padding_of(batches[-1]) < 0.1
        assert most_padding or len(set(lengths_of(batches[-1]))) == 1
        left = [window for window in left if window not in batches[-1]]
    assert not left
    assert sum(map(len, batches)) == 340


def test_most_batches_of_short_recordings_are_full():
    rng, batches = random.Random(3), []
    pool, coming = WindowPool(STRIDE_S, MOST_PADDING), iter(range(1000))
    while True:
        while not pool.suffices(8) and next(coming, None) is not None:
            pool.add(Waiting(rng.randint(100, 500)))
        if not pool:
            break
        batches.append(pool.take(8))
    assert sum(len(batch) == 8 for batch in batches) > 0.9 * len(batches)
    assert sum(map(padding_of, batches)) / len(batches) < 0.03


def test_the_fullest_batch_around_the_oldest_is_taken_and_of_those_the_least_padded():
    pool, _ = pool_of([100, 50, 99, 120, 101, 98, 91])
    assert lengths_of(pool.take(3)) == [99, 100, 101]
    assert lengths_of(pool.take(3)) == [50]
    assert lengths_of(pool.take(2)) == [120]
    assert lengths_of(pool.take(3)) == [91, 98]


def test_windows_of_one_recording_run_in_order():
    pool = WindowPool(STRIDE_S, MOST_PADDING)
    pool.add(Waiting(1700, windows=11))
    batches = [[window.index for window in pool.take(4)] for _ in range(3)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert not pool


@pytest.mark.parametrize(
    ("batch_size", "num_frames", "expected"), [(1, 100, 1), (8, 100, 128), (8, 1700, 27)]
)
def test_so_much_waits_and_no_more(batch_size, num_frames, expected):
    pool = WindowPool(STRIDE_S, MOST_PADDING)
    while not pool.suffices(batch_size):
        pool.add(Waiting(num_frames))
    assert len(pool) == expected


def test_two_batches_wait_however_long_their_windows():
    pool, _ = pool_of([1700] * 127)
    assert not pool.suffices(64)
    pool.add(Waiting(1700))
    assert pool.suffices(64)


def test_what_is_dropped_waits_no_more():
    pool, (first, second, third) = pool_of([100, 100, 100])
    pool.drop([first, Waiting(100)])
    assert pool.recordings() == {second, third}
    assert [window.recording for window in pool.take(8)] == [second, third]
    assert not pool
    assert not pool.suffices(1)
