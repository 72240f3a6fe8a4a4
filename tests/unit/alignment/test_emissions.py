import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from speech_toolkit.alignment.emissions import compute_emissions
from speech_toolkit.alignment.models.frame_geometry import FrameGeometry
from speech_toolkit.alignment.models.wav2vec2 import Wav2Vec2Checkpoint
from speech_toolkit.alignment.windows import WindowPlan
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.device import Device
from speech_toolkit.errors import AudioError, DeviceError

GEOMETRY = FrameGeometry.from_convolutions((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), 16000)
CPU = Device("cpu", None, "cpu", "for a test")
KEPT_FRAMES, CONTEXT_FRAMES = 25, 8


def emissions(model, waveform, batch_size=1, window_s=0.5, context_s=0.16, **options):
    options = {"wildcard": False} | options
    return compute_emissions(
        model,
        Wav2Vec2Checkpoint(Path(), None, GEOMETRY, options.pop("normalize", True)),
        waveform,
        CPU,
        options.pop("float32_model", lambda: model),
        window_s=window_s,
        context_s=context_s,
        batch_size=batch_size,
        progress=Reporter(quiet=True),
        **options,
    )


def one_pass(model, waveform):
    """What transformers' own extractor and the model give for the whole waveform at once."""
    from transformers import Wav2Vec2FeatureExtractor

    inputs = Wav2Vec2FeatureExtractor()(waveform.samples, sampling_rate=16000, return_tensors="pt")
    with torch.inference_mode():
        return torch.log_softmax(model(inputs.input_values).logits[0], dim=-1).numpy()


def test_geometry_of_the_standard_convolutions():
    assert (GEOMETRY.receptive_field_samples, GEOMETRY.stride_samples) == (400, 320)
    assert GEOMETRY.stride_s == 0.02
    assert [GEOMETRY.frames(n) for n in (0, 399, 400, 719, 720)] == [0, 0, 1, 1, 2]
    assert all(GEOMETRY.frames(GEOMETRY.samples(n)) == n for n in range(1, 50))


@pytest.mark.parametrize("context_frames", [0, 3, 8])
@pytest.mark.parametrize("num_frames", [1, 2, 9, 10, 11, 25, 26, 27, 40, 59, 60, 61, 100])
def test_windows_cover_every_frame_once_with_full_context(num_frames, context_frames):
    plan = WindowPlan.cover(num_frames, 10, context_frames)
    covered = [frame for window in range(len(plan)) for frame in range(*plan.kept(window))]
    assert covered == list(range(num_frames))
    for window in range(len(plan)):
        first, end = plan.kept(window)
        start, stop = plan.start(window), plan.start(window) + plan.window_frames
        assert 0 <= start <= max(0, first - plan.context_frames)
        assert min(num_frames, end + plan.context_frames) <= stop <= num_frames


REMAINDERS = [
    GEOMETRY.samples(frames) + extra
    for frames in (
        1,
        KEPT_FRAMES - 1,
        KEPT_FRAMES,
        KEPT_FRAMES + 1,
        KEPT_FRAMES + 2 * CONTEXT_FRAMES,
        KEPT_FRAMES + 2 * CONTEXT_FRAMES + 1,
        *range(2 * KEPT_FRAMES - 1, 3 * KEPT_FRAMES + 2),
    )
    for extra in (0, 1, 319)
]


@pytest.mark.parametrize("num_samples", REMAINDERS)
def test_windows_join_to_what_one_pass_gives(local_model, make_waveform, num_samples):
    waveform = make_waveform(num_samples)
    expected = one_pass(local_model, waveform)
    found = emissions(local_model, waveform, batch_size=2).log_probs
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_too_little_context_is_noticed_by_this_comparison(local_model, make_waveform):
    waveform = make_waveform(GEOMETRY.samples(60))
    found = emissions(local_model, waveform, context_s=0.02).log_probs
    assert np.abs(found - one_pass(local_model, waveform)).max() > 1e-3


@pytest.mark.parametrize(("window_s", "context_s"), [(1e308, 0), (0.5, 1e308), (1e308, 1e308)])
def test_lengths_beyond_the_audio_mean_one_pass(local_model, make_waveform, window_s, context_s):
    waveform = make_waveform(GEOMETRY.samples(60))
    found = emissions(local_model, waveform, window_s=window_s, context_s=context_s).log_probs
    np.testing.assert_allclose(found, one_pass(local_model, waveform), atol=2e-5)


@pytest.mark.parametrize("batch_size", [3, 64])
def test_batch_size_does_not_change_the_frames(local_model, make_waveform, batch_size):
    waveform = make_waveform(GEOMETRY.samples(180))
    alone = emissions(local_model, waveform, batch_size=1).log_probs
    np.testing.assert_allclose(
        emissions(local_model, waveform, batch_size=batch_size).log_probs, alone, atol=1e-5
    )


def test_waveform_is_taken_as_it_is_where_the_checkpoint_says_so(local_model, make_waveform):
    waveform = make_waveform(8000)
    with torch.inference_mode():
        logits = local_model(torch.from_numpy(waveform.samples)[None]).logits[0]
    np.testing.assert_allclose(
        emissions(local_model, waveform, normalize=False).log_probs,
        torch.log_softmax(logits, -1).numpy(),
        atol=1e-5,
    )


def test_wildcard_is_one_more_column_below_the_best_of_each_frame(local_model, make_waveform):
    waveform = make_waveform(32000)
    plain = emissions(local_model, waveform).log_probs
    starred = emissions(local_model, waveform, wildcard=True).log_probs
    np.testing.assert_array_equal(starred[:, :-1], plain)
    np.testing.assert_array_equal(starred[:, -1], plain.max(axis=1) - np.float32(0.5))


def test_audio_shorter_than_one_frame_is_refused(local_model, make_waveform):
    with pytest.raises(AudioError, match="399 samples are shorter than one frame of 400"):
        emissions(local_model, make_waveform(399))


class Failing:
    """Stands before a model and raises for batches above ``limit`` windows."""

    def __init__(self, model, limit, error):
        self.model, self.limit, self.error, self.batches = model, limit, error, []
        self.config, self.dtype = model.config, model.dtype
        self.named_parameters = model.named_parameters

    def __call__(self, input_values):
        self.batches.append(len(input_values))
        if len(input_values) > self.limit:
            raise self.error
        return self.model(input_values)


def test_out_of_memory_halves_the_batch_and_goes_on(local_model, make_waveform, capsys):
    waveform = make_waveform(GEOMETRY.samples(260))
    model = Failing(local_model, 2, torch.OutOfMemoryError("out of memory"))
    found = emissions(model, waveform, batch_size=8)
    assert model.batches[:3] == [8, 4, 2]
    assert set(model.batches[3:]) <= {2, 1}
    assert found.batch_size == 2
    assert [warning for warning in found.warnings if "batch_size is now 2" in warning]
    assert "out of memory" in capsys.readouterr().err
    np.testing.assert_allclose(
        found.log_probs, emissions(local_model, waveform).log_probs, atol=1e-5
    )


def test_out_of_memory_with_one_window_gives_the_numbers(local_model, make_waveform):
    model = Failing(local_model, 0, torch.OutOfMemoryError("out of memory"))
    with pytest.raises(
        DeviceError,
        match=r"[\d.]+ [MG]iB taken by this process.*window has \d+ samples.*--window_s",
    ):
        emissions(model, make_waveform(16000))


def test_other_errors_of_the_model_are_not_taken_for_memory(local_model, make_waveform):
    with pytest.raises(RuntimeError, match="shape mismatch"):
        emissions(Failing(local_model, 0, RuntimeError("shape mismatch")), make_waveform(16000))


class Overflowing(Failing):
    """Has frames of NaN in each window whose first sample is above ``limit``."""

    def __call__(self, input_values):
        output = self.model(input_values)
        self.batches.append(len(input_values))
        output.logits[input_values[:, 0] > self.limit, 12::24] = float("nan")
        return output


def test_output_that_is_not_finite_is_refused_with_its_time(local_model, make_waveform):
    model = Overflowing(local_model, -100, None)
    with pytest.raises(DeviceError, match=r"float32 is NaN or Inf in 2 frames, from 0\.24 s on"):
        emissions(model, make_waveform(16000), window_s=5)


@pytest.fixture(scope="module")
def narrow_model(local_model):
    return copy.deepcopy(local_model).to(torch.bfloat16)


def test_only_windows_that_overflow_are_run_again(local_model, narrow_model, make_waveform, capsys):
    waveform = make_waveform(GEOMETRY.samples(180))
    loud = GEOMETRY.stride_samples * (2 * KEPT_FRAMES - CONTEXT_FRAMES)
    waveform.samples[:: GEOMETRY.stride_samples] = -1
    waveform.samples[loud] = 1
    asked = []
    found = emissions(
        Overflowing(narrow_model, 0, None),
        waveform,
        batch_size=3,
        float32_model=lambda: asked.append(1) or local_model,
    )
    exact, rough = emissions(local_model, waveform), emissions(narrow_model, waveform)
    again = slice(2 * KEPT_FRAMES, 3 * KEPT_FRAMES)
    np.testing.assert_allclose(found.log_probs[again], exact.log_probs[again], atol=1e-5)
    for rest in (slice(0, again.start), slice(again.stop, None)):
        np.testing.assert_array_equal(found.log_probs[rest], rough.log_probs[rest])
    assert np.abs(rough.log_probs - exact.log_probs).max() > 1e-3
    (warning,) = found.warnings
    assert asked == [1]
    assert "bfloat16 overflowed in 1 of 8 windows (from 1.00 s on)" in warning
    assert warning in capsys.readouterr().err


def test_what_overflows_in_float32_too_is_refused(local_model, narrow_model, make_waveform):
    with pytest.raises(DeviceError, match=r"in torch.float32 is NaN .*download the checkpoint"):
        emissions(
            Overflowing(narrow_model, -100, None),
            make_waveform(16000),
            float32_model=lambda: Overflowing(local_model, -100, None),
        )


def test_out_of_memory_of_the_float32_weights_halves_the_batch(
    local_model, narrow_model, make_waveform
):
    waveform = make_waveform(GEOMETRY.samples(180))
    errors = [torch.OutOfMemoryError("out of memory")]

    def float32_model():
        if errors:
            raise errors.pop()
        return local_model

    found = emissions(
        Overflowing(narrow_model, -100, None), waveform, batch_size=4, float32_model=float32_model
    )
    np.testing.assert_allclose(
        found.log_probs, emissions(local_model, waveform).log_probs, atol=1e-5
    )
    assert found.batch_size == 2
    assert ["out of memory" in found.warnings[0], "8 of 8" in found.warnings[1]] == [True, True]
