#!/usr/bin/env python3
r"""Train the small network that tells speech from other sounds: speech_detector.npz of the package.

    python tools/training/train_speech_detector.py collect --shards SPEECH/shard_*.npz \
        --output BANKS
    python tools/training/train_speech_detector.py train --banks BANKS --output DETECTOR

`collect` speaks in many languages, makes music and other sounds, and measures all of it with the
speech of the shards; a tenth of each bank is made apart, to watch the training with.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from detector_examples import Bank, Mixer, foreign_speech, recorded, shard_speech, sound_bank
from detector_learning import DetectorNetwork, learn, write_network

from speech_toolkit.transcription.windows.speech.detector import Network

_FRAMES = 2000


def collect(arguments: argparse.Namespace) -> None:
    """Write the banks."""
    arguments.output.mkdir(parents=True, exist_ok=True)
    *learnt, checked = sorted(arguments.shards)
    for name, paths, share in (("learnt", learnt, 0.9), ("checked", [checked], 0.1)):
        rng = np.random.default_rng([arguments.seed, len(name)])
        foreign = foreign_speech(rng, round(share * arguments.foreign))
        speech = Bank.of(recorded(rng, chain(shard_speech(paths), foreign)))
        speech.save(arguments.output / f"{name}_speech.npz")
        sounds = sound_bank(rng, share * arguments.minutes)
        sounds.save(arguments.output / f"{name}_sounds.npz")
        print(name, f"{len(speech.is_speech) / 3000:.0f} min of speech", flush=True)


def train(arguments: argparse.Namespace) -> None:
    """Learn from the banks and write the weights."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    mixers = [
        Mixer(
            Bank.load(arguments.banks / f"{name}_speech.npz"),
            Bank.load(arguments.banks / f"{name}_sounds.npz"),
            _FRAMES,
        )
        for name in ("learnt", "checked")
    ]
    if arguments.start:
        start = DetectorNetwork.of(Network.load(arguments.start))
    else:
        start = DetectorNetwork(arguments.hidden)
    how = {"rate": arguments.rate, "minutes": arguments.minutes, "seed": arguments.seed}
    network = learn(*mixers, start, **how).network()
    bias = network.output_bias + np.float32(arguments.added_log_odds)
    write_network(replace(network, output_bias=bias), arguments.output)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=16)
    commands = parser.add_subparsers(required=True)
    own = commands.add_parser("collect")
    own.add_argument("--shards", type=Path, nargs="+", required=True)
    own.add_argument("--foreign", type=int, default=700, help="utterances in other languages")
    own.add_argument("--minutes", type=float, default=240, help="of other sounds")
    own.add_argument("--output", type=Path, required=True)
    own.set_defaults(run=collect)
    own = commands.add_parser("train")
    own.add_argument("--banks", type=Path, required=True)
    own.add_argument("--minutes", type=float, default=14, help="of the processor")
    own.add_argument("--hidden", type=int, default=40)
    own.add_argument("--start", type=Path, help="weights to learn on")
    own.add_argument("--rate", type=float, default=4e-3, help="of learning, at most")
    own.add_argument("--added_log_odds", type=float, default=0, help="of speech, to what is learnt")
    own.add_argument("--threads", type=int, default=1)
    own.add_argument("--output", type=Path, required=True)
    own.set_defaults(run=train)
    chosen = parser.parse_args(arguments)
    chosen.run(chosen)


if __name__ == "__main__":
    main()
