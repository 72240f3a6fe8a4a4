from itertools import pairwise

from letter_times import LetterAligner

WORDS = [
    ("ship", ("sh", "ih", "p")),
    ("shop", ("sh", "aa", "p")),
    ("fish", ("f", "ih", "sh")),
    ("dish", ("d", "ih", "sh")),
    ("pit", ("p", "ih", "t")),
    ("pot", ("p", "aa", "t")),
    ("fox", ("f", "aa", "k", "s")),
    ("box", ("b", "aa", "k", "s")),
]


def fitted() -> LetterAligner:
    aligner = LetterAligner()
    aligner.fit(WORDS)
    return aligner


def test_two_letters_share_the_phone_they_spell():
    phones = [("f", 0.0, 0.1), ("ih", 0.1, 0.2), ("sh", 0.2, 0.4)]
    times = fitted().letter_times("fish", phones)
    assert [(t.letter, round(t.start_s, 3), round(t.end_s, 3)) for t in times] == [
        ("f", 0.0, 0.1),
        ("i", 0.1, 0.2),
        ("s", 0.2, 0.3),
        ("h", 0.3, 0.4),
    ]


def test_one_letter_covers_the_phones_it_stands_for():
    phones = [("b", 0.0, 0.1), ("aa", 0.1, 0.2), ("k", 0.2, 0.3), ("s", 0.3, 0.4)]
    last = fitted().letter_times("box", phones)[-1]
    assert (last.letter, last.start_s, last.end_s) == ("x", 0.2, 0.4)


def test_letters_cover_the_word_without_gaps():
    phones = [("sh", 1.0, 1.2), ("aa", 1.2, 1.3), ("p", 1.3, 1.5)]
    times = fitted().letter_times("shop", phones)
    assert times[0].start_s == 1.0
    assert times[-1].end_s == 1.5
    assert all(a.end_s == b.start_s for a, b in pairwise(times))


def test_a_spelling_that_cannot_be_paired_has_no_times():
    assert fitted().letter_times("a", [("p", i, i + 1.0) for i in range(9)]) is None
