import numpy as np
import vocoder

RATE_HZ = vocoder.SAMPLE_RATE_HZ


def tone_burst(start_s: float, end_s: float, total_s: float) -> np.ndarray:
    """A buzz of 120 Hz between two times, silence around it."""
    seconds = np.arange(int(total_s * RATE_HZ)) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 120 * k * seconds) / k for k in range(1, 30))
    inside = (seconds >= start_s) & (seconds < end_s)
    return (0.1 * buzz * inside).astype(np.float32)


def speak_again(
    samples: np.ndarray, stretch: float, breath: float = 0.0, seed: int = 0
) -> np.ndarray:
    analysis = vocoder.analyse(samples)
    positions = np.arange(0, len(analysis.voicing) - 1, 1 / stretch)
    change = vocoder.VoiceChange(
        tract_scales=(1.1,) * 5,
        pitch_hz=np.full(len(positions), 180.0),
        breath=breath,
        breath_above_hz=4000,
        blur_frames=0,
        sharpness=1.0,
        tilt_db_per_octave=0,
    )
    return vocoder.resynthesise(analysis, positions, change, np.random.default_rng(seed))


def loud_interval_s(samples: np.ndarray) -> tuple[float, float]:
    power = np.convolve(samples**2, np.ones(80) / 80, "same")
    loud = np.flatnonzero(power > 0.1 * power.max())
    return loud[0] / RATE_HZ, loud[-1] / RATE_HZ


def test_sound_stays_where_it_was():
    start_s, end_s = loud_interval_s(speak_again(tone_burst(0.4, 0.8, 1.2), stretch=1.0))
    assert abs(start_s - 0.4) < 0.015
    assert abs(end_s - 0.8) < 0.015


def test_sound_moves_with_the_frames_it_is_taken_from():
    start_s, end_s = loud_interval_s(speak_again(tone_burst(0.4, 0.8, 1.2), stretch=1.5))
    assert abs(start_s - 0.6) < 0.02
    assert abs(end_s - 1.2) < 0.02


def test_voiced_sound_is_spoken_at_the_pitch_asked_for():
    spectrum = np.abs(np.fft.rfft(speak_again(tone_burst(0, 1, 1), stretch=1.0)[4000:12000]))
    strongest_hz = spectrum[:300].argmax() * RATE_HZ / 8000
    assert min(strongest_hz % 180, 180 - strongest_hz % 180) < 4


def test_a_whisper_is_noise_and_a_voice_is_not():
    buzz = tone_burst(0, 1, 1)
    assert likeness(speak_again(buzz, 1.0), speak_again(buzz, 1.0, seed=1)) > 0.8
    whispers = [speak_again(buzz, 1.0, breath=1.0, seed=seed) for seed in (0, 1)]
    assert abs(likeness(*whispers)) < 0.3


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one, other)[0, 1])
