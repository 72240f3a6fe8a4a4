"""Shards of synthesised speech: files that hold some minutes each, written and read.

A shard is one .npz file: `samples` (int16, 16 kHz, all utterances in a row) and `utterances`, a
JSON list with the sample range, the words and the phone times of each. All chance in a shard comes
from its number, so several processes can make shards. The synthesisers keep some state, though: a
shard made after others may differ a little from the same one made alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence, Set
from pathlib import Path

import numpy as np
from speech_synthesis import SynthesisedSpeech

SAMPLE_RATE_HZ = 16000


def shard_parser(description: str, shards: str) -> argparse.ArgumentParser:
    """Make the parser of a script that writes shards; `shards` is the default range."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--shards", default=shards, help=f"first:end[:step] (default {shards})")
    parser.add_argument("--utterances", type=int, default=200, help="per shard (default 200)")
    return parser


def write_missing_shards(
    arguments: argparse.Namespace,
    seed: int,
    speak: Callable[[np.random.Generator], Sequence[SynthesisedSpeech]],
) -> None:
    """Write the shards that are asked for and not there yet.

    Args:
        arguments: Those of `shard_parser`.
        seed: With the number of a shard, the seed of all that is in it.
        speak: Makes the utterances of a shard, at 16 kHz.
    """
    arguments.output.mkdir(parents=True, exist_ok=True)
    for shard in range(*(int(part) for part in arguments.shards.split(":"))):
        path = _shard_path(arguments.output, shard)
        if path.exists():
            continue
        speeches = speak(np.random.default_rng([seed, shard]))
        write_shard(path, speeches)
        seconds = sum(len(speech.samples) for speech in speeches) / SAMPLE_RATE_HZ
        print(
            f"{path.name}: {len(speeches)} of {arguments.utterances} utterances, {seconds:.0f} s",
            flush=True,
        )


def write_shard(path: Path, speeches: Sequence[SynthesisedSpeech]) -> None:
    """Write utterances of 16 kHz speech to one shard."""
    pieces, entries, offset = [], [], 0
    for speech in speeches:
        peak = max(float(np.abs(speech.samples).max()), 1e-3)
        pieces.append((speech.samples * (26000 / peak)).astype(np.int16))
        phones = [(p.name, round(p.start_s, 4), round(p.end_s, 4), p.group) for p in speech.phones]
        end = offset + len(speech.samples)
        entries.append({"start": offset, "end": end, "groups": speech.groups, "phones": phones})
        offset = end
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, samples=np.concatenate(pieces), utterances=json.dumps(entries))
    partial.replace(path)


def read_shard(path: Path) -> tuple[np.ndarray, list[dict]]:
    """Read the samples (int16) and the utterances of a shard."""
    with np.load(path) as shard:
        return shard["samples"], json.loads(str(shard["utterances"]))


def _shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard_{number:04d}.npz"


def shards_of(folder: Path, known: Set[Path] = frozenset()) -> list[Path]:
    """Return the shards of a folder in order, without those that are known."""
    return [path for path in sorted(folder.glob("shard_????.npz")) if path not in known]
