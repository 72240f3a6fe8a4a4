"""Train the small aligner that ships with the toolkit, on synthesised speech.

    python tools/training/speech_corpus.py --output DATA --shards 0:100
    python tools/training/train_tiny_mms.py train --data DATA --work WORK --minutes 80
    python tools/training/train_tiny_mms.py export --data DATA --work WORK --output MODEL

The model is a Wav2Vec2ForCTC with the vocabulary of MMS. Since the synthesisers tell when each
phone sounds, it learns frame by frame: each frame is taught the letter heard in it, and blank where
nobody speaks; so first letters stand at word onsets and last letters reach to word ends.
Phones are taught to a middle layer, and CTC over the row joins in later. Training can be
interrupted and goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from mms_export import discount_frequent_letters, export
from mms_teaching import (
    TeachingModel,
    build_aligner,
    draw_mask,
    letter_loss,
    phone_loss,
    row_ctc_loss,
)
from shards import SAMPLE_RATE_HZ, shards_of
from training_data import Batches, BatchShape, fit_letter_aligner
from training_run import (
    Batch,
    CommonRecipe,
    TrainingRun,
    add_training_options,
    between,
    cosine,
    half_precision,
    start,
)

_FRAME_SAMPLES, _FRAMES_PER_S = 320, 50


@dataclass(frozen=True)
class Recipe(CommonRecipe):
    """What can be tuned; pairs are values at the start and at the end of the training time."""

    learning_rate: float = 2e-3
    final_learning_rate: float = 2e-5
    warmup_steps: int = 300
    weight_decay: float = 0.01
    average_decay: float = 0.999
    phone_weight: tuple[float, float] = (0.6, 0.15)
    ctc_weight: tuple[float, float] = (0.0, 0.1)
    masked_spans_per_s: float = 0.4
    longest_mask_frames: int = 8


class Trainer(TrainingRun):
    """The aligner, learning from batches as `training_data.Batches` gives them."""

    recipe: Recipe

    def __init__(self, work: Path, minutes: float, recipe: Recipe, seed: int) -> None:
        super().__init__(work, minutes, recipe, seed, lambda: TeachingModel(build_aligner()))
        self._generator = torch.Generator().manual_seed(seed)

    def build_optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """AdamW for everything."""
        recipe = self.recipe
        return (
            torch.optim.AdamW(
                self.model.parameters(),
                recipe.learning_rate,
                betas=(0.9, 0.98),
                weight_decay=recipe.weight_decay,
            ),
        )

    def learning_rates(self, progress: float) -> tuple[float, ...]:
        """One rate, which falls along a cosine."""
        recipe = self.recipe
        return (cosine((recipe.learning_rate, recipe.final_learning_rate), progress),)

    def losses(self, batch: Batch, progress: float) -> dict[str, tuple[float, torch.Tensor]]:
        """Letters and phones frame by frame; later CTC over the rows."""
        recipe = self.recipe
        with half_precision():
            logits, phone_logits = self.model(batch["samples"], self.draw_mask(batch))
        log_probs = logits.float().log_softmax(2)
        losses = {
            "letters": (1.0, letter_loss(log_probs, batch["letters"])),
            "phones": (
                between(recipe.phone_weight, progress),
                phone_loss(phone_logits, batch["phones"]),
            ),
        }
        ctc_weight = between(recipe.ctc_weight, progress)
        if ctc_weight > 0.01:
            losses["ctc"] = (ctc_weight, row_ctc_loss(log_probs, batch["letter_starts"]))
        return losses

    def draw_mask(self, batch: Batch) -> torch.Tensor:
        """Draw which frames of a batch are silenced inside the model: float (B, T)."""
        recipe, samples = self.recipe, batch["samples"]
        frames = samples.shape[1] // _FRAME_SAMPLES
        spans = int(recipe.masked_spans_per_s * frames / _FRAMES_PER_S)
        return draw_mask(len(samples), frames, spans, recipe.longest_mask_frames, self._generator)

    def seconds_of(self, batch: Batch) -> float:
        """All rows are full of audio."""
        return batch["samples"].numel() / SAMPLE_RATE_HZ


def start_training(trainer: Trainer, arguments: argparse.Namespace) -> None:
    """Train, or go on training, from the shards of a folder."""
    shards = shards_of(arguments.data)[:8]
    if not shards:
        raise SystemExit(
            f"{arguments.data} holds no shards; make them with tools/training/speech_corpus.py"
        )
    letters = fit_letter_aligner(shards)

    def make_batches(seed: int) -> Batches:
        return Batches(arguments.data, letters, BatchShape(), seed, severity=1.0)

    start(trainer, arguments, make_batches)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train", help="train, or go on training")
    training.add_argument("--data", type=Path, required=True, help="folder of the shards")
    add_training_options(training, minutes=80, seed=1130)
    training.set_defaults(
        run=lambda arguments: start_training(
            Trainer(arguments.work, arguments.minutes, Recipe(), arguments.seed), arguments
        )
    )
    exporting = commands.add_parser("export", help="write the model for transformers")
    exporting.add_argument("--work", type=Path, required=True)
    exporting.add_argument("--output", type=Path, required=True)
    exporting.add_argument("--data", type=Path, required=True, help="folder of the shards")
    exporting.add_argument("--prior-weight", type=float, default=0.4, help="default 0.4")
    exporting.set_defaults(
        run=lambda arguments: export(
            arguments.work,
            arguments.output,
            lambda aligner: discount_frequent_letters(
                aligner, arguments.data, arguments.prior_weight
            ),
        )
    )
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
