"""The loop that all training runs share: one go and two goes end alike, schedules, weights."""

from __future__ import annotations

import itertools

import pytest
import torch
import training_run
from torch import nn
from training_run import CommonRecipe, TrainingRun, between, cosine, late_fall, load_average

RECIPE = CommonRecipe(learning_rate=0.05, warmup_steps=3, weight_decay=0.0, average_decay=0.9)


class LineRun(TrainingRun):
    """Learns y = 2 x."""

    def build_optimizers(self):
        return (torch.optim.AdamW(self.model.parameters()),)

    def learning_rates(self, progress):
        return (cosine((self.recipe.learning_rate, 0.0), progress),)

    def losses(self, batch, progress):
        error = (self.model(batch["x"]) - 2 * batch["x"]).square().mean()
        return {"error": (between((1.0, 0.5), progress), error)}

    def seconds_of(self, batch):
        return float(len(batch["x"]))


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let every look at the clock take a second."""
    seconds = itertools.count()
    monkeypatch.setattr(training_run.time, "monotonic", lambda: next(seconds))


def line_run(work, minutes):
    return LineRun(work, minutes, RECIPE, 7, lambda: nn.Linear(1, 1))


def batches(first):
    for seed in itertools.count(first):
        yield {"x": torch.randn(4, 1, generator=torch.Generator().manual_seed(seed))}


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_a_run_ends_when_its_minutes_are_spent_and_has_learned(tmp_path):
    run = line_run(tmp_path, minutes=5)
    before = weights(run.model)
    run.run(batches(0))
    assert (run.step, run.elapsed_s, run.heard_s, run.progress.value) == (300, 300, 1200, 1.0)
    target = torch.tensor([2.0, 0.0])
    assert (weights(run.model) - target).norm() < 0.1 * (before - target).norm()


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path):
    whole = line_run(tmp_path / "whole", minutes=0.5)
    (tmp_path / "whole").mkdir()
    whole.run(batches(0))

    stopped = line_run(tmp_path, minutes=0.5)
    stopped.run(itertools.islice(batches(0), 12))
    stopped.save()
    resumed = line_run(tmp_path, minutes=0.5)
    resumed.resume()
    assert (resumed.step, resumed.progress.value) == (12, pytest.approx(0.4))
    resumed.run(batches(resumed.step))
    assert resumed.step == whole.step == 30
    assert torch.equal(weights(resumed.model), weights(whole.model))
    assert torch.equal(weights(resumed.average), weights(whole.average))


def test_the_averaged_weights_are_those_that_are_exported(tmp_path):
    run = line_run(tmp_path, minutes=0.5)
    run.run(batches(0))
    model = nn.Linear(1, 1)
    assert load_average(tmp_path, model) == "step 30, 0.0 h heard"
    assert torch.equal(weights(model), weights(run.average))
    assert not torch.equal(weights(model), weights(run.model))


def test_schedules_begin_and_end_where_they_should():
    assert (cosine((2.0, 1.0), 0.0), cosine((2.0, 1.0), 1.0)) == (2.0, 1.0)
    assert cosine((2.0, 1.0), 0.5) == pytest.approx(1.5)
    assert [late_fall(p, 0.6, 0.01) for p in (0.0, 0.6, 0.8, 1.0)] == pytest.approx(
        [1, 1, 0.5, 0.01]
    )
