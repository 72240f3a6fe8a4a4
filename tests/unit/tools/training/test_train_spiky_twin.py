import pytest
import torch
from train_spiky_twin import SpikyRecipe, SpikyTrainer
from training_data import BLANK
from transformers import Wav2Vec2ForCTC

from tests.unit.tools.training.test_spiky_twin import BUNDLED


@pytest.fixture(scope="module")
def trainer(tmp_path_factory):
    return SpikyTrainer(tmp_path_factory.mktemp("work"), 1.0, SpikyRecipe(), seed=1)


def test_it_starts_from_the_bundled_aligner_with_likelier_blanks(trainer):
    bundled = Wav2Vec2ForCTC.from_pretrained(BUNDLED, dtype=torch.float32).state_dict()
    for model in (trainer.model, trainer.average):
        started = model.aligner.state_dict()
        changed = {name for name in bundled if not torch.equal(bundled[name], started[name])}
        assert changed == {"lm_head.bias"}
        raised = started["lm_head.bias"] - bundled["lm_head.bias"]
        assert raised.nonzero().flatten().tolist() == [BLANK]
        assert raised[BLANK] == pytest.approx(SpikyRecipe().blank_head_start, abs=1e-4)


def test_it_learns_from_ctc_over_rows_alone_and_keeps_its_convolutions(trainer):
    starts = torch.zeros(2, 200, dtype=torch.int64)
    starts[:, 40], starts[:, 90] = 4, 7
    batch = {"samples": torch.randn(2, 16000), "letter_starts": starts}
    losses = trainer.losses(batch, progress=0.0)
    assert list(losses) == ["ctc"]
    losses["ctc"][1].backward()
    learning = {name for name, each in trainer.model.named_parameters() if each.grad is not None}
    assert not any("feature_extractor" in name for name in learning)
    assert any("encoder.layers.5" in name for name in learning)
