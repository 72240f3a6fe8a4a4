"""Timed text to lay out: words at a steady pace, one after the other."""

import pytest

from speech_toolkit.alignment.text.segmentation import pieces, split_piece
from speech_toolkit.formats.timed_text import TimedSegment, TimedText, TimedWord

LETTER_S = 0.06


def make_words(text, start_s=0.0, letter_s=LETTER_S):
    words = []
    for piece in pieces(text):
        for run in split_piece(piece[0]):
            word = piece[0][run.start : run.end]
            end_s = start_s + letter_s * len(word)
            words.append(TimedWord(word, start_s, end_s, 0.9))
            start_s = end_s
    return tuple(words)


def make_timed(*texts, language="en", letter_s=LETTER_S, pause_s=0.0, has_words=True):
    segments = []
    start_s = 0.0
    for text in texts:
        words = make_words(text, start_s, letter_s)
        end_s = words[-1].end_s
        segments.append(TimedSegment(text, start_s, end_s, words if has_words else ()))
        start_s = end_s + pause_s
    return TimedText(tuple(segments), language, start_s, "a.wav")


@pytest.fixture
def timed():
    """Make timed text from the texts of its segments."""
    return make_timed


@pytest.fixture
def laid_out():
    """Lay text out: for each cue its lines."""
    from speech_toolkit.formats.subtitles.making import subtitles
    from speech_toolkit.formats.subtitles.options import SubtitleOptions

    def lay_out(*texts, options=None, **how):
        shown = subtitles(make_timed(*texts, **how), SubtitleOptions(**(options or {})))
        return [[line_text(line) for line in subtitle.lines] for subtitle in shown]

    return lay_out


def line_text(parts):
    return "".join(part.text + " " * part.has_space for part in parts)
