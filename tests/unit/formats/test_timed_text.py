import json
import math

from speech_toolkit.formats import render
from speech_toolkit.formats.timed_text import (
    TimedCharacter,
    TimedSegment,
    TimedText,
    TimedWord,
    timed_text,
)


def test_a_transcription_keeps_its_segments_and_words(two_sentences):
    words = (TimedWord("Good", 0.5, 0.8, 0.9), TimedWord("morning.", 0.8, 1.24, 0.8))
    assert timed_text(two_sentences.to_dict()) == TimedText(
        segments=(
            TimedSegment("Good morning.", 0.5, 1.24, words),
            TimedSegment("An hour later.", 3661.0, 3662.5),
        ),
        language="en",
        duration_s=12.5,
        source="a.wav",
    )
    assert timed_text(two_sentences.to_dict()).words == words


def test_an_alignment_keeps_each_letter_in_its_word_and_each_word_in_its_sentence(alignment):
    timed = timed_text(alignment.to_dict())
    likely, less_likely = round(math.exp(-0.5), 4), round(math.exp(-1.0), 4)
    assert (timed.language, timed.duration_s, timed.source) == ("eng", 2.5, "a.wav")
    first, second = timed.segments
    assert (first.text, first.start_s, first.end_s) == ("Hi -.", 0.1, 0.4)
    letters = (TimedCharacter("h", 0.1, 0.2, likely), TimedCharacter("i", 0.2, 0.4, likely))
    assert first.words == (
        TimedWord("Hi", 0.1, 0.4, likely, letters),
        TimedWord("-", 0.4, 0.4, None),
    )
    (word,) = second.words
    assert word.probability == less_likely
    assert [letter.text for letter in word.characters] == ["n", "o"]


def test_an_alignment_can_be_written_as_any_format(alignment):
    assert (
        render(alignment.to_dict(), "tsv") == "start\tend\ttext\n100\t400\tHi -.\n1000\t1300\tNo\n"
    )
    assert render(alignment.to_dict(), "txt") == "Hi -.\nNo\n"
    assert json.loads(render(alignment.to_dict(), "json")) == alignment.to_dict()
