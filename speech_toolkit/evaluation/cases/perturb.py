"""Changes to clean speech that leave its truth known: pace, level, noise, joining and cutting.

Every change also moves the true word times. N samples of a clip, W words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import soxr

from speech_toolkit.evaluation.metrics.boundaries import TrueWord

FULL_SCALE = 0.99
SENTENCE_ENDS = (".", "?", "!")
CUT_MARGIN_S = 0.3


@dataclass(frozen=True, eq=False)
class Clip:
    """Speech and what is said in it.

    Attributes:
        samples: float32 of shape (N,), mono, -1..1.
        sample_rate_hz: of the samples.
        text: as a person would write it.
        words: the words of ``text`` with their times; empty where those are not known.
        voice: who speaks.
    """

    samples: np.ndarray
    sample_rate_hz: int
    text: str
    words: tuple[TrueWord, ...]
    voice: str

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate_hz


def split_sentences(clip: Clip) -> tuple[Clip, ...]:
    """Cut a clip into its sentences, in the middle of the pauses between them.

    No more than ``CUT_MARGIN_S`` of a long pause stays on either side.
    """
    ends = [index + 1 for index, word in enumerate(clip.words) if word.text.endswith(SENTENCE_ENDS)]
    starts = [0, *ends]
    return tuple(
        cut_words(clip, first, end) for first, end in zip(starts, ends, strict=False) if first < end
    )


def change_pace(clip: Clip, speed: float) -> Clip:
    """Play a clip faster (``speed`` above 1) or slower, its pitch moving along as on a tape."""
    if speed == 1:
        return clip
    samples = soxr.resample(clip.samples, clip.sample_rate_hz * speed, clip.sample_rate_hz)
    words = tuple(
        TrueWord(word.text, word.start_s / speed, word.end_s / speed) for word in clip.words
    )
    return replace(clip, samples=samples.astype(np.float32), words=words)


def change_level(clip: Clip, gain_db: float) -> Clip:
    """Make a clip louder or softer."""
    return replace(clip, samples=clip.samples * np.float32(10 ** (gain_db / 20)))


def add_noise(clip: Clip, snr_db: float, colour: str, random: np.random.Generator) -> Clip:
    """Add steady noise; the whole becomes softer where it would exceed full scale.

    Args:
        clip: the speech, not silent throughout.
        snr_db: mean power of the whole clip over that of the noise, in dB.
        colour: "white", or "pink" with the same power in every octave.
        random: where the noise comes from.
    """
    noise = random.standard_normal(len(clip.samples))
    if colour == "pink":
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))))
        noise = np.resize(noise, len(clip.samples))  # irfft makes an even number of samples
    speech_power = np.mean(np.square(clip.samples, dtype=np.float64))
    noise *= np.sqrt(speech_power / np.mean(np.square(noise)) / 10 ** (snr_db / 10))
    noisy = clip.samples + noise
    noisy *= min(1.0, FULL_SCALE / np.abs(noisy).max())
    return replace(clip, samples=noisy.astype(np.float32))


def join_clips(clips: Sequence[Clip], pauses_s: Sequence[float]) -> Clip:
    """Put clips of one rate one after the other, with silence between them.

    Args:
        clips: at least one.
        pauses_s: seconds after each but the last.
    """
    rate_hz = clips[0].sample_rate_hz
    parts: list[np.ndarray] = []
    words: list[TrueWord] = []
    position = 0
    for clip, pause_s in zip(clips, [*pauses_s, 0.0], strict=True):
        offset_s = position / rate_hz
        words += [
            TrueWord(word.text, word.start_s + offset_s, word.end_s + offset_s)
            for word in clip.words
        ]
        parts += [clip.samples, np.zeros(round(pause_s * rate_hz), np.float32)]
        position += len(parts[-2]) + len(parts[-1])
    return Clip(
        samples=np.concatenate(parts),
        sample_rate_hz=rate_hz,
        text=" ".join(clip.text for clip in clips),
        words=tuple(words) if all(clip.words for clip in clips) else (),
        voice=" + ".join(dict.fromkeys(clip.voice for clip in clips)),
    )


def cut_words(clip: Clip, first: int, end: int) -> Clip:
    """Return the words ``first`` to ``end`` of a clip as a clip of their own, cut in the pauses."""
    words = clip.words[first:end]
    before_s = clip.words[first - 1].end_s if first else 0.0
    after_s = clip.words[end].start_s if end < len(clip.words) else clip.duration_s
    start_s = max((before_s + words[0].start_s) / 2, words[0].start_s - CUT_MARGIN_S)
    end_s = min((words[-1].end_s + after_s) / 2, words[-1].end_s + CUT_MARGIN_S)
    start, stop = (round(time_s * clip.sample_rate_hz) for time_s in (start_s, end_s))
    offset_s = start / clip.sample_rate_hz
    return replace(
        clip,
        samples=clip.samples[start:stop],
        text=" ".join(word.text for word in words),
        words=tuple(
            TrueWord(word.text, word.start_s - offset_s, word.end_s - offset_s) for word in words
        ),
    )
