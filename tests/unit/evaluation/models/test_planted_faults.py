import pytest
import torch

from speech_toolkit.evaluation.models.planted_faults import SIZES, planted_noise, smallest_noticed


@pytest.mark.parametrize("threshold", SIZES)
def test_the_smallest_fault_noticed_is_found_in_few_tries(threshold):
    tried = []

    def noticed_by(size):
        tried.append(size)
        return ["culprits"] if size >= threshold else []

    found = smallest_noticed(noticed_by)
    index = SIZES.index(threshold)
    assert found["smallest_noticed"] == threshold
    assert found["noticed_by"] == ["culprits"]
    assert found["largest_missed"] == (SIZES[index - 1] if index else None)
    assert len(tried) <= 3


def test_nothing_noticed():
    found = smallest_noticed(lambda size: [])
    assert found == {"smallest_noticed": None, "noticed_by": [], "largest_missed": SIZES[-1]}


def test_noise_is_of_the_size_asked_for_and_goes_away():
    model = torch.nn.Sequential(torch.nn.Linear(64, 64))
    hidden = torch.randn(32, 64)
    with torch.no_grad():
        clean = model(hidden)
        with planted_noise(model, "0", 0.1):
            noisy = model(hidden)
        assert torch.equal(model(hidden), clean)
    ratio = (noisy - clean).std() / clean.abs().mean()
    assert ratio == pytest.approx(0.1, rel=0.1)
