r"""Train the small Whisper model that ships with the toolkit, on synthesised speech.

    python tools/training/speech_corpus.py --output OPEN --shards 0:125
    python tools/training/whisper_corpus.py --output DOMAIN --shards 0:140
    python tools/training/train_tiny_whisper.py tokens --output MODEL
    python tools/training/train_tiny_whisper.py train --domain DOMAIN --open OPEN \
        --tokens MODEL --work WORK
    python tools/training/train_tiny_whisper.py export --work WORK --output MODEL

    python tools/training/train_tiny_whisper.py continue --domain DOMAIN --model MODEL --work NEXT
    python tools/training/train_tiny_whisper.py export --work NEXT --output MODEL

The encoder learns phones from open speech and words from the domain, frame by frame; the decoder
learns to write while a few of its heads are told where to look. Rows grow from parts of a window to
whole ones. Training can be interrupted and goes on from the last checkpoint. An exported model
learns on from what was written, in windows as the toolkit fills them and with long gaps.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional
from training_run import (
    Batch,
    CommonRecipe,
    TrainingRun,
    add_training_options,
    half_precision,
    late_fall,
    start,
)
from whisper_data import Plan, Windows
from whisper_export import export, write_tokens
from whisper_script import WordEncoder
from whisper_teaching import (
    GUIDED_HEADS,
    IGNORED,
    TRACKING_HEAD,
    TeachingModel,
    attention_loss,
    build_whisper,
    phone_losses,
)
from whisper_tokens import TokenIds

_FEATURES_PER_S = 100
_TIMESTAMP_BLUR = ((-2, 0.08), (-1, 0.22), (0, 0.4), (1, 0.22), (2, 0.08))


@dataclass(frozen=True)
class Recipe(CommonRecipe):
    """What can be tuned; shares are of the planned training time."""

    learning_rate: float = 2.2e-3
    matrix_factor: float = 2.0
    warmup_steps: int = 150
    decay_from: float = 0.6
    weight_decay: float = 0.02
    average_decay: float = 0.998
    phone_weights: tuple[float, float] = (0.3, 0.1)  # in the first stage, and later
    context_weights: tuple[float, float] = (0.3, 0.03)
    word_weight: float = 1.0
    attention_weight: float = 0.5
    stamp_weight: float = 0.4
    head_factor: float = 1.0  # of the learning rate, for the heads dropped at export
    heads_first: float = 0.0  # of the time, in which they learn from the encoder, not it from them
    stages: tuple[tuple[float, Plan], ...] = (
        (0.10, Plan(400, 5, open_share=0.5, silent_share=0.02, partial_share=0.1)),
        (0.50, Plan(500, 4, open_share=0.0, silent_share=0.04, partial_share=0.2)),
        (0.70, Plan(1000, 2, open_share=0.0, silent_share=0.05, partial_share=0.3)),
        (1.0, Plan(1500, 2, open_share=0.0, silent_share=0.04, partial_share=0.25)),
    )

    def plan_at(self, progress: float) -> Plan:
        """The plan at a share of the training time."""
        return next((plan for end, plan in self.stages if progress < end), self.stages[-1][1])


@dataclass(frozen=True)
class ContinuedRecipe(Recipe):
    """What is tuned where an exported model learns on: little at a time, save for new heads."""

    learning_rate: float = 8e-4
    head_factor: float = 4.0
    decay_from: float = 0.1
    average_decay: float = 0.996
    heads_first: float = 0.04
    stages: tuple[tuple[float, Plan], ...] = (
        (0.15, Plan(500, 5, 0.0, 0.04, 0.2, joined_share=0.4, gap_share=0.2)),
        (0.35, Plan(1000, 3, 0.0, 0.04, 0.25, joined_share=0.45, gap_share=0.3)),
        (1.0, Plan(1500, 2, 0.0, 0.04, 0.25, joined_share=0.45, gap_share=0.3)),
    )


class Trainer(TrainingRun):
    """The small Whisper model, learning from batches as `whisper_data.Windows` gives them."""

    recipe: Recipe

    def __init__(self, work: Path, minutes: float, recipe: Recipe, seed: int) -> None:
        ids = TokenIds()
        super().__init__(
            work, minutes, recipe, seed, lambda: TeachingModel(build_whisper(ids), ids)
        )

    def build_optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """Muon for the matrices of the layers, AdamW for all else; the added heads apart."""
        matrices, heads, others = [], [], []
        for name, weights in self.model.named_parameters():
            if "_head." in name:
                heads.append(weights)
            elif weights.requires_grad:
                is_matrix = weights.ndim == 2 and "layers." in name
                (matrices if is_matrix else others).append(weights)
        rate, decay = self.recipe.learning_rate, self.recipe.weight_decay
        return (
            torch.optim.Muon(matrices, rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, rate, betas=(0.9, 0.98), weight_decay=decay),
            torch.optim.AdamW(heads, rate, betas=(0.9, 0.98), weight_decay=decay),
        )

    def learning_rates(self, progress: float) -> tuple[float, ...]:
        """A higher rate for the matrices; all fall late, to a hundredth."""
        recipe = self.recipe
        rate = recipe.learning_rate * late_fall(progress, recipe.decay_from, 0.01)
        return recipe.matrix_factor * rate, rate, recipe.head_factor * rate

    def losses(self, batch: Batch, progress: float) -> dict[str, tuple[float, torch.Tensor]]:
        """Phones and words from the encoder, text and where to look from the decoder."""
        recipe = self.recipe
        with half_precision():
            values = compute_losses(self.model, batch, apart=progress < recipe.heads_first)
        is_later = progress >= recipe.stages[0][0]
        weights = {
            "text": 1.0,
            "stamps": recipe.stamp_weight,
            "phones": recipe.phone_weights[is_later],
            "context": recipe.context_weights[is_later],
            "words": recipe.word_weight,
            "look": recipe.attention_weight,
            "track": recipe.attention_weight / 2,
        }
        return {name: (weights[name], value) for name, value in values.items()}

    def seconds_of(self, batch: Batch) -> float:
        """Silence that fills a row counts as heard."""
        rows, _, features = batch["mel"].shape
        return rows * features / _FEATURES_PER_S


def compute_losses(
    model: TeachingModel, batch: Batch, apart: bool = False
) -> dict[str, torch.Tensor]:
    """All losses of a batch as `whisper_data.Windows` gives it.

    Args:
        model: What learns.
        batch: What it hears and should write.
        apart: The heads that are dropped at export do not teach the encoder.
    """
    heard, middle = model.hear(batch["mel"], batch["first_frame"], apart)
    shown = heard.detach() if apart else heard
    phones, context = phone_losses(middle, model.context_head(shown), batch["phones"])
    words = functional.cross_entropy(
        model.word_head(shown).float().transpose(1, 2), batch["words"], ignore_index=IGNORED
    )
    losses = {"phones": phones, "context": context}
    if (batch["words"] != IGNORED).any():
        losses["words"] = words
    if batch["tokens"].shape[1] > 1:
        logits, attention = model.write(heard, batch["tokens"])
        losses |= token_losses(logits.float(), batch["labels"], model.ids)
        looks = [
            attention_loss(attention[layer][:, head], batch["next_spans"])
            for layer, head in GUIDED_HEADS
        ]
        losses["look"] = sum(looks) / len(looks)
        layer, head = TRACKING_HEAD
        losses["track"] = attention_loss(attention[layer][:, head], batch["last_spans"])
    return losses


def token_losses(
    logits: torch.Tensor, labels: torch.Tensor, ids: TokenIds
) -> dict[str, torch.Tensor]:
    """Cross-entropy of text, and of timestamps whose neighbours count as nearly right.

    Args:
        logits: float (B, L, V).
        labels: int64 (B, L), `IGNORED` where nothing is taught.
        ids: Tokens that are not text.
    """
    is_stamp = labels >= ids.first_timestamp
    text = labels.where(~is_stamp, IGNORED)
    losses = {"text": functional.cross_entropy(logits.transpose(1, 2), text, ignore_index=IGNORED)}
    if is_stamp.any():
        log_probs = logits[is_stamp].log_softmax(1)
        loss = 0.0
        for shift, weight in _TIMESTAMP_BLUR:
            near = (labels[is_stamp] + shift).clamp(ids.first_timestamp, ids.count - 1)
            loss = loss - weight * log_probs.gather(1, near[:, None]).mean()
        losses["stamps"] = loss
    return losses


def train(arguments: argparse.Namespace) -> None:
    """Train, or go on training."""
    _train(Trainer(arguments.work, arguments.minutes, Recipe(), arguments.seed), arguments)


def learn_on(arguments: argparse.Namespace) -> None:
    """Let an exported model learn on."""
    trainer = Trainer(arguments.work, arguments.minutes, ContinuedRecipe(), arguments.seed)
    for model in (trainer.model, trainer.average):
        model.read(arguments.tokens)
    _train(trainer, arguments)


def _train(trainer: Trainer, arguments: argparse.Namespace) -> None:
    def make_batches(seed: int) -> Windows:
        return Windows(
            arguments.domain,
            arguments.open,
            lambda: trainer.recipe.plan_at(trainer.progress.value),
            WordEncoder(arguments.tokens),
            trainer.model.whisper.config.num_mel_bins,
            seed,
        )

    start(trainer, arguments, make_batches)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    tokens = commands.add_parser("tokens", help="learn the tokens of the text")
    tokens.add_argument("--output", type=Path, required=True, help="folder of the model")
    tokens.set_defaults(run=lambda arguments: write_tokens(arguments.output))
    training = commands.add_parser("train", help="train, or go on training")
    training.add_argument(
        "--domain", type=Path, nargs="+", required=True, help="shards of whisper_corpus.py"
    )
    training.add_argument("--open", type=Path, required=True, help="shards of speech_corpus.py")
    training.add_argument("--tokens", type=Path, required=True, help="folder of the tokens")
    add_training_options(training, minutes=138, seed=404)
    training.set_defaults(run=train)
    continuing = commands.add_parser("continue", help="let an exported model learn on")
    continuing.add_argument(
        "--domain", type=Path, nargs="+", required=True, help="shards of whisper_corpus.py"
    )
    continuing.add_argument(
        "--model", type=Path, required=True, dest="tokens", help="folder of the model"
    )
    add_training_options(continuing, minutes=50, seed=505)
    continuing.set_defaults(run=learn_on, open=None)
    exporting = commands.add_parser("export", help="write the model for transformers")
    exporting.add_argument("--work", type=Path, required=True)
    exporting.add_argument("--output", type=Path, required=True, help="folder with the tokens")
    exporting.add_argument(
        "--kept",
        type=float,
        default=0.0,
        help="share of the weights that OUTPUT holds, below 0 to go farther from them (default 0)",
    )
    exporting.set_defaults(
        run=lambda arguments: export(arguments.work, arguments.output, arguments.kept)
    )
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
