"""How close words are placed on the samples, by letters as long as sounds and by spikes."""

import json

import numpy as np
import pytest

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.bundled import CHECKOUT, SAMPLES
from speech_toolkit.cli.scripts.inference_mms import main
from speech_toolkit.evaluation.metrics.boundaries import read_true_words
from speech_toolkit.exit_codes import EXIT_DONE

SPIKY = CHECKOUT / "tests" / "data" / "spiky-aligner"
NAMES = ("demo.wav", "fast.wav", "noisy.wav", "question.flac", "telephone_8khz.wav")


def errors(aligner, *, refine):
    """Return found less true starts and ends, and the ranges of starts less the true ones, in s."""
    rows = []
    for name in NAMES:
        path = SAMPLES / name
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        words = aligner.align(path, text, AlignmentSettings(refine=refine)).to_dict()["words"]
        for found, true in zip(words, read_true_words(path.with_suffix(".json")), strict=True):
            rows.append(
                (
                    found["start_time"] - true.start_s,
                    found["end_time"] - true.end_s,
                    found["start_low"] - true.start_s,
                    found["start_high"] - true.start_s,
                )
            )
    return np.array(rows)


@pytest.fixture(scope="module", params=["bundled", "spiky"])
def both(request):
    aligner = Aligner.load(None if request.param == "bundled" else SPIKY, "cpu")
    return request.param, errors(aligner, refine=False), errors(aligner, refine=True)


def test_starts_and_ends_are_closer(both):
    model, plain, refined = both
    before, after = (np.abs(each[:, :2]).mean(axis=0) for each in (plain, refined))
    assert (after < 0.8 * before).all(), (model, before, after)
    assert (after < 0.015).all()
    assert (np.abs(refined[:, :2]) <= 0.02).mean() > 0.8


def test_nine_of_ten_starts_are_within_their_range(both):
    _, plain, refined = both
    for each in (plain, refined):
        assert ((each[:, 2] <= 1e-6) & (each[:, 3] >= -1e-6)).mean() >= 0.85
    assert np.mean(refined[:, 3] - refined[:, 2]) < 0.9 * np.mean(plain[:, 3] - plain[:, 2])


def test_the_command_line_turns_it_off(tmp_path):
    results = []
    for refine in ("on", "off"):
        output = tmp_path / f"{refine}.json"
        audio, text = SAMPLES / "demo.wav", SAMPLES / "demo.txt"
        given = ["--audio", audio, "--transcript_file", text, "--refine", refine, "--quiet"]
        assert main([*map(str, given), "--device", "cpu", "--output", str(output)]) == EXIT_DONE
        results.append(json.loads(output.read_text(encoding="utf-8")))
    refined, plain = results
    assert (refined["settings"]["refine"], plain["settings"]["refine"]) == (True, False)
    assert [word["end_time"] for word in plain["words"]][:3] == [0.38, 0.78, 1.42]
    assert [word["end_time"] for word in refined["words"]] != [
        word["end_time"] for word in plain["words"]
    ]
    for word in [*refined["words"], *plain["words"]]:
        assert word["start_low"] <= word["start_time"] <= word["start_high"]
