"""Results whose text and times are as awkward as can be, for the tests of every format.

``SENTENCES`` holds words as (text, start_s, end_s, probability); the documents are the JSON form of
a result of either task with these words, as far as formats are written from it.
"""

from itertools import accumulate, islice

from hypothesis import strategies as st

DURATION_S = 3700.0005
SENTENCES = (
    (
        ("She", 0.0, 0.2004, 0.9),
        ('said:"', 0.2004, 0.31, 0.8),
        ('""', 0.31, 0.31, None),
        ("—", 0.31, 0.31, None),
        ("a-->b", 0.4, 0.9, 0.0),
        ("-->", 0.9, 0.9, None),
        ("AT&T", 1.0, 1.4, 1.0),
        ("&amp;", 1.4, 1.7, 0.5),
        ("<b>bold</b>", 1.7, 2.0, 0.5),
    ),
    (
        ("[00:12.00]", 2.5, 2.75, 0.25),
        ("[ar:", 2.75, 3.0, 0.25),
        ("<00:13.50>", 3.0, 3.5, 0.25),
        ("{\\an8}{}", 3.5, 3.75, 0.3),
        ("\\N", 3.75, 4.0, 0.3),
        ("C:\\new\\h", 4.0, 4.1, 0.3),
        ("a|b", 4.1, 4.2, 0.3),
        (";;", 4.2, 4.3, 0.3),
        ("=1+1,2", 4.3, 4.4, 0.3),
        ("'_ %f", 4.4, 4.5, 0.3),
    ),
    (
        ("مرحبا،", 60.0, 60.5, 0.7),
        ("שלום", 60.5, 61.0, 0.7),
        ("🎉👨\u200d👩\u200d👧", 61.0, 61.5, 0.7),
        ("e\u0301क्\u200dष", 61.5, 62.0, 0.7),
    ),
    (
        ("你", 3599.999, 3600.3, 0.6),
        ("好。", 3600.3, 3600.6, 0.6),
        ("「世界」", 3600.6, 3601.0, 0.6),
    ),
    (
        ("tab\tnew\nline", 3690.0, 3690.5, 0.5),
        ("no\u00a0break\u2028\x85\x0b", 3690.5, 3691.0, 0.5),
        ("\x00\x07bell\rring\x1c", 3691.0, 3691.5, 0.5),
        ("NA", 3691.5, 3692.0, 0.5),
        ("end!", 3699.5, DURATION_S, 0.5),
        ("...", DURATION_S, DURATION_S, None),
    ),
)
WORDS = tuple(word for sentence in SENTENCES for word in sentence)

TEXT = st.sampled_from([text for text, *_ in WORDS]) | st.text(
    st.characters(codec="utf-8"), max_size=6
).filter(str.strip)
LENGTH_MS = st.sampled_from([0, 0, 1, 20]) | st.integers(0, 5000)
PROBABILITY = st.none() | st.integers(0, 10_000).map(lambda share: share / 10_000)


def transcription_document(sentences=SENTENCES, duration_s=DURATION_S, *, has_words=True):
    """Return a transcription of sentences with words."""
    return {
        "text": " ".join(_text(words) for words in sentences),
        "language": None,
        "audio_path": "a b/nasty talk\t1.wav",
        "audio_duration_s": duration_s,
        "segments": [
            {"text": _text(words), "start_s": words[0][1], "end_s": words[-1][2]}
            for words in sentences
        ],
        "words": [
            {"text": text, "start_s": start_s, "end_s": end_s, "probability": probability}
            for words in sentences
            for text, start_s, end_s, probability in words
            if has_words
        ],
    }


def alignment_document(sentences=SENTENCES, duration_s=DURATION_S):
    """Return an alignment of sentences with words, and a letter for each half of a word."""
    words = [word for sentence in sentences for word in sentence]
    ends = list(accumulate(len(text) + 1 for text, *_ in words))
    spans = [
        _span("text", *word, end - 1 - len(word[0])) for word, end in zip(words, ends, strict=True)
    ]
    letters = [letter for word in spans for letter in _letters(word)]
    cuts = [0, *accumulate(len(sentence) for sentence in sentences)]
    return {
        "transcript": _text(words),
        "language": "mul",
        "audio_path": "a b/nasty talk\t1.wav",
        "audio_duration": duration_s,
        "segments": letters,
        "words": spans,
        "sentences": [
            _span(
                "text",
                _text(sentence),
                sentence[0][1],
                sentence[-1][2],
                None,
                spans[first]["start_char"],
            )
            for sentence, first in zip(sentences, cuts, strict=False)
        ],
    }


def _text(words):
    return " ".join(text for text, *_ in words)


def _letters(word):
    middle = (word["start_time"] + word["end_time"]) / 2
    shared = (word["probability"], word["start_char"])
    yield _span("token", word["text"][:1].lower(), word["start_time"], middle, *shared)
    yield _span("token", word["text"][1:2].lower(), middle, word["end_time"], *shared)


def _span(text_key, text, start_time, end_time, probability, start_char):
    return {
        text_key: text,
        "start_time": start_time,
        "end_time": end_time,
        "probability": probability,
        "start_char": start_char,
        "end_char": start_char + len(text),
    }


def _times(draw_lengths_ms):
    """Turn lengths of silence and word, by turns, into starts and ends in seconds."""
    edges_s = [edge / 1000 for edge in accumulate(draw_lengths_ms)]
    return zip(edges_s[::2], edges_s[1::2], strict=True)


@st.composite
def spoken(draw, text=TEXT):
    """Draw sentences with words in order of time, many without length, and a duration in seconds.

    Args:
        text: strategy of a word's text.
    """
    counts = draw(st.lists(st.integers(1, 4), max_size=4))
    lengths_ms = draw(st.lists(LENGTH_MS, min_size=2 * sum(counts), max_size=2 * sum(counts)))
    words = iter(
        [(draw(text), start_s, end_s, draw(PROBABILITY)) for start_s, end_s in _times(lengths_ms)]
    )
    sentences = [list(islice(words, count)) for count in counts]
    return sentences, (sum(lengths_ms) + draw(LENGTH_MS)) / 1000
