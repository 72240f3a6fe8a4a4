"""Windows of different lengths in one batch, against each on its own, model by model."""

import numpy as np
import pytest
import torch

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.alignment.preparation import prepare_input
from speech_toolkit.alignment.window_runner import join_inputs
from speech_toolkit.audio.waveform import Waveform
from tests.replicas.ctc import ctc_forms, write_ctc
from tests.replicas.parakeet import write_parakeet

NOISE_FLOOR = 1e-4
LENGTHS_FRAMES = (31, 60, 64)
HIDES_PADDING = {
    "wav2vec2-large-960h": False,
    "wav2vec2-large-960h-lv60-self": True,
    "mms-300m-1130-forced-aligner": True,
    "mms-1b-all": True,
    "hubert-large-ls960-ft": True,
    "HuBERT with batch norm": False,
    "wavlm-libri-clean-100h-base-plus": False,
    "wavlm-libri-clean-100h-large": False,  # it does, by a mask that torch says it will refuse
    "parakeet": True,
    "bundled": True,
}
CHANGED = ("wav2vec2-large-960h", "HuBERT with batch norm", "wavlm-libri-clean-100h-base-plus")


@pytest.fixture(params=HIDES_PADDING)
def aligner(request, tmp_path):
    if request.param == "bundled":
        return Aligner.load(device="cpu")
    if request.param == "parakeet":
        return Aligner.load(write_parakeet(tmp_path / "model"), "cpu")
    return Aligner.load(write_ctc(ctc_forms()[request.param], tmp_path / "model"), "cpu")


def noise_of(aligner, num_frames):
    geometry = aligner.checkpoint.geometry
    num_samples = geometry.samples(num_frames)
    samples = np.random.default_rng(num_frames).normal(0, 0.2, num_samples).astype(np.float32)
    return Waveform(samples, geometry.sample_rate_hz, "noise", geometry.sample_rate_hz, 1)


def inputs_of(aligner, num_frames):
    waveform = noise_of(aligner, num_frames)
    return aligner.checkpoint.model_input(waveform).windows([0], num_frames)


def log_probs(aligner, inputs):
    with torch.inference_mode():
        tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
        return torch.log_softmax(aligner.model(**tensors).logits, -1).numpy()


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")
def test_padding_changes_a_frame_only_where_the_checkpoint_says_so(aligner, request):
    hides_padding = HIDES_PADDING[request.node.callspec.id]
    assert aligner.checkpoint.hides_padding is hides_padding
    parts = [inputs_of(aligner, num_frames) for num_frames in LENGTHS_FRAMES]
    together = log_probs(aligner, join_inputs(parts))
    differences = []
    for inputs, rows in zip(parts, together, strict=True):
        alone = log_probs(aligner, inputs)[0]
        differences.append(np.abs(rows[: len(alone)] - alone).max())
    assert differences[-1] < NOISE_FLOOR
    assert max(differences[:-1]) < NOISE_FLOOR or not hides_padding
    assert max(differences[:-1]) > 1000 * NOISE_FLOOR or request.node.callspec.id not in CHANGED


def test_many_are_heard_as_each_alone_is(aligner):
    given = [
        prepare_input(noise_of(aligner, num_frames), "he", aligner.checkpoint, AlignmentSettings())
        for num_frames in (60, 64, 31, 64)
    ]
    together, alone = (
        dict(aligner.hear_many(enumerate(given), AlignmentSettings(batch_size=batch_size)))
        for batch_size in (4, 1)
    )
    for place in range(len(given)):
        difference = together[place].unwrap().log_probs - alone[place].unwrap().log_probs
        assert np.abs(difference).max() < NOISE_FLOOR
