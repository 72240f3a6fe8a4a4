import torch

from speech_toolkit.transcription.decoding.attention import smoothed


def test_smoothing_against_plain_loops():
    weights = torch.rand((2, 3, 20), generator=torch.Generator().manual_seed(0)).softmax(-1)
    found = smoothed(weights)
    normal = (weights - weights.mean(1, keepdim=True)) / weights.std(1, keepdim=True, correction=0)
    for frame in range(20):
        around = [abs(place) for place in range(frame - 3, frame + 4)]
        around = [place if place < 20 else 38 - place for place in around]
        expected = normal[:, :, around].sort(-1).values[:, :, 3]
        assert torch.allclose(found[:, :, frame], expected, atol=1e-5)
    assert smoothed(torch.ones((1, 2, 3))).isfinite().all()
