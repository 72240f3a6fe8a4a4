"""What holds of subtitles whatever the text, its times and the limits."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.subtitles.atoms import atoms_of
from speech_toolkit.formats.subtitles.making import subtitles
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.style import style_for
from speech_toolkit.formats.subtitles.writing import width
from speech_toolkit.formats.timed_text import TimedSegment, TimedText, TimedWord
from tests.unit.formats.subtitles.conftest import line_text

WORD = st.one_of(
    st.sampled_from(
        [
            *(
                "the",
                "Dr.",
                "New",
                "York.",
                "10",
                "km",
                "well-known",
                "...",
                "—",
                "(so",
                "far)",
                "a",
            ),
            *(
                "你好，",
                "世界",
                "です。",
                "コーヒー",
                "نعم؟",
                "שלום",
                "🎉",
                "สวัสดี",
                "{\\an8}",
                "<i>",
            ),
            *("{\\an8}", "<i>", "-->", "a"),
            *("Donaudampfschifffahrtsgesellschaft", '"', "«", "e\u0301", "한국어", "3 000"),
        ]
    ),
    st.text(max_size=6),
)
TIME_S = st.floats(0, 30, allow_nan=False)


@st.composite
def texts(draw):
    """Segments whose words follow each other, or whose times are as wild as can be."""
    is_wild = draw(st.booleans())
    segments, at_s = [], 0.0
    for words in draw(st.lists(st.lists(WORD, min_size=1, max_size=12), max_size=5)):
        timed = []
        for text in words:
            start_s, end_s = at_s + draw(st.sampled_from([0, 0, 0.2, 3])), 0.0
            end_s = start_s + draw(st.sampled_from([0, 0.05, 0.3, 9]))
            if is_wild:
                start_s, end_s = draw(TIME_S), draw(TIME_S)
            timed.append(TimedWord(text, start_s, end_s, None))
            at_s = end_s
        kept = tuple(timed) if draw(st.booleans()) else ()
        segments.append(TimedSegment(" ".join(words), timed[0].start_s, timed[-1].end_s, kept))
    return TimedText(
        tuple(segments), draw(st.sampled_from(["en", "zho", None])), at_s, "a"
    ), is_wild


LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "style": st.sampled_from(["netflix", "bbc"]),
        "max_chars_per_line": st.integers(2, 50),
        "max_lines": st.integers(1, 4),
        "max_cue_s": st.floats(1, 20),
        "max_chars_per_s": st.floats(1, 30),
        "min_gap_s": st.floats(0, 1),
    },
)


def letters(text):
    return "".join(text.split())


@settings(max_examples=150, deadline=None)
@given(texts(), LIMITS)
def test_nothing_is_lost_and_limits_are_kept(text, limits):
    timed, is_wild = text
    options = SubtitleOptions(**limits)
    shown = subtitles(timed, options)
    said = [one_line(segment.text) for segment in timed.segments]
    style = style_for(options, " ".join(said))

    parts = [part for cue in shown for line in cue.lines for part in line]
    assert letters("".join(part.text for part in parts)) == letters("".join(said))
    for cue in shown:
        assert 1 <= len(cue.lines) <= style.max_lines
        assert all(
            len(line) == 1 or width(line_text(line)) <= style.max_columns for line in cue.lines
        )
        assert 0 <= cue.start_ms < cue.end_ms
        assert cue.end_ms - cue.start_ms <= round(style.max_cue_s * 1000)
        own = [part for line in cue.lines for part in line]
        assert all(cue.start_ms <= part.start_ms <= part.end_ms <= cue.end_ms for part in own)
    assert all(a.start_ms <= b.start_ms for a, b in itertools.pairwise(parts))
    gap_ms = round(style.min_gap_s * 1000)
    for cue, following in itertools.pairwise(shown):
        assert cue.end_ms <= following.start_ms
        assert following.start_ms - cue.end_ms >= min(gap_ms, following.start_ms - cue.start_ms - 1)
    if not is_wild:
        assert_starts_with_its_words(timed, shown)


def assert_starts_with_its_words(timed, shown):
    """A cue comes with its first word, later only where the cue before it begins then."""
    spoken = [segment for segment in timed.segments if one_line(segment.text)]
    kept = TimedText(tuple(spoken), timed.language, timed.duration_s, timed.source)
    atoms = iter([atom for own in atoms_of(kept) for atom in own])
    earliest_ms = 0
    for cue in shown:
        first, *_ = [next(atoms) for line in cue.lines for _ in line]
        assert cue.start_ms == max(round(first.start_s * 1000), earliest_ms)
        earliest_ms = cue.start_ms + 1
