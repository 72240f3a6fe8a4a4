"""--repair: a transcript that is wrong in places gives the times that the right one would give."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from benchmarks.planted.cases import put_instead, right
from benchmarks.planted.speech import RATE_HZ, read_recordings
from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.alignment.preparation import prepare_input
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.cli.scripts.inference_mms import main

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "results/schemas/alignment.schema.json").read_text())
REPAIR = AlignmentSettings(repair=True)
NEAR_S = 0.04
SENTENCE = ["Seven", "engineers", "repaired", "that", "broken", "bridge", "before", "Sunday."]


@pytest.fixture(scope="module")
def story():
    (found,) = [
        each for each in read_recordings(ROOT / "samples", "samples") if each.name == "story"
    ]
    return found


@pytest.fixture(scope="module")
def align(story):
    """Align a text with the story, which is heard once."""
    aligner = Aligner.load(device="cpu")
    waveform = Waveform(story.clip.samples, RATE_HZ, "story.flac", RATE_HZ, 1)

    def prepared(text):
        return prepare_input(waveform, text, aligner.checkpoint, REPAIR)

    ((_, heard),) = aligner.hear_many([(None, prepared(story.clip.text))], REPAIR)
    return lambda text, settings: aligner.decode(prepared(text), heard.unwrap(), settings)


# Name of the fault: what is written in place of which sentences, and whether that moves words.
FAULTS = {
    "a sentence deleted": (3, 4, (), True),
    "a sentence inserted": (4, 4, SENTENCE, True),
    "a sentence replaced": (3, 4, SENTENCE, False),
    "three sentences deleted": (2, 5, (), True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_other_words_get_the_times_of_the_right_transcript(fault, story, align):
    first, end, texts, moves_words = FAULTS[fault]
    words = (story.sentences[number][0] for number in (first, end))
    case = put_instead(story, *words, texts)
    truth = {
        known: word.start_time
        for known, word in zip(
            story.clip.words, align(right(story).transcript, REPAIR).words, strict=True
        )
    }

    def errors(settings):
        words = align(case.transcript, settings).words
        return np.array(
            [
                abs(word.start_time - truth[known])
                for word, known in zip(words, case.spoken, strict=True)
                if known is not None
            ]
        )

    without, repaired = errors(AlignmentSettings()), errors(REPAIR)
    assert (without.max() > 10 * NEAR_S) == moves_words
    assert repaired.max() <= NEAR_S


def test_a_right_transcript_stays_as_it_is(story, align):
    plain, repaired = (align(story.clip.text, s) for s in (AlignmentSettings(), REPAIR))
    assert (repaired.segments, repaired.words) == (plain.segments, plain.words)
    assert (repaired.sentences, repaired.quality) == (plain.sentences, plain.quality)


def test_the_command_tells_what_it_aligned(tmp_path, capsys):
    output = tmp_path / "repaired.json"
    text = "The old elephant gardener painted lighthouse keeper waved at every boat"
    command = ["--audio", str(ROOT / "samples/demo.wav"), "--transcript", text, "--repair"]
    assert main([*command, "--device", "cpu", "--output", str(output)]) == 0
    assert "Repair: aligned without 3 words, and with <star> in 1 place" in capsys.readouterr().out
    result = json.loads(output.read_text())
    jsonschema.validate(result, SCHEMA)
    told = result["quality"]["repair"]
    assert told["transcript"] == "The old lighthouse keeper waved at every boat <star>"
    assert (told["left_out"], told["stars_after"]) == ([2, 3, 4], [10])
    for index in told["left_out"]:
        word = result["words"][index]
        assert (word["spoken"], word["aligned"], word["confidence"]) == (False, False, None)
        assert word["start_time"] == word["end_time"]
    assert result["transcript"] == text and result["settings"]["repair"] is True
