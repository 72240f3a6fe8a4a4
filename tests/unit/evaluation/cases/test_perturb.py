import numpy as np
import pytest

from speech_toolkit.evaluation.cases.perturb import (
    Clip,
    add_noise,
    change_level,
    change_pace,
    join_clips,
    split_sentences,
)
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

RATE_HZ = 16_000


def tone_clip(*words, duration_s=2.0, frequency_hz=400, voice="tone"):
    """A clip that sounds where its words are: ("one", 0.2, 0.5) and so on."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    sounding = np.zeros(len(time_s), bool)
    for _, start_s, end_s in words:
        sounding |= (time_s >= start_s) & (time_s < end_s)
    samples = np.where(sounding, 0.3 * np.sin(2 * np.pi * frequency_hz * time_s), 0)
    true_words = tuple(TrueWord(*word) for word in words)
    text = " ".join(word.text for word in true_words)
    return Clip(samples.astype(np.float32), RATE_HZ, text, true_words, voice)


def check_words_are_where_it_sounds(clip, slack_s=0.003):
    """Every word sounds from its start to its end, and nothing sounds around it."""
    envelope = np.abs(clip.samples) > 0.05
    slack = round(slack_s * clip.sample_rate_hz)
    sounding = np.zeros(len(envelope) + slack, bool)
    for word in clip.words:
        start, end = (round(time_s * RATE_HZ) for time_s in (word.start_s, word.end_s))
        assert envelope[start + slack : end - slack].mean() > 0.8
        sounding[max(0, start - slack) : end + slack] = True
    assert not (envelope & ~sounding[: len(envelope)]).any()


TWO_SENTENCES = (("One", 0.1, 0.4), ("two.", 0.5, 0.8), ("Three?", 1.2, 1.6))


def test_sentences_are_cut_in_the_middle_of_the_pause():
    first, second = split_sentences(tone_clip(*TWO_SENTENCES))
    assert (first.text, second.text) == ("One two.", "Three?")
    assert first.duration_s == pytest.approx(1.0 - 0.05)  # from the middle of the first 0.1 s
    assert second.words[0].start_s == pytest.approx(0.2)
    for clip in (first, second):
        check_words_are_where_it_sounds(clip)


def test_a_long_pause_does_not_stay_whole():
    first, second = split_sentences(tone_clip(("A.", 1.0, 1.2), ("B.", 8.0, 8.5), duration_s=12))
    assert first.duration_s == pytest.approx(0.3 + 0.2 + 0.3)
    assert second.duration_s == pytest.approx(0.3 + 0.5 + 0.3)


def test_speech_without_a_sentence_end_gives_no_sentence():
    assert split_sentences(tone_clip(("well", 0.1, 0.5))) == ()


@pytest.mark.parametrize("speed", [0.9, 1.0, 1.25])
def test_pace_moves_length_and_words(speed):
    clip = change_pace(tone_clip(*TWO_SENTENCES), speed)
    assert clip.duration_s == pytest.approx(2.0 / speed, abs=1e-3)
    check_words_are_where_it_sounds(clip)


def test_level_is_in_decibels():
    clip = tone_clip(*TWO_SENTENCES)
    np.testing.assert_allclose(change_level(clip, -20.0).samples, clip.samples / 10, rtol=1e-6)


@pytest.mark.parametrize("colour", ["white", "pink"])
@pytest.mark.parametrize("samples", [16_000, 15_999])
def test_noise_has_the_power_asked_for(colour, samples):
    clip = tone_clip(("x.", 0.0, 2.0))
    clip = Clip(clip.samples[:samples], RATE_HZ, clip.text, clip.words, clip.voice)
    noisy = add_noise(clip, 10.0, colour, np.random.default_rng(0))
    noise = noisy.samples - clip.samples
    ratio_db = 10 * np.log10(np.mean(clip.samples**2) / np.mean(noise**2))
    assert ratio_db == pytest.approx(10.0, abs=0.01)
    assert noisy.words == clip.words


def test_pink_noise_falls_by_three_decibels_an_octave():
    clip = tone_clip(("x.", 0.0, 30.0), duration_s=30, frequency_hz=7_990)
    power = {}
    for colour in ("white", "pink"):
        noise = add_noise(clip, 0.0, colour, np.random.default_rng(0)).samples - clip.samples
        spectrum = np.abs(np.fft.rfft(noise)) ** 2
        bands = [spectrum[30 * f : 60 * f].mean() for f in (500, 2000)]
        power[colour] = 10 * np.log10(bands[0] / bands[1])
    assert power["white"] == pytest.approx(0, abs=0.5)
    assert power["pink"] == pytest.approx(6, abs=0.7)


def test_loud_noise_is_kept_below_full_scale():
    clip = change_level(tone_clip(("x.", 0.0, 2.0)), 9.0)
    noisy = add_noise(clip, 0.0, "white", np.random.default_rng(0))
    assert np.abs(noisy.samples).max() == pytest.approx(0.99, abs=1e-3)


def test_joined_clips_keep_their_words_in_place():
    one, two = tone_clip(("One.", 0.2, 0.6)), tone_clip(("Two.", 0.5, 1.0), voice="other")
    joined = join_clips([one, two, one], [0.25, 0.5])
    assert joined.text == "One. Two. One."
    assert joined.voice == "tone + other"
    assert joined.duration_s == pytest.approx(3 * 2.0 + 0.75)
    assert joined.words[2].start_s == pytest.approx(4.0 + 0.75 + 0.2)
    check_words_are_where_it_sounds(joined)


def test_words_are_known_only_where_all_are():
    silent = Clip(np.zeros(100, np.float32), RATE_HZ, "Hm.", (), "x")
    assert join_clips([tone_clip(("A.", 0.1, 0.2)), silent], [0.1]).words == ()
