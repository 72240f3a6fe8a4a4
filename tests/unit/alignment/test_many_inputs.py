"""Many inputs through one aligner: their windows share batches, and nothing else."""

import copy
import threading
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.alignment.preparation import prepare_input
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.errors import CheckpointError, DeviceError, OutOfMemoryError

SAMPLES = Path(__file__).parents[3] / "samples"
NOISE_FLOOR = 1e-4
BATCHES_OF_4 = AlignmentSettings(batch_size=4)


@pytest.fixture
def aligner(checkpoint_template):
    return Aligner.load(checkpoint_template, device="cpu")


@pytest.fixture(scope="module")
def bundled():
    return Aligner.load(device="cpu")


def prepared(aligner, waveform, text="hello", settings=None):
    return prepare_input(waveform, text, aligner.checkpoint, settings or AlignmentSettings())


@pytest.fixture(scope="module")
def clips():
    """Pieces of speech of 1 to 5 s, some of the same length."""
    speech = load_audio(SAMPLES / "story.flac", 16000)
    starts, rng = range(0, 60 * 16000, 4 * 16000), np.random.default_rng(5)
    lengths = [*rng.integers(16000, 80000, len(starts) - 4), *[40000] * 4]
    return [
        Waveform(speech.samples[start : start + length].copy(), 16000, f"{start}.wav", 16000, 1)
        for start, length in zip(starts, lengths, strict=True)
    ]


class Watched:
    """Stands before a model and remembers the batches; ``fault`` may raise for one."""

    def __init__(self, model, fault=lambda values: None):
        self.model, self.fault = model, fault
        self.config, self.dtype = model.config, model.dtype
        self.named_parameters = model.named_parameters
        self.shapes, self.real_samples = [], []

    def __call__(self, input_values, attention_mask=None):
        self.shapes.append(tuple(input_values.shape))
        mask = torch.ones_like(input_values) if attention_mask is None else attention_mask
        self.real_samples.append(int(mask.sum()))
        self.fault(input_values)
        masks = {} if attention_mask is None else {"attention_mask": attention_mask}
        return self.model(input_values, **masks)


def heard(aligner, waveforms, settings=BATCHES_OF_4, **options):
    inputs = ((place, prepared(aligner, waveform)) for place, waveform in enumerate(waveforms))
    return dict(aligner.hear_many(inputs, settings, **options))


def test_windows_of_many_inputs_share_batches_with_little_padding(bundled, clips, monkeypatch):
    watched = Watched(bundled.model)
    monkeypatch.setattr(bundled, "model", watched)
    found = heard(bundled, clips)
    assert set(found) == set(range(len(clips)))
    assert max(rows for rows, _ in watched.shapes) == 4
    assert any(real < rows * length for (rows, length), real in zip(*both(watched), strict=True))
    for (rows, length), real in zip(*both(watched), strict=True):
        assert 1 - real / (rows * length) < 0.1


def both(watched):
    return watched.shapes, watched.real_samples


def test_what_shares_a_batch_changes_no_frame_by_more_than_the_noise_floor(bundled, clips):
    alone = heard(bundled, clips, AlignmentSettings(batch_size=1))
    for batch_size in (4, 16):
        together = heard(bundled, clips, AlignmentSettings(batch_size=batch_size))
        for place in range(len(clips)):
            difference = together[place].result.log_probs - alone[place].result.log_probs
            assert np.abs(difference).max() < NOISE_FLOOR


def test_in_batches_of_one_all_bits_are_those_of_each_alone(bundled, clips):
    found = heard(bundled, clips, AlignmentSettings())
    for place, waveform in enumerate(clips):
        ((_, alone),) = bundled.hear_many([(0, prepared(bundled, waveform))], AlignmentSettings())
        np.testing.assert_array_equal(found[place].result.log_probs, alone.result.log_probs)


def test_many_are_aligned_in_order_to_what_each_alone_gives(bundled):
    names = ("demo", "numbers", "fast", "noisy", "slow", "demo")
    pairs = [(SAMPLES / f"{name}.wav", (SAMPLES / f"{name}.txt").read_text()) for name in names]
    pairs.insert(2, (SAMPLES / "none.wav", "nothing"))
    outcomes = list(bundled.align_many(pairs, BATCHES_OF_4))
    assert [outcome.error_kind for outcome in outcomes] == [None, None, "missing", *[None] * 4]
    for (audio, text), outcome in zip(pairs, outcomes, strict=True):
        if outcome.ok:
            expected = bundled.align(audio, text)
            times = [(word.start_time, word.end_time) for word in outcome.result.words]
            assert times == [(word.start_time, word.end_time) for word in expected.words]
            assert outcome.result.audio_path == str(audio)


@pytest.mark.parametrize(("batch_size", "most_ahead"), [(1, 1), (2, 32)])
def test_no_more_is_taken_ahead_than_batches_need(aligner, make_waveform, batch_size, most_ahead):
    taken = []
    inputs = ((n, prepared(aligner, make_waveform(8000))) for n in count() if not taken.append(n))
    outcomes = aligner.hear_many(inputs, AlignmentSettings(batch_size=batch_size))
    assert taken == []
    for number in range(3 * most_ahead):
        key, outcome = next(outcomes)
        assert key == number
        assert outcome.ok
        assert len(taken) <= number + most_ahead


def test_a_pair_that_cannot_be_read_is_told_before_the_next_is_taken(aligner, tmp_path):
    outcomes = aligner.align_many((tmp_path / f"{n}.wav", "hello") for n in count())
    assert [next(outcomes).error_kind for _ in range(3)] == ["missing"] * 3


def test_once_stopped_what_was_begun_is_finished_and_the_rest_dropped(aligner, make_waveform):
    stop, taken = threading.Event(), []
    long = AlignmentSettings(window_s=0.5, context_s=0.1, batch_size=2)

    def inputs():
        for place in count():
            taken.append(place)
            yield place, prepared(aligner, make_waveform(32000 if place == 1 else 11280))

    outcomes = aligner.hear_many(inputs(), long, stop)
    assert next(outcomes)[0] == 0  # in a batch with the first window of the next
    stop.set()
    assert [(key, outcome.ok) for key, outcome in outcomes] == [(1, True)]
    assert len(taken) < 40


def test_stopped_before_it_began_nothing_is_taken(aligner):
    stop = threading.Event()
    stop.set()

    def inputs():
        raise AssertionError
        yield

    assert list(aligner.hear_many(inputs(), BATCHES_OF_4, stop)) == []


def planted(waveforms, place, value=7.0):
    """Mark a waveform, and return what tells whether it is in a batch."""
    waveforms[place].samples[100] = value
    return lambda values: bool((values == value).any())


def unnormalized(aligner, monkeypatch, model):
    import dataclasses

    plain = dataclasses.replace(aligner.checkpoint, normalizes_waveform=False)
    monkeypatch.setattr(aligner, "checkpoint", plain)
    monkeypatch.setattr(aligner, "model", model)


def test_of_a_batch_that_fails_only_the_input_to_blame_fails(aligner, make_waveform, monkeypatch):
    waveforms = [make_waveform(16000, seed) for seed in range(7)]
    is_in = planted(waveforms, 2)

    def fault(values):
        if is_in(values):
            raise RuntimeError("operator failed")

    unnormalized(aligner, monkeypatch, Watched(aligner.model, fault))
    found = heard(aligner, waveforms)
    assert [place for place, outcome in found.items() if not outcome.ok] == [2]
    assert "operator failed" in str(found[2].error)
    frames = [each.tb_frame for each in tracebacks(found[2].error)]
    assert not any(isinstance(x, torch.Tensor) for each in frames for x in each.f_locals.values())


def tracebacks(error):
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next


def test_an_input_without_memory_fails_alone(aligner, make_waveform, monkeypatch):
    waveforms = [make_waveform(16000, seed) for seed in range(6)]
    is_in = planted(waveforms, 3)

    def fault(values):
        if is_in(values):
            raise torch.OutOfMemoryError("out of memory")

    unnormalized(aligner, monkeypatch, Watched(aligner.model, fault))
    found = heard(aligner, waveforms)
    assert [place for place, outcome in found.items() if not outcome.ok] == [3]
    assert isinstance(found[3].error, OutOfMemoryError)


def test_out_of_memory_halves_the_batches_from_then_on(aligner, make_waveform, monkeypatch):
    def fault(values):
        if len(values) > 2:
            raise torch.OutOfMemoryError("out of memory")

    watched = Watched(aligner.model, fault)
    monkeypatch.setattr(aligner, "model", watched)
    found = heard(aligner, [make_waveform(16000, seed) for seed in range(8)])
    assert [rows for rows, _ in watched.shapes] == [4, 2, 2, 2, 2]
    assert all(outcome.ok and outcome.result.batch_size == 2 for outcome in found.values())
    warned = [place for place, outcome in found.items() if outcome.result.warnings]
    assert warned == [0, 1, 2, 3]
    assert "batch_size is now 2" in found[0].result.warnings[0]


class Overflowing(Watched):
    """Makes NaN of each window that ``is_in`` finds."""

    def __call__(self, input_values, attention_mask=None):
        output = super().__call__(input_values, attention_mask)
        for row, values in zip(output.logits, input_values, strict=True):
            if self.fault(values):
                row[5] = float("nan")
        return output


def test_a_window_that_overflows_is_redone_and_told_of_its_own_input(
    aligner, make_waveform, monkeypatch
):
    waveforms = [make_waveform(16000, seed) for seed in range(4)]
    is_in = planted(waveforms, 1)
    narrow = copy.deepcopy(aligner.model).to(torch.bfloat16)
    monkeypatch.setattr(aligner, "_float32_model", aligner.model)
    unnormalized(aligner, monkeypatch, Overflowing(narrow, is_in))
    found = heard(aligner, waveforms)
    assert [len(found[place].result.warnings) for place in range(4)] == [0, 1, 0, 0]
    assert "bfloat16 overflowed in 1 of 1 windows" in found[1].result.warnings[0]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_output_that_is_not_finite_fails_its_own_input(
    aligner, make_waveform, monkeypatch, batch_size
):
    waveforms = [make_waveform(16000, seed) for seed in range(4)]
    unnormalized(aligner, monkeypatch, Overflowing(aligner.model, planted(waveforms, 1)))
    found = heard(aligner, waveforms, AlignmentSettings(batch_size=batch_size))
    assert [place for place, outcome in found.items() if not outcome.ok] == [1]
    assert isinstance(found[1].error, DeviceError)
    assert "NaN or Inf in 1 frames, from 0.10 s on" in str(found[1].error)


def test_weights_of_nan_fail_every_input_with_an_error_of_its_own(aligner, make_waveform):
    broken = copy.deepcopy(aligner.model)
    with torch.no_grad():
        broken.lm_head.weight[0, 0] = float("nan")
    aligner.model = broken
    found = heard(aligner, [make_waveform(16000, seed) for seed in range(3)])
    errors = [outcome.error for outcome in found.values()]
    assert all(isinstance(error, CheckpointError) for error in errors)
    assert len(set(map(id, errors))) == 3


def test_seconds_are_shared_by_length(aligner, make_waveform):
    found = heard(aligner, [make_waveform(16000), make_waveform(17000)])
    assert 0 < found[0].result.infer_s < 1.2 * found[1].result.infer_s + 0.01


def test_an_interrupt_goes_upwards(aligner, make_waveform, monkeypatch):
    def fault(values):
        raise KeyboardInterrupt

    monkeypatch.setattr(aligner, "model", Watched(aligner.model, fault))
    with pytest.raises(KeyboardInterrupt):
        heard(aligner, [make_waveform(16000)])
