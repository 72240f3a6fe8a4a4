#!/usr/bin/env python3
r"""Train the small network that places the edges of words: boundary_scorer.npz of the package.

    python tools/training/train_boundary_scorer.py collect --sources TUNE SPEECH/shard_*.npz \
        --models models/tiny-mms-aligner tests/data/spiky-aligner --output EXAMPLES
    python tools/training/train_boundary_scorer.py train --examples EXAMPLES --output SCORER

`collect` lets every model hear every recording, and a model whose letters last as long as their
sound also with all but one frame of each letter taken away. `train` learns from all voices but
those named by --checked, on which it tells what was gained, and how often starts are within their
ranges.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from boundary_examples import Example, all_recordings, examples_of
from boundary_learning import Blocks, check, learn, write_scorer

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def collect(arguments: argparse.Namespace) -> None:
    """Write the examples of all sources and models."""
    from speech_toolkit.alignment import Aligner

    torch.set_num_threads(1)
    found: list[tuple[str, Example]] = []
    aligners = [Aligner.load(path, "cpu") for path in arguments.models]
    rng = np.random.default_rng(arguments.seed)
    for count, speech in enumerate(all_recordings(arguments.sources, arguments.seed)):
        for aligner in aligners:
            heard = list(examples_of(aligner, speech))
            found += [(Path(aligner.model_path).name, example) for example in heard]
            if heard and heard[0].block.juncture_columns[0, 0] < 0:
                found += [("spiked", each) for each in examples_of(aligner, speech, rng)]
        if count % 20 == 0:
            print(count, speech.name, len(found), flush=True)
    torch.save(found, arguments.output)


def train(arguments: argparse.Namespace) -> None:
    """Learn from examples, tell what was gained, and write the weights."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    found: list[tuple[str, Example]] = []
    for path in arguments.examples:
        found += torch.load(path, weights_only=False)
    is_checked = [any(part in example.name for part in arguments.checked) for _, example in found]
    learnt = Blocks.of([each for each, held in zip(found, is_checked, strict=True) if not held])
    checked = Blocks.of([each for each, held in zip(found, is_checked, strict=True) if held])
    scorer = learn(
        learnt, checked, minutes=arguments.minutes, hidden=arguments.hidden, seed=arguments.seed
    )
    check(scorer, checked)
    write_scorer(scorer, arguments.output)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=15)
    commands = parser.add_subparsers(required=True)
    own = commands.add_parser("collect")
    own.add_argument("--sources", type=Path, nargs="+", required=True)
    own.add_argument("--models", nargs="+", required=True)
    own.add_argument("--output", type=Path, required=True)
    own.set_defaults(run=collect)
    own = commands.add_parser("train")
    own.add_argument("--examples", type=Path, nargs="+", required=True)
    own.add_argument("--checked", nargs="*", default=["iven2", "awb", "hts"])
    own.add_argument("--minutes", type=float, default=6)
    own.add_argument("--hidden", type=int, default=32)
    own.add_argument("--threads", type=int, default=1)
    own.add_argument("--output", type=Path, required=True)
    own.set_defaults(run=train)
    chosen = parser.parse_args(arguments)
    chosen.run(chosen)


if __name__ == "__main__":
    main()
