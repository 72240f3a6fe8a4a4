"""The twin of the bundled aligner that stands for real CTC checkpoints has spikes for letters."""

import json
from pathlib import Path

import numpy as np
import pytest

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.alignment.letter_runs import label_runs
from speech_toolkit.alignment.preparation import prepare_input
from speech_toolkit.alignment.search.viterbi import forced_align

REPOSITORY = Path(__file__).parents[4]
TWIN = REPOSITORY / "tests" / "data" / "spiky-aligner"
BUNDLED = REPOSITORY / "models" / "tiny-mms-aligner"
DEMO = REPOSITORY / "samples" / "demo.wav"


def test_the_twin_is_the_bundled_aligner_but_for_its_weights():
    for name in ("vocab.json", "preprocessor_config.json", "tokenizer_config.json"):
        assert (TWIN / name).read_bytes() == (BUNDLED / name).read_bytes()
    configs = [json.loads((each / "config.json").read_text()) for each in (TWIN, BUNDLED)]
    for config in configs:
        config.pop("transformers_version")
    assert configs[0] == configs[1]
    assert (TWIN / "model.safetensors").stat().st_size < 6_000_000


@pytest.fixture(scope="module")
def frames_per_letter_and_blank_share():
    found = {}
    for path in (TWIN, BUNDLED):
        aligner = Aligner.load(path, "cpu")
        settings = AlignmentSettings()
        transcript = DEMO.with_suffix(".txt").read_text()
        prepared = prepare_input(DEMO, transcript, aligner.checkpoint, settings)
        ((_, heard),) = aligner.hear_many([(None, prepared)], settings)
        log_probs = heard.unwrap().log_probs
        path_labels, _ = forced_align(log_probs, prepared.labels.targets, 0)
        starts, ends = label_runs(path_labels, 0)
        found[path.name] = np.mean(ends - starts), np.mean(log_probs.argmax(1) == 0)
    return found


def test_letters_of_the_twin_are_spikes_and_most_of_its_frames_are_blank(
    frames_per_letter_and_blank_share,
):
    frames, blank_share = frames_per_letter_and_blank_share["spiky-aligner"]
    assert frames < 1.5
    assert blank_share > 0.7


def test_letters_of_the_bundled_aligner_last_as_long_as_their_sound(
    frames_per_letter_and_blank_share,
):
    frames, blank_share = frames_per_letter_and_blank_share["tiny-mms-aligner"]
    assert frames > 2.5
    assert blank_share < 0.5
