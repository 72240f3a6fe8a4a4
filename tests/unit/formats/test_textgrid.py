"""TextGrids, as Praat and tgt read them."""

import itertools
import subprocess
import sys

import pytest
import tgt
from hypothesis import given, settings

from speech_toolkit.formats import render
from speech_toolkit.formats.cues import one_line
from tests.unit.formats.nasty import (
    DURATION_S,
    SENTENCES,
    TEXT,
    WORDS,
    alignment_document,
    spoken,
    transcription_document,
)


def read_by_praat(path):
    """Return name -> (start, end, text) of every interval, blank ones included; and the end."""
    parselmouth = pytest.importorskip("parselmouth", reason="has no wheel for this machine")
    from parselmouth.praat import call

    grid = parselmouth.read(str(path))
    tiers = {}
    for tier in range(1, call(grid, "Get number of tiers") + 1):
        tiers[call(grid, "Get tier name", tier)] = [
            (
                call(grid, "Get start time of interval", tier, number),
                call(grid, "Get end time of interval", tier, number),
                call(grid, "Get label of interval", tier, number),
            )
            for number in range(1, call(grid, "Get number of intervals", tier) + 1)
        ]
    return tiers, call(grid, "Get end time")


def read_by_tgt(path):
    grid = tgt.io.read_textgrid(str(path), include_empty_intervals=True)
    tiers = {
        tier.name: [
            (float(part.start_time), float(part.end_time), part.text) for part in tier.intervals
        ]
        for tier in grid.tiers
    }
    return tiers, float(grid.end_time)


def read_by_praatio(path):
    """As the Montreal Forced Aligner reads."""
    from praatio import textgrid

    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True)
    tiers = {tier.name: [tuple(entry) for entry in tier.entries] for tier in grid.tiers}
    return tiers, grid.maxTimestamp


READERS = (read_by_praat, read_by_tgt, read_by_praatio)
READ_BY_ALL = TEXT.filter(lambda text: " = " not in one_line(text))  # tgt cuts a label there


@pytest.fixture(params=READERS)
def read(request, tmp_path):
    """Write a document and read its tiers back; blank intervals are left out of the second."""

    def read_back(document):
        path = tmp_path / "a.TextGrid"
        path.write_text(render(document, "textgrid"), encoding="utf-8")
        tiers, end_s = request.param(path)
        filled = {name: [part for part in tier if part[2]] for name, tier in tiers.items()}
        return tiers, filled, end_s

    return read_back


def texts(tier):
    return [text for *_, text in tier]


def kept(spoken_texts):
    return [text for spoken_text in spoken_texts if (text := one_line(spoken_text))]


def test_no_word_is_lost_and_all_keep_their_times(nasty_document, read):
    _, filled, end_s = read(nasty_document)

    assert end_s == DURATION_S
    assert texts(filled["words"]) == kept(text for text, *_ in WORDS)
    for (start_s, stop_s, _), word in zip(filled["words"], WORDS, strict=True):
        assert start_s == pytest.approx(word[1], abs=0.003), "two words without length in its way"
        assert stop_s == pytest.approx(word[2], abs=0.003)
    sentences = [" ".join(text for text, *_ in words) for words in SENTENCES]
    assert texts(filled["sentences"]) == kept(sentences)


def test_letters_have_a_tier_in_an_alignment_only(read):
    _, of_alignment, _ = read(alignment_document())
    _, of_transcription, _ = read(transcription_document())

    assert list(of_alignment) == ["sentences", "words", "characters"]
    assert texts(of_alignment["characters"])[:5] == ["s", "h", "s", "a", '"']
    assert list(of_transcription) == ["sentences", "words"]


def test_tiers_are_filled_from_the_first_sample_to_the_last(nasty_document, read):
    tiers, _, end_s = read(nasty_document)

    for tier in tiers.values():
        assert (tier[0][0], tier[-1][1]) == (0, end_s)
        assert all(start_s < stop_s for start_s, stop_s, _ in tier)
        assert all(a[1] == b[0] for a, b in itertools.pairwise(tier))


def test_silence_is_one_blank_interval(read):
    assert read(transcription_document((), 2.5)) == (
        {"sentences": [(0, 2.5, "")]},
        {"sentences": []},
        2.5,
    )


def test_segments_that_overlap_are_cut(read):
    sentences = (
        (("long", 0.0, 3.0, 0.5),),
        (("inside", 1.0, 2.0, 0.5),),
        (("before", 0.5, 1.5, 0.5),),
    )

    _, filled, _ = read(transcription_document(sentences, 4.0))

    assert (
        filled["sentences"]
        == filled["words"]
        == [
            (0, 1, "long"),
            (1, 1.001, "inside"),
            (1.001, 1.5, "before"),
        ]
    )


def test_words_without_length_at_the_end_of_the_audio_lie_within_it(read):
    sentences = ((("a", 1.0, 2.0, 0.5), ("-", 2.0, 2.0, None), ("-", 2.0, 2.0, None)),)

    _, filled, end_s = read(transcription_document(sentences, 2.0))

    assert filled["words"] == [(1, 1.998, "a"), (1.998, 1.999, "-"), (1.999, 2, "-")]
    assert end_s == 2


def test_the_audio_is_lengthened_only_where_words_could_not_fit(read):
    sentences = ((("a", 0.0, 0.0, None), ("b", 0.0, 0.0, None)),)

    _, filled, end_s = read(transcription_document(sentences, 0.0001))

    assert (texts(filled["words"]), end_s) == (["a", "b"], 0.002)


def test_times_beyond_the_audio_are_kept(read):
    sentences = ((("a", 1.0, 2.0, 0.5), ("b", 2.0, 3.0, 0.5)),)

    _, filled, end_s = read(transcription_document(sentences, 1.5))

    assert filled["words"] == [(1, 2, "a"), (2, 3, "b")]
    assert end_s == 3


def test_a_label_may_look_like_a_line_of_the_file(tmp_path):
    sentences = ((('text = "x" = ""', 0.0, 1.0, 0.5), ("xmax = 3", 1.0, 2.0, 0.5)),)
    path = tmp_path / "a.TextGrid"
    path.write_text(render(transcription_document(sentences, 2.0), "textgrid"), encoding="utf-8")

    for read in (read_by_praat, read_by_praatio):
        tiers, _ = read(path)
        assert texts(tiers["words"]) == ['text = "x" = ""', "xmax = 3"]


def test_the_smallest_times_are_no_powers_of_ten():
    sentences = ((("a", 0.00001, 0.00002, 0.5),),)

    assert "e-" not in render(transcription_document(sentences, 0.001), "textgrid")


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=40, deadline=None)
@given(drawn=spoken(READ_BY_ALL))
def test_whatever_is_said_is_read_back_in_order(reader, drawn, tmp_path_factory):
    sentences, duration_s = drawn
    path = tmp_path_factory.getbasetemp() / "drawn.TextGrid"
    path.write_text(
        render(transcription_document(sentences, duration_s), "textgrid"), encoding="utf-8"
    )

    tiers, _ = reader(path)

    words = [word for words in sentences for word in words if one_line(word[0])]
    filled = [part for part in tiers.get("words", ()) if part[2]]
    assert texts(filled) == [one_line(text) for text, *_ in words]
    for (start_s, _, _), (_, expected_s, *_) in zip(filled, words, strict=True):
        assert abs(start_s - expected_s) <= 0.001 * len(words) + 1e-9


def test_praatio_is_loaded_only_to_write():
    command = "import speech_toolkit.formats, sys; sys.exit('praatio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
