"""A batch that windows join and leave: each must be written as it is alone."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from speech_toolkit.device import Device
from speech_toolkit.errors import OutOfMemoryError
from speech_toolkit.transcription.decoded import DecodingOptions
from speech_toolkit.transcription.decoding.refill import DecodingJob, write_all
from tests.unit.transcription.random_whisper import MEL_BINS, MEL_FRAMES, PREV, random_model

WINDOWS = 12


@pytest.fixture(params=[1, 8], ids=["looks at each step", "looks at each eighth"])
def decoder(request, make_decoder, monkeypatch):
    monkeypatch.setattr(Device, "is_card", property(lambda device: request.param > 1))
    return make_decoder(random_model(2, eot_bias=1.0))


def jobs(decoder):
    """Windows of several batches and prompts, drawn and greedy, with limits of their own."""
    generator = torch.Generator().manual_seed(0)
    windows = torch.randn(WINDOWS, MEL_BINS, MEL_FRAMES, generator=generator)
    batches = [decoder.encode(windows[:5]), decoder.encode(windows[5:])]
    start = decoder.checkpoint.sot_sequence("en", "transcribe", True)
    found = []
    for index in range(WINDOWS):
        options = DecodingOptions(
            temperature=0.7 if index % 3 == 1 else 0.0,
            max_new_tokens=5 if index % 4 == 2 else None,
            record_margins=True,
        )
        before = (PREV, *range(70, 70 + index)) if index % 2 else ()
        encoded, row = (batches[0], index) if index < 5 else (batches[1], index - 5)
        found.append(DecodingJob(encoded, row, (*before, *start), options))
    return found


def alone(decoder, job):
    return decoder.decode(job.encoded[job.row : job.row + 1], [job.prompt], job.options)[0]


def run(decoder, wanted, slots):
    """Write jobs in a batch; return what was written, and how many were under way at each step."""
    batch, waiting = decoder.open_batch(slots), list(wanted)
    written, under_way = {}, []
    while waiting or batch.jobs:
        room = batch.room
        batch.admit(waiting[:room])
        del waiting[:room]
        under_way.append(len(batch.jobs))
        batch.launch()
        written.update(batch.harvest())
    return written, under_way


@pytest.mark.parametrize("slots", [1, 3, 5, 20])
def test_each_window_is_written_as_it_is_alone(decoder, slots):
    wanted = jobs(decoder)
    expected = [alone(decoder, job) for job in wanted]
    lengths = sorted(len(window.tokens) for window in expected)
    assert lengths[0] < 10 < lengths[-1]
    written, under_way = run(decoder, wanted, slots)
    assert max(under_way) == min(slots, WINDOWS)
    for job, window in zip(wanted, expected, strict=True):
        found = written[job]
        assert found.tokens == window.tokens
        assert found.log_probs == pytest.approx(window.log_probs, abs=1e-4)
        assert found.margins == pytest.approx(window.margins, abs=1e-3)
        assert found.no_speech_prob == pytest.approx(window.no_speech_prob, rel=1e-3)
        assert (found.temperature, found.finished) == (window.temperature, window.finished)


def test_one_that_runs_on_holds_up_no_other(make_decoder):
    """Of four slots one is taken for long; the others go on to the next windows meanwhile."""
    decoder = make_decoder(random_model(2, eot_bias=1.0))
    long, *short = jobs(decoder)
    long = DecodingJob(long.encoded, long.row, long.prompt, DecodingOptions(max_new_tokens=60))
    short = [
        DecodingJob(each.encoded, each.row, each.prompt, DecodingOptions(max_new_tokens=10))
        for each in short
    ]
    written, under_way = run(decoder, [long, *short], 4)
    assert len(written) == WINDOWS
    assert len(under_way) < 64  # 60 steps of the long one, with the eleven in three slots


def test_windows_close_ranks_where_no_more_come(decoder, monkeypatch):
    loop, sizes = decoder._decoders.own.loop, []
    plain_step = loop._step

    def watched(state, mask, mode):
        sizes.append(len(state.tokens_BP))
        plain_step(state, mask, mode)

    monkeypatch.setattr(loop, "_step", watched)
    _, under_way = run(decoder, jobs(decoder), WINDOWS)
    assert sizes[0] == WINDOWS
    assert sorted(sizes, reverse=True) == sizes
    assert sizes[-1] == under_way[-1] < WINDOWS


def test_a_card_is_refilled_when_an_eighth_of_its_slots_is_free(make_decoder, monkeypatch):
    decoder = make_decoder()
    for is_card, expected in ((False, 1), (True, 0)):
        monkeypatch.setattr(Device, "is_card", property(lambda device, card=is_card: card))
        batch = decoder.open_batch(16)
        assert batch.room == 16
        generator = torch.Generator().manual_seed(0)
        encoded = decoder.encode(torch.randn(15, MEL_BINS, MEL_FRAMES, generator=generator))
        start = decoder.checkpoint.sot_sequence("en", "transcribe", True)
        batch.admit(DecodingJob(encoded, row, start, DecodingOptions()) for row in range(15))
        assert batch.room == expected


def test_a_slot_that_held_no_numbers_is_clean_for_the_next(make_decoder):
    """What is masked counts nothing only where it is finite; any window may have left it, also one
    that went on in another slot or was dropped."""
    decoder = make_decoder(random_model(2, eot_bias=1.0))
    wanted = jobs(decoder)
    expected = alone(decoder, wanted[0])
    loop = decoder._decoders.own.loop
    run(decoder, wanted[:4], 4)
    with torch.inference_mode():
        loop._cache._text.fill_(float("nan"))
    written, _ = run(decoder, wanted[:4], 4)
    assert written[wanted[0]].tokens == expected.tokens


def test_time_of_a_window_that_is_written_again_counts_once(make_decoder, monkeypatch):
    """That overflowed: it is written by a batch of its own, which counts its time itself."""
    decoder = make_decoder(random_model(2, eot_bias=1.0))
    under_way, deepest = [], []
    plain = decoder.clock.stage

    @contextmanager
    def stage(name):
        under_way.append(name)
        deepest.append(len(under_way))
        with plain(name):
            yield
        under_way.pop()

    monkeypatch.setattr(decoder.clock, "stage", stage)
    (job, *_) = jobs(decoder)
    expected = alone(decoder, job)
    batch = decoder.open_batch(1)
    batch._redo = decoder._written_in_float32
    generated = batch._loop.generated

    def overflowed(slots):
        found = generated(slots)
        found.is_sound_B.fill_(False)
        return found

    monkeypatch.setattr(batch._loop, "generated", overflowed)
    written = write_all(batch, [job])
    assert written == {job: replace(expected, in_float32=True)}
    assert max(deepest) == 1


def test_the_speech_of_few_windows_at_once_is_in_memory_twice(make_decoder, monkeypatch):
    """Once where it is projected, and in its slot."""
    decoder = make_decoder(random_model(2, eot_bias=1.0))
    loop, projected = decoder._decoders.own.loop, []
    plain = loop.speech

    def watched(states_BFE):
        projected.append(len(states_BFE))
        return plain(states_BFE)

    windows = torch.randn(40, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(0))
    encoded = decoder.encode(windows)
    start = decoder.checkpoint.sot_sequence("en", "transcribe", True)
    expected = decoder.decode(encoded[30:31], [start], DecodingOptions())
    monkeypatch.setattr(loop, "speech", watched)
    found = decoder.decode(encoded, [start] * 40, DecodingOptions())
    assert projected == [16, 16, 8]
    assert found[30].tokens == expected[0].tokens


def test_no_memory_for_writing_a_window_again_is_told_as_such(make_decoder, monkeypatch):
    decoder = make_decoder(random_model(2, eot_bias=1.0))
    (job, *_) = jobs(decoder)

    def fail(job):
        raise torch.OutOfMemoryError("out of memory")

    batch = decoder.open_batch(1)
    batch._redo = fail
    monkeypatch.setattr(
        "speech_toolkit.transcription.decoding.refill.isfinite", lambda value: False
    )
    with pytest.raises(OutOfMemoryError, match="out of memory in the decoder"):
        write_all(batch, [job])
