"""Train the bundled aligner on until its letters are spikes, as those of real CTC checkpoints are.

    python tools/training/speech_corpus.py --output DATA --shards 300:345
    python tools/training/train_spiky_twin.py train --data DATA --work WORK --minutes 20
    python tools/training/train_spiky_twin.py export --work WORK --output tests/data/spiky-aligner

The letters of the bundled aligner last as long as their sound, since it was taught frame by frame.
A checkpoint taught by plain CTC says blank nearly everywhere and each letter for a frame or two,
somewhere within its sound. The twin starts from the bundled weights, with blank made likelier so
that only the surest frames of a letter are left, and learns from nothing but CTC over whole rows;
so whatever places boundaries can be measured on both kinds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from mms_export import export
from mms_teaching import row_ctc_loss
from train_tiny_mms import Recipe, Trainer, start_training
from training_data import BLANK
from training_run import Batch, add_training_options, half_precision
from transformers import Wav2Vec2ForCTC

_BUNDLED = Path(__file__).parents[2] / "models" / "tiny-mms-aligner"


@dataclass(frozen=True)
class SpikyRecipe(Recipe):
    """What can be tuned; nothing is taught frame by frame."""

    learning_rate: float = 1e-3
    warmup_steps: int = 100
    average_decay: float = 0.995
    blank_head_start: float = 5.0


class SpikyTrainer(Trainer):
    """The bundled aligner above its convolutions, learning from CTC alone."""

    def __init__(self, work: Path, minutes: float, recipe: SpikyRecipe, seed: int) -> None:
        super().__init__(work, minutes, recipe, seed)
        bundled = Wav2Vec2ForCTC.from_pretrained(_BUNDLED, dtype=torch.float32)
        bundled.lm_head.bias.data[BLANK] += recipe.blank_head_start
        for model in (self.model, self.average):
            model.aligner.load_state_dict(bundled.state_dict())
        self.model.aligner.freeze_feature_encoder()

    def losses(self, batch: Batch, progress: float) -> dict[str, tuple[float, torch.Tensor]]:
        """CTC over whole rows."""
        with half_precision():
            logits, _ = self.model(batch["samples"], self.draw_mask(batch))
        return {"ctc": (1.0, row_ctc_loss(logits.float().log_softmax(2), batch["letter_starts"]))}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train", help="train, or go on training")
    training.add_argument("--data", type=Path, required=True, help="folder of the shards")
    add_training_options(training, minutes=20, seed=1131)
    training.set_defaults(
        run=lambda arguments: start_training(
            SpikyTrainer(arguments.work, arguments.minutes, SpikyRecipe(), arguments.seed),
            arguments,
        )
    )
    exporting = commands.add_parser("export", help="write the model for transformers")
    exporting.add_argument("--work", type=Path, required=True)
    exporting.add_argument("--output", type=Path, required=True)
    exporting.set_defaults(run=lambda arguments: export(arguments.work, arguments.output))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
