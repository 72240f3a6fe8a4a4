"""The Viterbi search against a plain float64 recurrence, and that against all paths there are."""

import itertools
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.alignment import forced_align
from speech_toolkit.alignment.search import kernels
from speech_toolkit.alignment.search.long import _LEAF_FRAMES, _block_leaves, search_long
from speech_toolkit.alignment.search.trellis import IMPOSSIBLE, Trellis, search_short
from speech_toolkit.alignment.search.viterbi import _labels_of
from speech_toolkit.errors import InfeasibleAlignmentError, UsageError

ROOT = Path(__file__).resolve().parents[4]

# Lengths that put the edges of leaves and blocks everywhere: (leaf_frames, block_leaves).
SPLITS = [(1, 1), (2, 2), (3, 1), (1, 20), (4, 40), (512, 1)]


def oracle(log_probs, targets, blank=0):
    """The best path over 2 L + 1 states, all moves kept; of equal moves the shortest."""
    labels = np.full(2 * len(targets) + 1, blank)
    labels[1::2] = targets
    emissions = np.maximum(log_probs[:, labels].astype(np.float64), IMPOSSIBLE)
    may_skip = np.zeros(len(labels), bool)
    may_skip[3::2] = labels[3::2] != labels[1:-2:2]
    best = np.full(len(labels), -np.inf)
    best[:2] = emissions[0, :2]
    moves = np.zeros(emissions.shape, np.int8)
    for frame in range(1, len(emissions)):
        candidates = np.full((3, len(labels)), -np.inf)
        candidates[0] = best
        candidates[1, 1:] = best[:-1]
        candidates[2, 2:] = np.where(may_skip[2:], best[:-2], -np.inf)
        moves[frame] = candidates.argmax(axis=0)
        best = candidates.max(axis=0) + emissions[frame]
    last = len(labels) - 1
    state = last - 1 if last and best[last - 1] > best[last] else last
    score, path = best[state], []
    for frame in reversed(range(len(emissions))):
        path.append(labels[state])
        state -= int(moves[frame, state])
    return np.array(path[::-1]), score


def search(log_probs, targets, blank, leaf_frames=None, block_leaves=None, threads=1):
    """The path of one of the two implementations: the short one if no lengths are given."""
    trellis = Trellis.of(log_probs, targets, blank)
    if leaf_frames is None:
        states = search_short(trellis)
    else:
        states = search_long(trellis, threads, lambda part: None, leaf_frames, block_leaves)
    return _labels_of(states, targets, blank)


def random_case(rng, kind):
    """Emissions, targets and blank, often with no frame to spare."""
    vocabulary, labels = rng.integers(3, 9), rng.integers(0, 13)
    blank = int(rng.integers(vocabulary))
    targets = rng.integers(0, vocabulary - 1, labels)
    targets += targets >= blank
    repeats = np.count_nonzero(targets[1:] == targets[:-1])
    spare = rng.choice([0, 1, rng.integers(0, 28)])
    log_probs = rng.normal(size=(max(1, labels + repeats + spare), vocabulary)) * 3
    if kind != "continuous":
        log_probs = np.round(log_probs)
    if kind == "impossible":
        log_probs[rng.random(log_probs.shape) < 0.25] = -np.inf
    return log_probs.astype(np.float32), targets, blank


def dense_case(frames, labels, seed=0, quantised=False):
    """Emissions of random probabilities, with as many labels as asked for."""
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.full(29, 0.3), frames) + 1e-9)
    if quantised:
        log_probs = np.round(log_probs)
    return log_probs.astype(np.float32), rng.integers(1, 29, labels)


def all_best_paths(log_probs, targets, blank):
    """Every best path, as state numbers that rise along the path, by trying all sequences."""
    spellings, best = [], -np.inf
    labels = [blank] + [label for target in targets for label in (target, blank)]
    for states in itertools.product(range(len(labels)), repeat=len(log_probs)):
        steps = np.diff(states)
        starts_and_ends = states[0] <= 1 and states[-1] >= len(labels) - 2
        if not starts_and_ends or (steps < 0).any() or (steps > 2).any():
            continue
        path = [labels[state] for state in states]
        if [label for label, _ in itertools.groupby(path) if label != blank] != list(targets):
            continue
        score = sum(log_probs[frame, label] for frame, label in enumerate(path))
        if score >= best:
            spellings = [states] if score > best else [*spellings, states]
            best = score
    return np.array(spellings), labels


@pytest.mark.parametrize("seed", range(40))
def test_oracle_returns_the_best_path_that_is_furthest_along_at_every_frame(seed):
    rng = np.random.default_rng(seed)
    targets = rng.integers(1, 3, rng.integers(1, 4))
    log_probs = rng.integers(-2, 1, (5, 3)).astype(np.float32)
    if len(targets) + np.count_nonzero(np.diff(targets) == 0) > 5:
        pytest.skip("does not fit")
    best, labels = all_best_paths(log_probs, targets, 0)
    furthest = best.max(axis=0)
    assert (best == furthest).all(axis=1).any()
    assert oracle(log_probs, targets)[0].tolist() == [labels[state] for state in furthest]


@pytest.mark.parametrize("kind", ["continuous", "ties", "impossible"])
def test_both_searches_equal_the_oracle_on_random_cases(kind):
    rng = np.random.default_rng(1)
    for case in range(800):
        log_probs, targets, blank = random_case(rng, kind)
        expected = oracle(log_probs, targets, blank)[0].tolist()
        assert search(log_probs, targets, blank).tolist() == expected
        threads = 2 if case % 10 == 0 else 1
        leaf_frames, block_leaves = SPLITS[case % len(SPLITS)]
        found = search(log_probs, targets, blank, leaf_frames, block_leaves, threads)
        assert found.tolist() == expected, (case, leaf_frames, block_leaves)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_both_searches_equal_the_oracle_on_cases_that_hypothesis_invents(data):
    vocabulary = data.draw(st.integers(3, 5))
    targets = np.array(data.draw(st.lists(st.integers(1, vocabulary - 1), max_size=8)), np.int64)
    least = max(1, len(targets) + np.count_nonzero(np.diff(targets) == 0))
    frames = data.draw(st.integers(least, least + 12))
    score = st.sampled_from([-np.inf, -3.0, -2.0, -1.0, -0.5, 0.0])
    row = st.lists(score, min_size=vocabulary, max_size=vocabulary)
    log_probs = np.array(data.draw(st.lists(row, min_size=frames, max_size=frames)), np.float32)
    leaf_frames, block_leaves = data.draw(st.sampled_from(SPLITS))
    expected = oracle(log_probs, targets)[0].tolist()
    assert search(log_probs, targets, 0).tolist() == expected
    assert search(log_probs, targets, 0, leaf_frames, block_leaves).tolist() == expected


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("labels", [511, 512, 1300])
def test_label_tiles_and_recomputed_levels_leave_the_path_as_it_is(labels, quantised):
    log_probs, targets = dense_case(2000, labels, quantised=quantised)
    expected = oracle(log_probs, targets)[0].tolist()
    for leaf_frames, block_leaves, threads in [(512, 1, 1), (16, 40, 1), (7, 43, 2)]:
        found = search(log_probs, targets, 0, leaf_frames, block_leaves, threads)
        assert found.tolist() == expected


@pytest.mark.parametrize(("frames", "labels"), [(4000, 3999), (4000, 1000), (9000, 300)])
def test_forced_align_of_long_problems_equals_the_oracle_on_one_thread_and_two(frames, labels):
    log_probs, targets = dense_case(frames, labels)
    targets[1::2] = targets[1::2] % 14 + 1  # neighbours differ: 1 to 14, then 15 to 28
    targets[0::2] = targets[0::2] % 14 + 15
    expected = oracle(log_probs, targets)[0].tolist()
    for threads in (None, 1, 2):
        path, scores = forced_align(log_probs, targets, threads=threads)
        assert path.tolist() == expected
        assert np.array_equal(scores, log_probs[np.arange(frames), path])


@pytest.mark.parametrize("short", [True, False])
def test_no_frame_to_spare(short):
    log_probs, _ = dense_case(6, 1)
    lengths = () if short else (2, 3)
    assert search(log_probs, np.array([1, 2, 3, 4, 5, 6]), 0, *lengths).tolist() == [*range(1, 7)]
    assert search(log_probs, np.array([3, 3, 3, 4]), 0, *lengths).tolist() == [3, 0, 3, 0, 3, 4]
    assert search(log_probs[:1], np.array([7]), 0, *lengths).tolist() == [7]
    assert search(log_probs, np.array([], int), 0, *lengths).tolist() == [0] * 6


def test_ties_give_the_labels_that_begin_earliest():
    path, _ = forced_align(np.zeros((6, 3)), [1, 1, 2])
    assert path.tolist() == [1, 0, 1, 2, 0, 0]


def test_an_impossible_frame_is_passed_only_if_there_is_no_other_way():
    log_probs = np.array([[-0.7, -0.7, -np.inf], [-0.7, -np.inf, -0.7], [-0.1, -3.0, -3.0]])
    assert forced_align(log_probs, [1, 2])[0].tolist() == [1, 2, 0]
    path, scores = forced_align(log_probs, [2, 1])
    assert path.tolist() == [0, 2, 1]
    path, scores = forced_align(log_probs[[1, 0]], [1, 2])
    assert path.tolist() == [1, 2]
    assert scores.tolist() == [-np.inf, -np.inf]


def test_the_path_of_half_an_hour_has_the_score_of_the_float64_optimum():
    log_probs, targets = dense_case(90_000, 50)
    path, scores = forced_align(log_probs, targets)
    _, best = oracle(log_probs, targets)
    assert best < -100_000, "the case is meant to have a score that float32 cannot hold exactly"
    assert scores.sum(dtype=np.float64) == pytest.approx(best, rel=1e-12)
    assert path.shape == (90_000,)


def test_result_has_the_types_and_shapes_of_the_contract():
    log_probs, targets = dense_case(50, 9)
    path, scores = forced_align(log_probs, targets)
    assert (path.dtype, path.shape) == (np.int32, (50,))
    assert (scores.dtype, scores.shape) == (np.float32, (50,))
    assert np.array_equal(scores, log_probs[np.arange(50), path])


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype(np.float64),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: np.flip(np.flip(x, 1).copy(), 1),
        lambda x: x.astype(">f4"),
    ],
)
def test_any_float_type_and_layout_gives_the_same_path(convert):
    log_probs, targets = dense_case(60, 20)
    expected = forced_align(log_probs, targets)
    found = forced_align(convert(log_probs), targets.astype(np.int16))
    assert np.array_equal(found, expected)


def test_float16_is_taken_at_its_value():
    log_probs, targets = dense_case(60, 20)
    half = log_probs.astype(np.float16)
    path, _ = forced_align(half, targets)
    assert path.tolist() == oracle(half.astype(np.float32), targets)[0].tolist()


def test_torch_tensors_are_accepted():
    torch = pytest.importorskip("torch")
    log_probs, targets = dense_case(60, 20)
    tensor = torch.from_numpy(log_probs).requires_grad_()
    found = forced_align(tensor, torch.from_numpy(targets))
    assert np.array_equal(found, forced_align(log_probs, targets))
    path, _ = forced_align(tensor.bfloat16().T.contiguous().T, torch.from_numpy(targets))
    rounded = tensor.detach().bfloat16().float().numpy()
    assert path.tolist() == oracle(rounded, targets)[0].tolist()


FLAT = np.zeros((4, 3), np.float32)
BAD_VALUES = [
    (FLAT[0], [1], {}, "log_probs is float32 of shape (3,)"),
    (FLAT.astype(int), [1], {}, "log_probs is int64"),
    (FLAT[:0], [1], {}, "shape (0, 3)"),
    (FLAT[:0], [], {}, "shape (0, 3)"),
    (np.where(np.eye(4, 3, -2), np.nan, 0.0), [1], {}, "NaN or +inf, first in frame 2"),
    (np.where(np.eye(4, 3, -1), np.inf, 0.0), [1], {}, "NaN or +inf, first in frame 1"),
    (FLAT, [1, 3], {}, "targets[1] is 3: labels are columns 0 to 2"),
    (FLAT, [-1], {}, "targets[0] is -1"),
    (FLAT, [1, 0], {}, "targets[1] is 0"),
    (FLAT, [0, 2], {"blank": 2}, "other than the blank, 2"),
    (FLAT, [1.0], {}, "targets is float64 of shape (1,)"),
    (FLAT, [[1]], {}, "of shape (1, 1)"),
    (FLAT, [1], {"blank": 3}, "blank 3: log_probs has the columns 0 to 2"),
    (FLAT, [1], {"threads": 3}, "threads 3"),
]


@pytest.mark.parametrize(("log_probs", "targets", "options", "message"), BAD_VALUES)
def test_bad_values_are_named(log_probs, targets, options, message):
    with pytest.raises(UsageError) as error:
        forced_align(log_probs, targets, **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_too_few_frames_are_reported_with_the_numbers():
    with pytest.raises(InfeasibleAlignmentError) as error:
        forced_align(FLAT, [1, 1, 2, 2])
    assert str(error.value).startswith(
        "4 labels, 2 of them equal to the one before, need at least 6 frames, but the audio has 4:"
    )
    path, _ = forced_align(np.zeros((6, 3)), [1, 1, 2, 2])
    assert path.tolist() == [1, 0, 1, 2, 0, 2]


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_rises_to_one_on_the_callers_thread(threads):
    log_probs, targets = dense_case(6000, 500)
    parts, callers = [], set()

    def note(part):
        parts.append(part)
        callers.add(threading.current_thread())

    forced_align(log_probs, targets, threads=threads, on_progress=note)
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert len(parts) >= 5
    assert callers == {threading.current_thread()}


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interruption_ends_the_search_and_its_thread(threads):
    log_probs, targets = dense_case(20_000, 4000)
    calls = []

    def interrupt(part):
        calls.append(part)
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        forced_align(log_probs, targets, threads=threads, on_progress=interrupt)
    assert len(calls) == 1
    assert threading.active_count() == before


def test_kept_rows_stay_within_the_memory_granted():
    log_probs, targets = dense_case(20_000, 6000)
    tracemalloc.start()
    forced_align(log_probs, targets)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 20e6  # all rows: 1340 MB
    flat = np.zeros((1, 2), np.float32)
    hours = Trellis.of(np.broadcast_to(flat, (1_800_000, 2)), np.ones(500_000, int), 0)
    kept_bytes = 16 * 1_300_001 * 500_001 / (_block_leaves(hours) * _LEAF_FRAMES)
    assert kept_bytes < 65 * 2**20


def test_other_threads_run_while_the_compiled_loop_does():
    frames, labels = 8000, 40_000
    arguments = (
        np.zeros((frames // 2, 3), np.int64),
        frames,
        np.ones(labels, np.uint32),
        np.zeros(labels, np.float32),
        np.zeros(labels),
        np.zeros(labels + 1),
    )
    worker = threading.Thread(target=kernels.advance, args=arguments)
    started, turns = time.perf_counter(), 0
    worker.start()
    while worker.is_alive():
        time.sleep(0.001)
        turns += 1
    assert time.perf_counter() - started > 0.02
    assert turns >= 8
