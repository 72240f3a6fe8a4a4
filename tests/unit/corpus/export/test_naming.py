import random
from itertools import pairwise

import pytest

from speech_toolkit.corpus.export.naming import name_of, speaker_of, utterance_id


@pytest.mark.parametrize(
    ("item_id", "speaker", "name"),
    [
        ("LJ001-0001", "LJ001-0001", "LJ001-0001"),
        ("1089/134686-0000", "1089", "1089--134686-0000"),
        ("1272/128104/1272-0001", "1272", "1272--128104--1272-0001"),
        ("李四/第一课", "李四", "李四--第一课"),
        ("a.b_c", "a.b_c", "a.b_c"),
    ],
)
def test_usable_ids_stay_as_they_are(item_id, speaker, name):
    assert (speaker_of(item_id), name_of(item_id)) == (speaker, name)


def test_other_ids_are_changed_and_stay_unique():
    long = "x" * 150
    ids = ["a b/c", "a_b/c", "a/b/c", "a/b-c", "a--b", "a-/b", "-a/b", "a|b", "a\u00a0b", "a-b",
           "a/b", "a", f"{long}/{long}1", f"{long}/{long}2", "é" * 90,
           f"{long}/{long}/{long}", "a" + "/b" * 99, "a" + "/b" * 98 + "/c"]  # fmt: skip
    names = [name_of(each) for each in ids]
    assert len(set(names)) == len(names)
    for item_id, name in zip(ids, names, strict=True):
        assert name.startswith(speaker_of(item_id))
        assert not set(name) & set(" /|\u00a0")
        assert len(f"{utterance_id(name, 0, 1)}.flac".encode()) <= 220


def test_utterances_sort_as_their_speakers():
    letters = random.Random(7)
    parts = ["".join(letters.choices("ab-_. é", k=letters.randint(1, 5))) for _ in range(3000)]
    ids = {p.strip() or "a" for p in parts}
    ids |= {f"{a.strip() or 'a'}/{b.strip() or 'b'}" for a, b in pairwise(parts)}
    pairs = [(utterance_id(name_of(i), 5, 10), speaker_of(i)) for i in ids]
    by_utterance = sorted(pairs, key=lambda pair: pair[0].encode())
    assert [s for _, s in by_utterance] == sorted((s for _, s in pairs), key=str.encode)
    assert len({utterance for utterance, _ in pairs}) == len(ids)
