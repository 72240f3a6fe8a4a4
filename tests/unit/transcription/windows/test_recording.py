"""Windows planned while a recording is read are those of the whole, and little of it is kept."""

import threading
import time
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.errors import DamagedAudioError, TimeLimitError
from speech_toolkit.transcription.windows import recording as module
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.recording import (
    ReadStretch,
    Recording,
    known_recording,
)
from speech_toolkit.transcription.windows.speech import SpeechRegion
from tests.unit.transcription.windows.planned import planned

RATE_HZ = 100  # samples stand for hundredths of a second
NOTHING = np.empty(0, np.float32)


def stretches(samples, regions, ends, latency):
    """Yield what is known of a recording when its blocks are read, some samples late."""
    given_regions, start = 0, 0
    for end in [*ends, len(samples)]:
        known = max(end - latency, 0)
        final = [region for region in regions[given_regions:] if region.end_sample <= known]
        given_regions += len(final)
        following = regions[given_regions] if given_regions < len(regions) else None
        is_open = following is not None and following.start_sample < known
        yield ReadStretch(
            samples[start:end],
            tuple(final),
            SpeechRegion(following.start_sample, known) if is_open else None,
            known,
        )
        start = end
    yield ReadStretch(NOTHING, tuple(regions[given_regions:]), None, len(samples))


@st.composite
def layouts(draw):
    """Regions in hundredths of a second, with gaps of all kinds and of many minutes."""
    position, spans = draw(st.integers(0, 500)), []
    for _ in range(draw(st.integers(0, 12))):
        length = draw(st.integers(20, 900) | st.integers(900, 8000))
        spans.append(SpeechRegion(position, position + length, draw(st.booleans())))
        gaps = st.sampled_from([0, 0, 10, 30, 31]) | st.integers(0, 3000) | st.just(40_000)
        position += length + draw(gaps)
    return spans, position + draw(st.integers(1, 500))


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "recording"]


def wait_until(is_true):
    deadline = time.monotonic() + 5
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@settings(max_examples=80, deadline=None)
@given(layouts(), st.data())
def test_windows_are_those_of_the_whole(layout, data):
    regions, total = layout
    samples = np.random.default_rng(0).standard_normal(total).astype(np.float32)
    window_s = data.draw(st.sampled_from([5.0, 25.0, 30.0]))
    step = data.draw(st.integers(50, 4000))
    latency = data.draw(st.integers(0, 4000))
    whole = WindowPlanner(known_recording(samples, regions, RATE_HZ), window_s)
    with patch.object(module, "_AHEAD_S", data.draw(st.sampled_from([0.5, 40.0]))):
        reading = stretches(samples, regions, range(step, total, step), latency)
        recording = Recording(reading, RATE_HZ)
    recording.read_beginning()
    try:
        hold_windows_against(whole, WindowPlanner(recording, window_s), data)
        assert recording.is_read
        assert recording.read_samples == total
        assert WindowPlanner(recording, window_s).speech_left_s(0) == whole.speech_left_s(0)
    finally:
        recording.close()
    assert not threads()


def hold_windows_against(whole, planner, data):
    """Plan all windows, and take up some of them again as a retake does."""
    from_sample, index = 0, 0
    while window := planner.next(from_sample, index):
        assert window == whole.next(from_sample, index)
        np.testing.assert_array_equal(planner.samples(window), whole.samples(window))
        span = (window.pieces[0].start_sample, window.end_sample)
        assert planner.speech_s(*span) == whole.speech_s(*span)
        from_sample, index = window.end_sample, index + 1
        if data.draw(st.integers(0, 3)) == 0:
            from_sample = window.to_file_sample(0.6 * window.num_samples / RATE_HZ)
        planner.release(from_sample)
    assert whole.next(from_sample, index) is None


def long_recording(minutes, spoken_share, kept):
    """Yield blocks of 10 s, and keep how many samples are in memory while each is read."""
    recordings = []

    def reading():
        every, block = 60 * RATE_HZ, 10 * RATE_HZ
        spoken = int(every * spoken_share)
        regions = [SpeechRegion(at, at + spoken) for at in range(0, minutes * every, every)]
        samples = np.ones(minutes * every, np.float32)
        ends = range(block, len(samples), block)
        for stretch in stretches(samples, regions if spoken else [], ends, 20 * RATE_HZ):
            kept.append(recordings[0].kept_samples)
            yield stretch

    recordings.append(Recording(reading(), RATE_HZ))
    return recordings[0]


@pytest.mark.parametrize("spoken_share", [1.0, 0.3, 0.0])
def test_memory_does_not_grow_with_the_recording(spoken_share):
    kept = []
    recording = long_recording(240, spoken_share, kept)
    recording.read_beginning()
    planner = WindowPlanner(recording, 30.0)
    assert planner.speech_left_s(0) == float("inf")
    for window in planned(planner):
        planner.release(window.end_sample)
    assert recording.read_samples == 240 * 60 * RATE_HZ
    assert max(kept) <= (120 + 60 + 30) * RATE_HZ  # ahead, the gap and the window before


def test_an_hour_without_speech_inside_a_window_is_let_go():
    kept, samples = [], np.ones(3700 * RATE_HZ, np.float32)
    regions = [SpeechRegion(0, 1400), SpeechRegion(360_000, 368_000)]
    recordings = []

    def reading():
        for stretch in stretches(samples, regions, range(1000, len(samples), 1000), 2000):
            kept.append(recordings[0].kept_samples)
            yield stretch

    recordings.append(Recording(reading(), RATE_HZ))
    planner = WindowPlanner(recordings[0], 30.0)
    first, second, *_ = planned(planner)
    assert [piece.start_sample for piece in first.pieces] == [0, 360_000]
    assert len(planner.samples(first)) == first.num_samples > 2500
    assert second.pieces[0].start_sample == first.end_sample
    assert max(kept) <= 150 * RATE_HZ


def test_it_is_read_no_farther_than_may_lie_ahead():
    recording = long_recording(60, 1.0, [])
    recording.read_beginning()
    assert recording.read_samples == 120 * RATE_HZ
    planner = WindowPlanner(recording, 30.0)
    window = planner.next(0, 0)
    time.sleep(0.05)
    assert recording.read_samples <= 130 * RATE_HZ
    recording.allow_ahead(600 * RATE_HZ)
    planner.next(window.end_sample, 1)
    wait_until(lambda: recording.read_samples >= 600 * RATE_HZ)
    time.sleep(0.05)
    assert recording.read_samples <= (600 + 30 + 10) * RATE_HZ
    recording.close()
    assert not threads()


def test_what_fails_while_it_is_read_is_raised_where_it_is_waited_for():
    def reading():
        whole = np.ones(20_000, np.float32)
        yield ReadStretch(whole, (SpeechRegion(0, 2500), SpeechRegion(2600, 19_000)), None, 20_000)
        raise DamagedAudioError("it breaks")

    recording = Recording(reading(), RATE_HZ)
    recording.read_beginning()
    planner = WindowPlanner(recording, 30.0)
    first = planner.next(0, 0)
    assert first.end_sample > 0
    for _ in range(2):
        with pytest.raises(DamagedAudioError, match="it breaks"):
            list(planned(planner, 16_500, 1))
    wait_until(lambda: not threads())


def test_a_recording_that_is_closed_ends_its_thread_and_its_reading():
    closed = threading.Event()

    def reading():
        try:
            while True:
                yield ReadStretch(np.ones(1000, np.float32), (), None, 0)
        finally:
            closed.set()

    begun = Recording(reading(), RATE_HZ)
    begun.read_beginning()
    begun.close()
    assert closed.is_set()
    closed.clear()
    waited_for = Recording(reading(), RATE_HZ)
    errors = []

    def wait():
        try:
            WindowPlanner(waited_for, 30.0).next(0, 0)
        except RuntimeError as error:
            errors.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    wait_until(lambda: waited_for.read_samples > 5000)
    waited_for.close()
    waiting.join(20)
    assert closed.is_set()
    assert errors == ["the recording was closed before its end"]
    assert not threads()


def test_a_block_that_does_not_come_is_given_up():
    goes_on = threading.Event()

    def reading():
        yield ReadStretch(np.ones(20_000, np.float32), (SpeechRegion(0, 4000),), None, 20_000)
        goes_on.wait(20)

    hanging = Recording(reading(), RATE_HZ, patience_s=0.05)
    hanging.read_beginning()
    planner = WindowPlanner(hanging, 30.0)
    window = planner.next(0, 0)
    with pytest.raises(
        TimeLimitError, match=r"was not read on for 0\.05 s; see why its file is slow"
    ):
        planner.next(window.end_sample, 1)
    goes_on.set()
    hanging.close()
    assert not threads()
