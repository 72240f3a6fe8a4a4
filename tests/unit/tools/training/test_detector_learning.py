"""The speech detector as it is trained and as it is used are the same, and so are its examples."""

import numpy as np
import torch
from detector_decisions import Decisions
from detector_examples import Bank, Mixer, band_power, standing_out
from detector_learning import CONTEXT_FRAMES, Batch, DetectorNetwork, learn, loss_of, write_network
from sound_kinds import SOUNDS, random_sound

from speech_toolkit.transcription.windows.speech.bands import BandLevels
from speech_toolkit.transcription.windows.speech.detector import FRAMES_PER_MOMENT, Network
from speech_toolkit.transcription.windows.speech.energy_rules import EnergyRules
from speech_toolkit.transcription.windows.speech.veto import LEAST_LOG_ODDS, Veto

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
    batch = Batch.draw(mixer(), np.random.default_rng(1))
    with torch.no_grad():
        expected = trained(batch.heard).numpy()
    assert expected.shape == batch.spoken.shape
    write_network(trained.network(), tmp_path / "net.npz")
    used = Network.load(tmp_path / "net.npz")
    for row, odds in zip(batch.heard.numpy(), expected, strict=True):
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
        mixture = mixed.draw(rng)
        assert mixture.power.shape == (40, FRAMES)
        assert mixture.power.dtype == np.float32
        assert np.isfinite(mixture.power).all()
        assert mixture.is_asked.any()
        assert mixture.stands_out.shape == mixture.is_speech.shape == (FRAMES,)
        spoken += mixture.is_speech.mean() / 20
    assert 0.05 < spoken < 0.6


def test_moments_lie_in_the_middle_of_what_is_heard():
    batch = Batch.draw(mixer(), np.random.default_rng(3))
    expected = (len(batch.heard), (FRAMES - 2 * CONTEXT_FRAMES) // 2)
    assert batch.spoken.shape == batch.asked.shape == batch.stands_out.shape == expected


def test_power_in_bands_stands_out_where_samples_do():
    rng = np.random.default_rng(6)
    seconds = np.arange(30 * 16000) / 16000
    tone = np.sin(2 * np.pi * np.cumsum(300 + 200 * np.sin(9 * seconds)) / 16000)
    samples = tone * (seconds % 5 < 2) * np.sin(8 * seconds) + 0.01 * rng.normal(size=len(seconds))
    measured, rules = BandLevels(16000), EnergyRules()
    levels = (*measured.add(samples.astype(np.float32)), *measured.finish())
    expected = np.concatenate([*(rules.add(each.broad) for each in levels), rules.finish()]) > 0
    assert 0.2 < expected.mean() < 0.8
    assert (standing_out(band_power(samples)) == expected).mean() > 0.97


def test_decisions_are_those_of_the_veto():
    rng = np.random.default_rng(7)
    odds = 3 * np.sin(np.arange(3000) / 300) - 1 + rng.normal(0, 2, 3000)
    stands_out = np.repeat(rng.random(150) < 0.8, 20)
    veto = Veto()
    frames = [np.repeat(each.astype(np.float32), FRAMES_PER_MOMENT) for each in (stands_out, odds)]
    kept = np.concatenate([veto.add(*frames), veto.finish()])[::FRAMES_PER_MOMENT] > 0
    rows = [torch.from_numpy(each.astype(np.float32))[None] for each in (odds, stands_out)]
    decided = Decisions.of(rows[0], torch.zeros_like(rows[0]), torch.ones_like(rows[0]), rows[1])
    highest = decided.highest[0].numpy()
    is_clear = stands_out & (np.abs(highest - LEAST_LOG_ODDS) > 0.02)
    assert 0.2 < kept[is_clear].mean() < 0.8
    np.testing.assert_array_equal(kept[is_clear], highest[is_clear] > LEAST_LOG_ODDS)


def test_decisions_are_learnt():
    odds = torch.full((1, 800), -1.0, requires_grad=True)
    marks = torch.ones_like(odds)
    spoken = torch.cat([torch.ones(1, 200), torch.zeros(1, 600)], dim=1)
    decided = Decisions.of(odds, spoken, marks, marks)
    assert decided.is_wanted[0, :200].all()
    assert not decided.is_wanted[0, 200:].any()
    assert decided.is_other[0, 451:].all()
    assert not decided.is_other[0, :450].any()
    decided.loss().backward()
    assert odds.grad[0, 0] < 0 < odds.grad[0, -1]


def test_learning_lowers_the_loss():
    torch.manual_seed(0)
    mixed = mixer()
    batch = Batch.draw(mixed, np.random.default_rng(8))
    new = DetectorNetwork(4)
    at_first = loss_of(new, batch).item()
    assert (
        loss_of(learn(mixed, mixed, new, rate=4e-3, minutes=0.03, seed=0), batch).item() < at_first
    )


def test_every_kind_of_sound_is_made_again_from_its_seed():
    for _, make in SOUNDS.values():
        first, again = (make(np.random.default_rng(4), 1.5) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert first.shape == (24000,)
        assert np.abs(first).max() == 1
    assert random_sound(np.random.default_rng(5), 1.0).dtype == np.float32
