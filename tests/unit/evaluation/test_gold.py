import json

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.gold import gold_recordings, read_gold
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

WORDS = (("sil", 0.0, 0.2), ("Hello", 0.2, 0.6), ("", 0.6, 0.7), ("world", 0.7, 1.1))
KNOWN = (TrueWord("Hello", 0.2, 0.6), TrueWord("world", 0.7, 1.1))


def textgrid(**tiers):
    parts = ["ooTextFile", "TextGrid", 0, 1.1, "<exists>", len(tiers)]
    for name, intervals in tiers.items():
        parts += ["IntervalTier", name, 0, 1.1, len(intervals)]
        for text, start_s, end_s in intervals:
            parts += [start_s, end_s, text]
    shown = (
        f'"{part}"' if isinstance(part, str) and part[:1] != "<" else str(part) for part in parts
    )
    return "\n".join(shown).replace('"<exists>"', "<exists>") + "\n"


def test_words_of_a_textgrid_are_its_intervals_without_silences(tmp_path):
    path = tmp_path / "one.TextGrid"
    path.write_text(textgrid(phones=[("hh", 0.2, 0.3)], words=WORDS))
    assert read_gold(path) == KNOWN


def test_the_only_tier_counts_whatever_its_name(tmp_path):
    path = tmp_path / "one.TextGrid"
    path.write_text(textgrid(speaker=(*WORDS, ("[noise]", 1.1, 1.1))))
    assert read_gold(path) == KNOWN


@pytest.mark.parametrize(
    ("tiers", "complaint"),
    [
        ({"phones": WORDS, "text": WORDS}, r"has no tier 'words' but 'phones', 'text'"),
        ({"words": [("", 0, 1)]}, r"tier 'words' holds no words"),
        ({}, r"has no tier 'words' but none"),
    ],
)
def test_a_textgrid_without_words_is_named(tmp_path, tiers, complaint):
    path = tmp_path / "one.TextGrid"
    path.write_text(textgrid(**tiers))
    with pytest.raises(UsageError, match=rf"one\.TextGrid: {complaint}"):
        read_gold(path)


def test_recordings_are_found_with_their_folder_their_text_and_their_words(tmp_path):
    (tmp_path / "dr1").mkdir()
    for name in ("dr1/b.WAV", "a.flac", "c.wav", "notes.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "dr1/b.TextGrid").write_text(textgrid(words=WORDS))
    words = [{"text": w.text, "start_s": w.start_s, "end_s": w.end_s} for w in KNOWN]
    (tmp_path / "a.json").write_text(json.dumps({"words": words}))
    (tmp_path / "a.txt").write_text("Hello, world!\n")
    first, second = gold_recordings(tmp_path)
    assert (first.audio.name, first.group, first.transcript) == ("a.flac", ".", "Hello, world!\n")
    assert (second.audio.name, second.group, second.transcript) == ("b.WAV", "dr1", "Hello world")
    assert first.words == second.words == KNOWN


def test_a_directory_without_true_times_is_refused(tmp_path):
    (tmp_path / "c.wav").write_text("")
    with pytest.raises(UsageError, match=r"holds no audio with true word times.*TextGrid"):
        list(gold_recordings(tmp_path))


def test_what_is_no_directory_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is no directory"):
        list(gold_recordings(tmp_path / "missing"))
