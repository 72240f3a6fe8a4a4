#!/usr/bin/env python3
"""Which way to change the pace of test cases leaves speech recognisable and word times true?

    python benchmarks/pace.py
    python benchmarks/pace.py --speeds 0.8,1.25

`tape` is what the cases of `eval_accuracy.py` are made with: resampled by soxr, the pitch moving
along. `librosa` is `librosa.effects.time_stretch`, which keeps the pitch, with its own window of
2048 samples and with one of 512. Edges are those of tone bursts, against their true times; texts
are the bundled recogniser's, word times the bundled aligner's, both on the CPU in float32.

Needs librosa, best in an environment of its own: it brings SciPy, which transformers imports at
every start where it finds it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.evaluation.cases.clips import OWN_SAMPLES, SAMPLE_RATE_HZ, bundled_sentences
from speech_toolkit.evaluation.cases.perturb import Clip, change_pace
from speech_toolkit.evaluation.metrics.boundaries import BoundaryErrors, TrueWord, boundary_errors
from speech_toolkit.evaluation.metrics.text import compare_texts, pool_comparisons, read_spellings
from speech_toolkit.exit_codes import EXIT_DONE

if TYPE_CHECKING:
    from speech_toolkit.alignment import Aligner

BURSTS = tuple(TrueWord("tone", start_s, start_s + 0.3) for start_s in np.arange(0.2, 9.5, 0.5))
SEARCHED_SAMPLES = 1600
SMOOTHED_SAMPLES = 80
Change = Callable[[Clip, float], Clip]


def stretch(clip: Clip, speed: float, window_samples: int) -> Clip:
    """Speak a clip faster or slower at its own pitch."""
    import librosa

    samples = librosa.effects.time_stretch(clip.samples, rate=speed, n_fft=window_samples)
    words = tuple(
        TrueWord(word.text, word.start_s / speed, word.end_s / speed) for word in clip.words
    )
    return replace(clip, samples=samples.astype(np.float32), words=words)


WAYS: dict[str, Change] = {
    "tape": change_pace,
    "librosa, 2048": lambda clip, speed: stretch(clip, speed, 2048),
    "librosa, 512": lambda clip, speed: stretch(clip, speed, 512),
}


def tone_bursts() -> Clip:
    """Return tones of 400 Hz with silence between them."""
    time_s = np.arange(10 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    sounds = sum((time_s >= each.start_s) & (time_s < each.end_s) for each in BURSTS)
    samples = (0.3 * np.sin(2 * np.pi * 400 * time_s) * sounds).astype(np.float32)
    return Clip(samples, SAMPLE_RATE_HZ, "", BURSTS, "tones")


def edge_errors_ms(clip: Clip) -> np.ndarray:
    """Return how far each tone's start and end are from where half its level is reached."""
    level = np.convolve(np.abs(clip.samples), np.ones(SMOOTHED_SAMPLES), "same")
    sounds = np.diff((level > np.percentile(level, 75) / 2).astype(int))
    errors = []
    for word in clip.words:
        for edge_s, sign in ((word.start_s, 1), (word.end_s, -1)):
            edge = round(edge_s * clip.sample_rate_hz)
            first = max(0, edge - SEARCHED_SAMPLES)
            found = first + np.flatnonzero(sounds[first : edge + SEARCHED_SAMPLES] == sign)
            nearest = np.abs(found - edge).min(initial=SEARCHED_SAMPLES)
            errors.append(1000 * nearest / clip.sample_rate_hz)
    return np.array(errors)


def rows(speeds: Sequence[float]) -> Iterator[str]:
    """Yield a line of figures for each speed and way."""
    from speech_toolkit.alignment import Aligner
    from speech_toolkit.transcription import Transcriber

    transcriber = Transcriber.load(None, "cpu", "float32")
    aligner = Aligner.load(None, "cpu", "float32")
    spellings = read_spellings(transcriber.checkpoint.directory)
    own, every = bundled_sentences(OWN_SAMPLES), bundled_sentences()
    for speed in speeds:
        for way, change in WAYS.items():
            started = time.perf_counter()
            spoken, timed = ([change(clip, speed) for clip in clips] for clips in (own, every))
            made_s = time.perf_counter() - started
            heard = [transcriber.transcribe(_waveform(clip)).text for clip in spoken]
            texts = [
                compare_texts(clip.text, text, "en", spellings)
                for clip, text in zip(spoken, heard, strict=True)
            ]
            errors_ms = 1000 * _boundary_errors_s(timed, aligner)
            pooled, edges_ms = pool_comparisons(texts), edge_errors_ms(change(tone_bursts(), speed))
            yield (
                f"{speed:>5g}  {way:<14} {np.median(edges_ms):>11.1f} "
                f"{pooled.mean_wer:>8.1%} {pooled.mean_cer:>7.1%} {np.median(errors_ms):>7.1f} "
                f"{np.percentile(errors_ms, 95):>6.1f} {made_s:>7.2f}"
            )


def _boundary_errors_s(clips: Sequence[Clip], aligner: Aligner) -> np.ndarray:
    found = [
        boundary_errors(
            [word.to_dict() for word in aligner.align(_waveform(clip), clip.text).words], clip.words
        )
        for clip in clips
    ]
    joined = BoundaryErrors.joined(found)
    return np.abs(np.concatenate([joined.starts_s, joined.ends_s]))


def _waveform(clip: Clip) -> Waveform:
    return Waveform(clip.samples, clip.sample_rate_hz, clip.voice, clip.sample_rate_hz, 1)


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--speeds", default="0.93,1.07,0.8,1.25", metavar="LIST")
    arguments = parser.parse_args()
    print("speed  way            edges (ms)     WER     CER  words (ms)      seconds")
    print("                          median                  median    p95  to make")
    for row in rows([float(speed) for speed in arguments.speeds.split(",")]):
        print(row, flush=True)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
