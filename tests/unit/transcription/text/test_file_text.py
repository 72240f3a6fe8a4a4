"""What is told of windows whose text is not whole."""

from speech_toolkit.transcription.result import Stretch
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.text.file_text import cut_off_warnings, file_coverage
from tests.unit.transcription.scripted_decoder import (
    END,
    RATE,
    STAMP,
    ScriptedDecoder,
    closed,
    decoded,
    run,
)


def coverage_of(*script, **settings):
    decoder, spans = ScriptedDecoder(script), ((0, 28),)
    _, found = run(decoder, "chunked", spans=spans, chunk_length_s=30.0, **settings)
    return file_coverage(found, 28 * RATE, RATE)


def test_coverage_tells_speech_without_text():
    stretches = coverage_of(closed(1, end_s=2.0), hear_rests=False)
    assert stretches == (Stretch(0.0, 2.0, None), Stretch(2.0, 28.0, "no text"))


def test_what_is_heard_once_more_is_covered():
    stretches = coverage_of(closed(1, end_s=2.0), closed(2, end_s=26.0))
    assert stretches == (Stretch(0.0, 28.0, None),)


def test_text_cut_off_by_the_limit_is_told_from_the_last_complete_segment_on():
    decoder = ScriptedDecoder(
        [
            decoded(STAMP, 1, STAMP + 100, STAMP + 100, 2, finished=False),
            decoded(STAMP, 3, finished=False),
            decoded(STAMP, finished=False),
            closed(4),
            decoded(STAMP, 5, END, finished=False),
        ]
    )
    spans = tuple((20 * i, 20 * i + 8) for i in range(5))
    _, found = run(decoder, spans=spans, length_s=120)
    assert [item.cut_off_s for item in found] == [2.0, 0.0, 0.0, None, None]
    assert [len(item.segments) for item in found] == [2, 1, 0, 1, 1]
    assert cut_off_warnings(found, TranscriptionSettings(max_new_tokens=7)) == (
        "3 of 5 windows reached the limit of 7 tokens, the first of them begins at 0.00 s: "
        "their text is cut off; raise --max_new_tokens",
    )
    assert cut_off_warnings(found[3:], TranscriptionSettings()) == ()
