"""The speech detector as it is trained and as it is used are the same, and so are its examples."""

import numpy as np
import torch
from detector_examples import Bank, Mixer
from detector_learning import CONTEXT_FRAMES, DetectorNetwork, batch_of, write_network
from sound_kinds import SOUNDS, random_sound

from speech_toolkit.transcription.windows.speech.detector import Network

FRAMES = 700


def mixer():
    """Bursts of a buzz as speech, and hiss."""
    rng = np.random.default_rng(0)
    buzz = np.sign(np.sin(np.arange(60000) * 0.05)) * (np.arange(60000) % 8000 < 4000)
    speech = Bank.of((x, x) for x in [buzz.astype(np.float32)] * 3)
    sounds = Bank.of((rng.standard_normal(90000), None) for _ in range(3))
    return Mixer(speech, sounds, FRAMES)


def test_the_package_computes_what_was_trained(tmp_path):
    torch.manual_seed(0)
    trained = DetectorNetwork(8)
    heard, spoken, _ = batch_of(mixer(), np.random.default_rng(1))
    with torch.no_grad():
        expected = trained(heard).numpy()
    assert expected.shape == spoken.shape
    write_network(trained.network(), tmp_path / "net.npz")
    used = Network.load(tmp_path / "net.npz")
    for row, odds in zip(heard.numpy(), expected, strict=True):
        np.testing.assert_allclose(used.log_odds(row.T), odds, atol=0.02)
        np.testing.assert_allclose(trained.network().log_odds(row.T), odds, atol=1e-4)


def test_weights_are_learnt_on_from_what_was_written(tmp_path):
    torch.manual_seed(0)
    trained = DetectorNetwork(8).half().float()
    write_network(trained.network(), tmp_path / "net.npz")
    again = DetectorNetwork.of(Network.load(tmp_path / "net.npz"))
    for name, weights in trained.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weights, rtol=0, atol=0)


def test_mixtures_tell_where_speech_is():
    mixed, rng = mixer(), np.random.default_rng(2)
    spoken = 0
    for _ in range(20):
        power, is_speech, is_asked = mixed.draw(rng)
        assert power.shape == (40, FRAMES)
        assert power.dtype == np.float32
        assert np.isfinite(power).all()
        assert is_asked.any()
        spoken += is_speech.mean() / 20
    assert 0.05 < spoken < 0.6


def test_moments_lie_in_the_middle_of_what_is_heard():
    heard, spoken, asked = batch_of(mixer(), np.random.default_rng(3))
    assert spoken.shape == asked.shape == (len(heard), (FRAMES - 2 * CONTEXT_FRAMES) // 2)


def test_every_kind_of_sound_is_made_again_from_its_seed():
    for _, make in SOUNDS.values():
        first, again = (make(np.random.default_rng(4), 1.5) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert first.shape == (24000,)
        assert np.abs(first).max() == 1
    assert random_sound(np.random.default_rng(5), 1.0).dtype == np.float32
