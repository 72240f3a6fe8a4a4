import json

import numpy as np
import pytest
import soundfile
from speech_synthesis import PAUSE, Phone, SynthesisedSpeech
from timed_words import TimedWord, moved, word_times, write_recording

from speech_toolkit.evaluation.metrics.boundaries import read_true_words

PHONES = (
    Phone("pau", 0.0, 0.2, PAUSE),
    Phone("hh", 0.2, 0.25, 0),
    Phone("ay", 0.25, 0.5, 0),
    Phone("pau", 0.5, 0.9, PAUSE),
    Phone("y", 0.9, 1.0, 1),
    Phone("uw", 1.0, 1.3, 1),
    Phone("pau", 1.3, 1.5, PAUSE),
)
SPEECH = SynthesisedSpeech(np.zeros(24000, np.float32), 16000, PHONES, (("Hi,",), ("you",)))


def test_a_pause_belongs_to_no_word():
    assert word_times(["Hi,", "you"], SPEECH) == [
        TimedWord("Hi,", 0.2, 0.5),
        TimedWord("you", 0.9, 1.3),
    ]


def test_joined_words_have_no_times():
    joined = SynthesisedSpeech(SPEECH.samples, 16000, PHONES[:3], (("of", "the"),))
    with pytest.raises(ValueError, match="joined"):
        word_times(["of", "the"], joined)


def test_what_is_written_is_read_as_true_words(tmp_path):
    words = moved(word_times(["Hi,", "you"], SPEECH), 2.0)
    path = tmp_path / "one.flac"
    write_recording(path, np.zeros(56000, np.float32), 16000, "Hi, you", words, {"voice": "x"})
    assert soundfile.info(path).frames == 56000
    assert path.with_suffix(".txt").read_text() == "Hi, you\n"
    assert json.loads(path.with_suffix(".json").read_text())["voice"] == "x"
    true = read_true_words(path.with_suffix(".json"))
    assert [(word.text, word.start_s, word.end_s) for word in true] == [
        ("Hi,", 2.2, 2.5),
        ("you", 2.9, 3.3),
    ]
