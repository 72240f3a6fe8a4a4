"""What every training run does: learn until the minutes are spent, average the weights, go on.

A run says what it learns from a batch and how fast; here are the loop, the clock, the checkpoint,
the schedules and the form in which a model is written.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.utils.data import DataLoader

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from torch.utils.data import IterableDataset

Batch = dict[str, torch.Tensor]
_CHECKPOINT_NAME = "checkpoint.pt"
_SECONDS_BETWEEN_SAVES = 180
_STEPS_A_LINE = 50


@dataclass(frozen=True)
class CommonRecipe:
    """What is tuned in every run.

    Attributes:
        learning_rate: The highest of the run.
        warmup_steps: Steps on the way up to it.
        weight_decay: That of the optimizers.
        average_decay: Share of the averaged weights that stays at a step, later in the run.
        gradient_norm: Longer gradients are cut to it.
    """

    learning_rate: float
    warmup_steps: int
    weight_decay: float
    average_decay: float
    gradient_norm: float = 1.0


class TrainingRun(ABC):
    """A model that learns, its averaged weights, and how long it has learned.

    Args:
        work: Folder of the checkpoint.
        minutes: How long to learn in all, stops not counted.
        recipe: What is tuned.
        seed: Seed of the weights.
        build: Makes the model, whose weights are drawn anew at every call.

    Attributes:
        progress: Share of the minutes that is spent, 0 to 1; the process that makes the batches
            may read it.
    """

    def __init__(
        self,
        work: Path,
        minutes: float,
        recipe: CommonRecipe,
        seed: int,
        build: Callable[[], nn.Module],
    ) -> None:
        torch.manual_seed(seed)
        self.recipe = recipe
        self.model, self.average = build(), build()
        self.average.load_state_dict(self.model.state_dict())
        self.optimizers = self.build_optimizers()
        self.step, self.elapsed_s, self.heard_s = 0, 0.0, 0.0
        self.progress = multiprocessing.Value("d", 0.0)
        self._checkpoint, self._budget_s = work / _CHECKPOINT_NAME, 60 * minutes

    @abstractmethod
    def build_optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """Make the optimizers of `self.model`."""

    @abstractmethod
    def learning_rates(self, progress: float) -> tuple[float, ...]:
        """Return the rate of each optimizer at this share of the run, after the warm-up."""

    @abstractmethod
    def losses(self, batch: Batch, progress: float) -> dict[str, tuple[float, torch.Tensor]]:
        """Return the weight and the value of every loss, by name."""

    @abstractmethod
    def seconds_of(self, batch: Batch) -> float:
        """Return how much audio a batch holds."""

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        if not self._checkpoint.exists():
            return
        state = torch.load(self._checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.heard_s = state["step"], state["heard_s"]
        self._spend(state["elapsed_s"])

    def save(self) -> None:
        """Write the checkpoint whole, then put it in place."""
        partial = self._checkpoint.with_suffix(".partial")
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "heard_s": self.heard_s,
        }
        torch.save(state, partial)
        partial.replace(self._checkpoint)

    def run(self, batches: Iterable[Batch]) -> None:
        """Train until the planned minutes are spent."""
        last_save = last_tick = time.monotonic()
        for batch in batches:
            losses = self._train_step(batch)
            now = time.monotonic()
            self._spend(now - last_tick)
            last_tick = now
            if self.step % _STEPS_A_LINE == 0:
                self._report(losses)
            finished = self.progress.value >= 1
            if finished or now - last_save > _SECONDS_BETWEEN_SAVES:
                self.save()
                last_save = now
            if finished:
                return

    def _spend(self, seconds: float) -> None:
        self.elapsed_s += seconds
        self.progress.value = min(self.elapsed_s / self._budget_s, 1.0)

    def _report(self, losses: dict[str, float]) -> None:
        shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        rate = self.heard_s / self.elapsed_s
        print(f"{self.elapsed_s:6.0f} s  step {self.step}  {shown}  x{rate:.0f}", flush=True)

    def _train_step(self, batch: Batch) -> dict[str, float]:
        progress = self.progress.value
        warm = min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        for optimizer, rate in zip(self.optimizers, self.learning_rates(progress), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = warm * rate
            optimizer.zero_grad(set_to_none=True)
        losses = self.losses(batch, progress)
        sum(weight * loss for weight, loss in losses.values()).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.gradient_norm)
        for optimizer in self.optimizers:
            optimizer.step()
        self._update_average()
        self.step += 1
        self.heard_s += self.seconds_of(batch)
        return {name: loss.item() for name, (_, loss) in losses.items()}

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.recipe.average_decay, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(
            list(self.average.parameters()), list(self.model.parameters()), 1 - decay
        )


def half_precision() -> torch.autocast:
    """Compute in bfloat16 where that is safe."""
    return torch.autocast("cpu", torch.bfloat16)


def between(ends: tuple[float, float], progress: float) -> float:
    """Go straight from the first value to the second."""
    return ends[0] + (ends[1] - ends[0]) * progress


def cosine(ends: tuple[float, float], progress: float) -> float:
    """Go from the first value to the second along half a cosine."""
    return ends[1] + (ends[0] - ends[1]) * 0.5 * (1 + math.cos(math.pi * progress))


def late_fall(progress: float, fall_from: float, lowest: float) -> float:
    """Stay at 1 until `fall_from`, then fall straight towards 0, not below `lowest`."""
    return min(1.0, max((1 - progress) / (1 - fall_from), lowest))


def add_training_options(parser: argparse.ArgumentParser, minutes: float, seed: int) -> None:
    """Add what every `train` command takes."""
    parser.add_argument("--work", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument(
        "--minutes", type=float, default=minutes, help=f"time to train (default {minutes})"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--seed", type=int, default=seed)


def start(
    run: TrainingRun, arguments: argparse.Namespace, make_batches: Callable[[int], IterableDataset]
) -> None:
    """Train, or go on training, while another process makes the batches.

    Args:
        run: A new run.
        arguments: Those of `add_training_options`.
        make_batches: Makes endless batches from a seed, another one after every stop.
    """
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    run.resume()
    batches = make_batches(arguments.seed + run.step)
    run.run(DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=8))


def load_average(work: Path, model: nn.Module) -> str:
    """Load the averaged weights of a run into `model` and return how long it has learned."""
    state = torch.load(work / _CHECKPOINT_NAME, weights_only=True)
    model.load_state_dict(state["average"])
    return f"step {state['step']}, {state['heard_s'] / 3600:.1f} h heard"


def write_weights(model: nn.Module, output: Path) -> None:
    """Write a model of transformers: weights in float16, to be loaded as float32."""
    model.half().save_pretrained(output)
    (output / "model.safetensors").chmod(0o644)
    path = output / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    write_json(path, config | {"dtype": "float32"})


def write_json(path: Path, content: object) -> None:
    """Write JSON for people to read."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
