"""What the decoder is taught to write for a window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from whisper_domain import WORDS
from whisper_script import IGNORED, WordEncoder, write_script

MODEL = Path(__file__).parents[4] / "models" / "tiny-whisper"


@dataclass(frozen=True)
class Word:
    text: str
    start_s: float
    end_s: float


FIRST = (Word("The", 1.0, 1.2), Word("boat.", 1.2, 1.8))
SECOND = (Word("Come", 2.5, 2.9), Word("back.", 2.9, 3.4))


class Chance:
    """Draws the numbers given, then ones, so that nothing rare happens."""

    def __init__(self, *numbers: float) -> None:
        self._numbers = list(numbers)

    def random(self) -> float:
        return self._numbers.pop(0) if self._numbers else 1.0


@pytest.fixture(scope="module")
def encoder() -> WordEncoder:
    return WordEncoder(MODEL)


def written(encoder: WordEncoder, *words: str) -> list[int]:
    return [token for word in words for token in encoder.tokens(word)]


def test_sentences_stand_between_their_times(encoder):
    ids = encoder.ids
    script = write_script((FIRST, SECOND), False, encoder, 0, 1500, Chance(0.0))
    assert script["tokens"].tolist() == [
        ids.start,
        ids.english,
        ids.transcribe,
        ids.timestamp(1.0),
        *written(encoder, "The", "boat."),
        ids.timestamp(1.8),
        ids.timestamp(2.5),
        *written(encoder, "Come", "back."),
        ids.timestamp(3.4),
    ]
    assert script["labels"].tolist() == [*script["tokens"][1:], ids.end]


def test_a_part_of_a_window_keeps_the_times_of_the_window(encoder):
    script = write_script((FIRST,), False, encoder, 500, 500, Chance(0.0))
    assert encoder.ids.timestamp(11.0) in script["tokens"]
    first_word = script["tokens"].tolist().index(encoder.tokens("The")[0])
    assert script["last_spans"][first_word].tolist() == [50, 61]
    assert script["next_spans"][first_word - 1].tolist() == [50, 61]


def test_a_sentence_cut_by_the_end_has_its_start_alone(encoder):
    ids = encoder.ids
    script = write_script((FIRST, SECOND), True, encoder, 0, 160, Chance(0.0))
    assert script["tokens"][-2:].tolist() == [ids.timestamp(1.8), ids.timestamp(2.5)]
    assert script["labels"][-1] == ids.end


def test_without_times_the_words_that_are_whole_are_written(encoder):
    script = write_script((FIRST, SECOND), True, encoder, 0, 160, Chance(0.9))
    assert script["tokens"].tolist()[3:] == [
        encoder.ids.no_timestamps,
        *written(encoder, "The", "boat.", "Come"),
    ]


@pytest.mark.parametrize("with_times", [True, False])
def test_silence_is_answered_by_no_speech_and_the_end(encoder, with_times):
    ids = encoder.ids
    script = write_script((), False, encoder, 0, 1500, Chance(0.0 if with_times else 0.9))
    assert script["tokens"][0] == ids.start
    assert script["labels"][0] == ids.no_speech
    assert script["labels"][1] == IGNORED
    assert script["labels"][-1] == ids.end
    assert len(script["tokens"]) == 4


def test_text_before_the_window_is_not_to_be_learnt(encoder):
    rng = np.random.default_rng(3)
    scripts = [write_script((FIRST,), False, encoder, 0, 1500, rng) for _ in range(60)]
    prompted = [s for s in scripts if s["tokens"][0] == encoder.ids.previous]
    assert 3 < len(prompted) < 30
    for script in prompted:
        start = script["tokens"].tolist().index(encoder.ids.start)
        assert set(script["labels"][:start].tolist()) == {IGNORED}
        assert script["labels"][start] == encoder.ids.english


def test_frames_hold_the_word_that_is_heard(encoder):
    grid = encoder.word_grid((FIRST,), 100, is_known=True)
    assert grid[49] == 0
    assert WORDS[grid[50] - 1] == "the"
    assert WORDS[grid[89] - 1] == "boat"
    assert grid[90] == 0


def test_any_text_can_be_spelt(encoder):
    tokens = encoder.tokens("日本é")
    assert tokens
    assert max(tokens) < encoder.ids.end
