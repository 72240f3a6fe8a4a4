#!/usr/bin/env python3
"""Make a corpus of short clips from the bundled samples, with bad ones among them.

    python tools/make_corpus.py --output results/runs/clips --items 500 --bad 20

Each clip is a run of words of a sample, cut between words, at a speed and a level of its own. The
bad ones are missing, cut short, no audio, of another text, silent, empty, of too long a text, or a
pipe that nobody fills. The same seed makes the same corpus.

Exit codes: 0 done, 2 wrong usage.
"""

import argparse
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

SAMPLES = Path(__file__).parents[1] / "samples"
MANIFEST = "corpus.jsonl"
SHORTEST_S, LONGEST_S = 2.0, 10.0
SPEEDS = (0.9, 1.15)
LEVELS_DB = (-15.0, 3.0)
SPEAKERS = 10
_MARGIN_S = 0.15


@dataclass(frozen=True)
class Recording:
    """A sample with the times of its words.

    Attributes:
        samples: float64 of shape (N,) or (N, channels).
        rate_hz: of them.
        words: text, start and end in seconds, in order.
    """

    samples: np.ndarray
    rate_hz: int
    words: Sequence[tuple[str, float, float]]


def recordings(folder: Path) -> list[Recording]:
    """Return the samples of a folder, in the order of their names."""
    found = []
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        samples, rate_hz = soundfile.read(folder / told["audio"])
        words = [(word["text"], word["start_s"], word["end_s"]) for word in told["words"]]
        found.append(Recording(samples, rate_hz, words))
    return found


def make_clip(recording: Recording, dice: random.Random) -> tuple[np.ndarray, str]:
    """Cut a run of words out of a recording, and change its speed and its level.

    Returns:
        The samples, and the text.
    """
    wanted_s = dice.uniform(SHORTEST_S, LONGEST_S)
    speed, level_db = dice.uniform(*SPEEDS), dice.uniform(*LEVELS_DB)
    words = recording.words
    first = dice.randrange(len(words))
    while first and words[-1][2] - words[first][1] < SHORTEST_S * speed:
        first -= 1
    last = first
    while last + 1 < len(words) and (
        words[last][2] - words[first][1] < SHORTEST_S * speed
        or words[last + 1][2] - words[first][1] <= wanted_s * speed
    ):
        last += 1
    start_s = _between(words[first - 1][2] if first else 0.0, words[first][1], from_end=True)
    length_s = len(recording.samples) / recording.rate_hz
    following_s = words[last + 1][1] if last + 1 < len(words) else length_s
    end_s = _between(words[last][2], following_s, from_end=False)
    cut = recording.samples[slice(*(round(t * recording.rate_hz) for t in (start_s, end_s)))]
    text = " ".join(word for word, _, _ in words[first : last + 1])
    return _faster(cut, speed) * 10 ** (level_db / 20), text


def _between(before_s: float, after_s: float, *, from_end: bool) -> float:
    """Return where to cut between two words: in the middle, but no margin longer than needed."""
    middle_s = (before_s + after_s) / 2
    return max(middle_s, after_s - _MARGIN_S) if from_end else min(middle_s, before_s + _MARGIN_S)


def _faster(samples: np.ndarray, speed: float) -> np.ndarray:
    places = np.arange(0, len(samples) - 1, speed)
    columns = samples.reshape(len(samples), -1).T
    return np.stack([np.interp(places, np.arange(len(c)), c) for c in columns], axis=-1)


def _missing(path: Path, row: dict[str, Any]) -> None:
    path.unlink()


def _truncated(path: Path, row: dict[str, Any]) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _not_audio(path: Path, row: dict[str, Any]) -> None:
    path.write_text("This is a letter, not a recording.\n", encoding="utf-8")


def _wrong_text(path: Path, row: dict[str, Any]) -> None:
    row["text"] = "\N{MUSICAL NOTE} \N{SLIGHTLY SMILING FACE}"


def _silent(path: Path, row: dict[str, Any]) -> None:
    samples, rate_hz = soundfile.read(path)
    soundfile.write(path, np.zeros_like(samples), rate_hz)


def _empty(path: Path, row: dict[str, Any]) -> None:
    soundfile.write(path, np.zeros(0), 16_000)


def _text_too_long(path: Path, row: dict[str, Any]) -> None:
    row["text"] = " ".join([row["text"]] * 100)


def _pipe(path: Path, row: dict[str, Any]) -> None:
    path.unlink()
    os.mkfifo(path)


# What is done to a good item, by what is then wrong with it.
FAULTS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "missing": _missing,
    "truncated": _truncated,
    "not audio": _not_audio,
    "wrong text": _wrong_text,
    "silent": _silent,
    "empty": _empty,
    "text too long": _text_too_long,
    "pipe": _pipe,
}


def make_corpus(
    output: Path, items: int, bad: int, seed: int = 0, samples: Path = SAMPLES
) -> dict[str, str]:
    """Write a corpus and its manifest.

    Args:
        output: a directory, made where it is not there.
        items: how many, the bad ones among them.
        bad: how many of them are bad, their faults in turn.
        seed: the same makes the same.
        samples: folder of what is cut; those for recognition are in ``samples/recognition``.

    Returns:
        What is wrong with each bad item, by its id.
    """
    dice = random.Random(seed)
    sources = recordings(samples)
    worse = dict(zip(sorted(dice.sample(range(items), bad)), list(FAULTS) * bad, strict=False))
    rows, faults = [], {}
    for number in range(items):
        item_id = f"speaker{number % SPEAKERS}/clip{number:05d}"
        path = output / f"{item_id}.{'wav' if number in worse or number % 2 else 'flac'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        source = dice.choices(sources, [len(each.words) for each in sources])[0]
        clip, text = make_clip(source, dice)
        soundfile.write(path, np.clip(clip, -1, 1), source.rate_hz)
        row = {"id": item_id, "audio": path.relative_to(output).as_posix(), "text": text}
        if number in worse:
            faults[item_id] = worse[number]
            FAULTS[worse[number]](path, row)
        rows.append(json.dumps(row, ensure_ascii=False))
    (output / MANIFEST).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return faults


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="directory to write to")
    parser.add_argument("--items", type=int, default=500, help="how many (default: 500)")
    parser.add_argument("--bad", type=int, default=0, help="how many of them bad (default: 0)")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--samples",
        type=Path,
        default=SAMPLES,
        help="folder of what is cut (default: samples; for Whisper samples/recognition)",
    )
    return parser


if __name__ == "__main__":
    arguments = build_parser().parse_args()
    planted = make_corpus(
        arguments.output, arguments.items, arguments.bad, arguments.seed, arguments.samples
    )
    for name, fault in planted.items():
        print(f"{name}: {fault}")
