#!/usr/bin/env python3
"""How much speech is found, how much else is taken for it, and how fast?

    python benchmarks/speech_detection.py
    python benchmarks/speech_detection.py --speech DIR [DIR ...] --others DIR

The finder of speech as it is stands beside its energy rules alone. Speech is that of samples/, or
the clean recordings of --speech, in folders of any depth; one second in three of it is silence.
What is laid over it, and what is heard without speech, are music and effects of
benchmarks/other_sounds.py, of kinds that the detector did not learn from, and noises; --others adds
recordings without speech. "found" is the share of the time in which the clean speech is within
40 dB of its loudest syllables that lies in regions, "false" the share of the time that does,
margins included. All is drawn from --seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.other_sounds import EFFECTS, MUSIC, RATE_HZ
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.transcription.windows.speech import SpeechFinder

SNRS_DB = (20, 10, 5, 0)
HEARD_DB = 40.0
FRAME = 320
MORE_CLIPS = 5  # of a kind, heard without speech
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")

Change = Callable[[np.ndarray], np.ndarray]


def found(samples: np.ndarray, by_energy_alone: bool) -> np.ndarray:
    """Return for each sample whether it lies in a region."""
    finder = SpeechFinder(RATE_HZ, by_energy_alone=by_energy_alone)
    marks = np.zeros(len(samples), bool)
    for region in (*finder.add(samples), *finder.finish()):
        marks[region.start_sample : region.end_sample] = True
    return marks


def spoken(clean: np.ndarray) -> np.ndarray:
    """Return for each sample of clean speech whether it is heard."""
    frames = np.pad(clean, (0, -len(clean) % FRAME)).reshape(-1, FRAME)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return np.repeat(level > np.percentile(level, 95) - HEARD_DB, FRAME)[: len(clean)]


def recordings(folders: Sequence[Path]) -> Iterator[np.ndarray]:
    """Yield the recordings of folders at 16 kHz."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES:
                yield load_audio(path, RATE_HZ).samples


def clean_speech(folders: Sequence[Path], seconds: float) -> list[np.ndarray]:
    """Return recordings of speech, each with silence around it, up to a length."""
    if folders:
        sources = recordings(folders)
    else:
        names = ("story.flac", "demo.wav", "fast.wav", "slow.wav", "numbers.wav", "spontaneous.wav")
        names += ("recognition/talk.flac", "recognition/british.flac")
        sources = (load_audio(REPOSITORY / "samples" / name, RATE_HZ).samples for name in names)
    talks = []
    for samples in sources:
        talks.append(np.pad(samples / np.abs(samples).max(), len(samples) // 6))
        if sum(map(len, talks)) > seconds * RATE_HZ:
            break
    return talks


def noise(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Return white, pink or brown noise."""
    count = int(seconds * RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 20)
    return np.fft.irfft(spectrum / hertz ** rng.choice([0, 0.5, 1]), count)


def crowd(talks: Sequence[np.ndarray], voices: int, count: int) -> np.ndarray:
    """Return many voices at once, in a large hall."""
    rng = np.random.default_rng(voices)
    tail = rng.standard_normal(RATE_HZ) * np.exp(-np.arange(RATE_HZ) / 4000)
    joined = np.concatenate([talk[len(talk) // 8 : -len(talk) // 8] for talk in talks])
    mixed = sum(np.roll(joined, int(rng.integers(len(joined)))) for _ in range(voices))
    mixed = np.resize(mixed, count)
    length = 2 ** int(np.ceil(np.log2(count + len(tail))))
    echo = np.fft.irfft(np.fft.rfft(mixed, length) * np.fft.rfft(tail, length), length)[:count]
    return (echo / np.abs(echo).max()).astype(np.float32)


def mixed(clean: np.ndarray, other: np.ndarray, snr_db: float) -> np.ndarray:
    """Lay another sound over speech."""
    other = np.resize(other, len(clean))
    power = np.mean(clean[spoken(clean)] ** 2) / (np.mean(other**2) + 1e-12)
    both = clean + other * np.sqrt(power / 10 ** (snr_db / 10))
    return (0.9 * both / np.abs(both).max()).astype(np.float32)


def line(name: str, heard: Sequence[tuple[np.ndarray, np.ndarray]]) -> str:
    """Return a row: which share of the marked samples the rules find, and the finder as it is."""
    cells = []
    for alone in (True, False):
        marks = [(found(samples, alone), wanted) for samples, wanted in heard]
        total = sum(np.count_nonzero(wanted) for _, wanted in marks)
        hit = sum(np.count_nonzero(mark & wanted) for mark, wanted in marks)
        cells.append(f"{100 * hit / total:7.2f}")
    return f"{name:<34} {cells[0]} {cells[1]}"


def band_limited(samples: np.ndarray) -> np.ndarray:
    """Return what a telephone lets through."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return np.fft.irfft(spectrum * ((hertz > 300) & (hertz < 3400)), len(samples)).astype(
        np.float32
    )


CHANGES: dict[str, Change] = {
    "as it is": lambda x: x,
    "-60 dB": lambda x: 1e-3 * x,
    "-60 dB in 16 bits": lambda x: np.round(x * 32) / 32768,
    "telephone": band_limited,
    "clipped": lambda x: np.clip(20 * x, -1, 1),
}


def main() -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args()
    rng = np.random.default_rng(arguments.seed)
    talks = clean_speech(arguments.speech, 60 * arguments.minutes)
    sounds = {
        group: [make(rng, arguments.each_s) for make in kinds.values()]
        for group, kinds in (("music", MUSIC), ("effects", EFFECTS))
    }
    sounds["noise"] = [noise(rng, arguments.each_s) for _ in range(6)]
    sounds["crowd"] = [crowd(talks, voices, 30 * RATE_HZ) for voices in (6, 12, 25)]
    print(f"{'speech found, %':<34} {'rules':>7} {'now':>7}")
    for name, change in CHANGES.items():
        print(line(name, [(change(x).astype(np.float32), spoken(x)) for x in talks]), flush=True)
    for group, others in sounds.items():
        for snr_db in SNRS_DB:
            heard = [
                (mixed(x, others[(i + n) % len(others)], snr_db), spoken(x))
                for i, x in enumerate(talks)
                for n in (0, len(others) // 2)
            ]
            print(line(f"with {group}, {snr_db} dB", heard), flush=True)
    print(f"{'taken for speech, %':<34} {'rules':>7} {'now':>7}")
    kinds = {**MUSIC, **EFFECTS}
    made = dict(zip(kinds, [*sounds["music"], *sounds["effects"]], strict=True))
    for title, names in (("music", MUSIC), ("effects", EFFECTS)):
        several = {
            name: [made[name], *(kinds[name](rng, arguments.each_s) for _ in range(MORE_CLIPS))]
            for name in names
        }
        everything = [(x, np.ones(len(x), bool)) for parts in several.values() for x in parts]
        print(line(f"all {title}", everything), flush=True)
        for name, parts in several.items():
            print(line(f"  {name}", [(x, np.ones(len(x), bool)) for x in parts]), flush=True)
    for name in ("noise", "crowd"):
        print(line(name, [(x.astype(np.float32), np.ones(len(x), bool)) for x in sounds[name]]))
    if arguments.others:
        given = [(x, np.ones(len(x), bool)) for x in recordings(arguments.others)]
        print(line("recordings of --others", given))
    print_speed(np.concatenate(talks))
    return EXIT_DONE


def print_speed(samples: np.ndarray) -> None:
    """Print how many times faster than real time each is, best of five."""
    samples = np.resize(samples, 300 * RATE_HZ)
    for alone, name in ((True, "rules"), (False, "now")):
        took = []
        for _ in range(5):
            started = time.process_time()
            found(samples, alone)
            took.append(time.process_time() - started)
        print(f"{name}: {300 / min(took):,.0f} times real time, by the time of one core")


def build_parser() -> argparse.ArgumentParser:
    """Make the parser."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, nargs="+", default=[], help="folders of speech")
    parser.add_argument("--others", type=Path, nargs="+", default=[], help="folders without speech")
    parser.add_argument("--minutes", type=float, default=10, help="of speech (default 10)")
    parser.add_argument("--each_s", type=float, default=30, help="of each sound (default 30)")
    parser.add_argument("--seed", type=int, default=62)
    return parser


if __name__ == "__main__":
    run_script(main)
