"""Subtitles and TextGrids as the texts of a corpus."""

import json
from dataclasses import replace

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.corpus.digests import item_digest
from speech_toolkit.corpus.inputs.read import read_audio_items

SRT = "1\n00:00:01,000 --> 00:00:02,000\nOne.\nTwo\n\n2\n00:00:03,000 --> 00:00:04,000\nthree\n"
GRID = (
    '"ooTextFile"\n"TextGrid"\n0 4 <exists> 2\n"IntervalTier" "a" 0 4 1 0 4 "hi"\n'
    '"IntervalTier" "b" 0 4 1 0 4 "you"'
)


def test_subtitles_beside_the_audio(corpus):
    corpus.add("in/a.wav", "in/b.wav")
    corpus.write("in/a.srt", SRT)
    corpus.write("in/b.txt", "plain")
    corpus.write("in/b.TextGrid", GRID)
    cued, plain = read_audio_items(
        [str(corpus.root / "in")], needs_text=True, recursive=False, strict=True
    )
    assert cued.transcript == CuedText("One.\nTwo\n\nthree", (0, 10))
    assert plain.transcript == plain.text == "plain"
    assert item_digest(cued, "s") != item_digest(replace(cued, cue_starts=()), "s")


def test_a_manifest_may_name_the_tier(corpus):
    corpus.write("b.TextGrid", GRID)
    lines = [
        {"audio": "a.wav", "id": "1", "text_file": "b.TextGrid#b"},
        {"audio": "a.wav", "id": "2", "text_file": "b.TextGrid"},
    ]
    manifest = "\n".join(map(json.dumps, lines))
    (told,) = corpus.faults("list.jsonl", manifest)
    assert "b.TextGrid: which of the tiers 'a', 'b' is the transcript is not clear" in told
    (item,) = corpus.items("list.jsonl", json.dumps(lines[0]))
    assert item.transcript == CuedText("you", (0,))
