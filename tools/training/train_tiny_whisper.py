r"""Train the small Whisper model that ships with the toolkit, on synthesised speech.

    python tools/training/speech_corpus.py --output OPEN --shards 0:125
    python tools/training/whisper_corpus.py --output DOMAIN --shards 0:140
    python tools/training/train_tiny_whisper.py tokens --output MODEL
    python tools/training/train_tiny_whisper.py train --domain DOMAIN --open OPEN \
        --tokens MODEL --work WORK
    python tools/training/train_tiny_whisper.py export --work WORK --output MODEL

The encoder learns phones from open speech and words from the domain, frame by frame; the decoder
learns to write while a few of its heads are told where to look. Rows grow from parts of a window to
whole ones. Training can be interrupted and goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
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

_TIMESTAMP_BLUR = ((-2, 0.08), (-1, 0.22), (0, 0.4), (1, 0.22), (2, 0.08))


@dataclass(frozen=True)
class Recipe:
    """What can be tuned; shares are of the planned training time."""

    learning_rate: float = 2.2e-3
    matrix_factor: float = 2.0
    warmup_steps: int = 150
    decay_from: float = 0.6
    weight_decay: float = 0.02
    gradient_norm: float = 1.0
    average_decay: float = 0.998
    phone_weights: tuple[float, float] = (0.3, 0.1)  # in the first stage, and later
    context_weights: tuple[float, float] = (0.3, 0.03)
    word_weight: float = 1.0
    attention_weight: float = 0.5
    stamp_weight: float = 0.4
    stages: tuple[tuple[float, Plan], ...] = (
        (0.10, Plan(400, 5, open_share=0.5, silent_share=0.02, partial_share=0.1)),
        (0.50, Plan(500, 4, open_share=0.0, silent_share=0.04, partial_share=0.2)),
        (0.70, Plan(1000, 2, open_share=0.0, silent_share=0.05, partial_share=0.3)),
        (1.0, Plan(1500, 2, open_share=0.0, silent_share=0.04, partial_share=0.25)),
    )

    def plan_at(self, progress: float) -> Plan:
        """The plan at a share of the training time."""
        return next((plan for end, plan in self.stages if progress < end), self.stages[-1][1])


class Trainer:
    """The state of a training run and its loop."""

    def __init__(self, work: Path, minutes: float, recipe: Recipe, seed: int) -> None:
        torch.manual_seed(seed)
        self.work, self.minutes, self.recipe = work, minutes, recipe
        self.ids = TokenIds()
        self.model = TeachingModel(build_whisper(self.ids), self.ids)
        self.average = TeachingModel(build_whisper(self.ids), self.ids)
        self.average.load_state_dict(self.model.state_dict())
        self.optimizers = self._optimizers()
        self.step, self.elapsed_s, self.heard_s = 0, 0.0, 0.0
        self.progress = multiprocessing.Value("d", 0.0)

    def _optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """Muon for the matrices of the layers, AdamW for all else."""
        named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        matrices = [p for n, p in named if p.ndim == 2 and "layers." in n]
        others = [p for n, p in named if not (p.ndim == 2 and "layers." in n)]
        recipe = self.recipe
        return (
            torch.optim.Muon(
                matrices,
                recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                others, recipe.learning_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
            ),
        )

    @property
    def checkpoint(self) -> Path:
        """Where the state is kept."""
        return self.work / "checkpoint.pt"

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.elapsed_s = state["step"], state["elapsed_s"]
        self.heard_s = state["heard_s"]
        self.progress.value = self.elapsed_s / (60 * self.minutes)

    def save(self) -> None:
        """Write the checkpoint whole, then put it in place."""
        partial = self.checkpoint.with_suffix(".partial")
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "heard_s": self.heard_s,
        }
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def run(self, batches: object) -> None:
        """Train until the planned minutes are spent."""
        last_save = last_tick = time.monotonic()
        for batch in batches:
            losses = self._train_step(batch)
            now = time.monotonic()
            self.elapsed_s += now - last_tick
            last_tick = now
            self.progress.value = self.elapsed_s / (60 * self.minutes)
            if self.step % 25 == 0:
                shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
                rate = self.heard_s / self.elapsed_s
                print(f"{self.elapsed_s:5.0f} s  {self.step}  {shown}  x{rate:.0f}", flush=True)
            finished = self.progress.value >= 1
            if finished or now - last_save > 180:
                self.save()
                last_save = now
            if finished:
                return

    def _train_step(self, batch: dict[str, torch.Tensor]) -> dict[str, float]:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                factor = self.recipe.matrix_factor if optimizer is self.optimizers[0] else 1.0
                group["lr"] = factor * self._learning_rate(self.progress.value)
            optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            losses = compute_losses(self.model, batch)
        recipe = self.recipe
        is_later = self.progress.value >= recipe.stages[0][0]
        weights = {
            "text": 1.0,
            "stamps": recipe.stamp_weight,
            "phones": recipe.phone_weights[is_later],
            "context": recipe.context_weights[is_later],
            "words": recipe.word_weight,
            "look": recipe.attention_weight,
            "track": recipe.attention_weight / 2,
        }
        sum(weights[name] * loss for name, loss in losses.items()).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), recipe.gradient_norm)
        for optimizer in self.optimizers:
            optimizer.step()
        self._update_average()
        self.step += 1
        self.heard_s += batch["mel"].shape[0] * batch["mel"].shape[2] / 100
        return {name: loss.item() for name, loss in losses.items()}

    def _learning_rate(self, progress: float) -> float:
        recipe = self.recipe
        warm = min(1.0, (self.step + 1) / recipe.warmup_steps)
        left = (1 - progress) / (1 - recipe.decay_from)
        return recipe.learning_rate * warm * min(1.0, max(left, 0.01))

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.recipe.average_decay, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(
            list(self.average.parameters()), list(self.model.parameters()), 1 - decay
        )


def compute_losses(model: TeachingModel, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """All losses of a batch as `whisper_data.Windows` gives it."""
    heard, middle = model.hear(batch["mel"], batch["first_frame"])
    phones, context = phone_losses(middle, model.context_head(heard), batch["phones"])
    words = functional.cross_entropy(
        model.word_head(heard).float().transpose(1, 2), batch["words"], ignore_index=IGNORED
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
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(arguments.work, arguments.minutes, Recipe(), arguments.seed)
    trainer.resume()
    windows = Windows(
        arguments.domain,
        arguments.open,
        lambda: trainer.recipe.plan_at(trainer.progress.value),
        WordEncoder(arguments.tokens),
        trainer.model.whisper.config.num_mel_bins,
        seed=arguments.seed + trainer.step,
    )
    loader = torch.utils.data.DataLoader(windows, batch_size=None, num_workers=1, prefetch_factor=8)
    trainer.run(loader)


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
    training.add_argument("--work", type=Path, required=True, help="folder of the checkpoint")
    training.add_argument("--minutes", type=float, default=138, help="time to train (default 138)")
    training.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    training.add_argument("--seed", type=int, default=404)
    training.set_defaults(run=train)
    exporting = commands.add_parser("export", help="write the model for transformers")
    exporting.add_argument("--work", type=Path, required=True)
    exporting.add_argument("--output", type=Path, required=True, help="folder with the tokens")
    exporting.set_defaults(run=lambda arguments: export(arguments.work, arguments.output))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
