"""Items are handed out once, and once more, alone, where their worker died."""

from itertools import count

from speech_toolkit.corpus.cluster.handout import Hand, Handout
from speech_toolkit.corpus.item import Item


def items(number):
    return [Item(id=f"i{n}", audio_path=f"{n}.wav", place=f"list:{n}") for n in range(number)]


def ids(hand):
    return [item.id for item in hand.items]


def test_items_are_pulled_as_there_is_room():
    pulled = count()
    handout = Handout(item for item in items(100) if next(pulled) >= 0)
    assert ids(handout.next_for(0, 3)) == ["i0", "i1", "i2"]
    assert next(pulled) == 3
    assert ids(handout.next_for(1, 1)) == ["i3"]
    assert handout.next_for(1, 0) == Hand()


def test_the_last_hand_says_so():
    handout = Handout(iter(items(3)))
    assert not handout.next_for(0, 2).is_all
    assert handout.next_for(0, 2) == Hand((items(3)[2],), is_all=True)
    assert handout.next_for(1, 2) == Hand((), is_all=True)


def test_is_over_when_all_is_done():
    handout = Handout(iter(items(2)))
    handout.next_for(0, 5)
    assert not handout.is_over
    assert [handout.done(0, f"i{n}").id for n in range(2)] == ["i0", "i1"]
    assert handout.is_over


def test_a_result_that_comes_twice_counts_once():
    handout = Handout(iter(items(1)))
    handout.next_for(0, 5)
    assert handout.done(0, "i0")
    assert handout.done(0, "i0") is None


def test_items_of_a_dead_worker_are_tried_alone():
    handout = Handout(iter(items(4)))
    handout.next_for(0, 2)
    handout.next_for(1, 1)
    assert handout.lost(0, "killed") == []
    assert handout.next_for(0, 5) == Hand((items(4)[0],), is_all=True)
    assert handout.next_for(0, 5) == Hand((), is_all=True), "another would not be alone"
    handout.done(0, "i0")
    assert ids(handout.next_for(0, 5)) == ["i1"]
    assert ids(handout.next_for(1, 5)) == ["i3"], "a worker with work gets no suspect"
    handout.done(0, "i1")
    handout.done(1, "i2")
    handout.done(1, "i3")
    assert handout.is_over


def test_only_the_item_that_kills_twice_fails():
    handout = Handout(iter(items(3)))
    handout.next_for(0, 3)
    assert handout.lost(0, "killed") == []
    handout.next_for(0, 3)
    ((item, outcome),) = handout.lost(0, "killed again")
    assert item.id == "i0"
    assert outcome.error_kind == "worker died"
    assert str(outcome.error).startswith("0.wav: the worker that had it died")
    assert "killed again" in str(outcome.error)
    for name in ("i1", "i2"):
        assert ids(handout.next_for(0, 3)) == [name]
        handout.done(0, name)
    assert handout.next_for(0, 3) == Hand((), is_all=True)
    assert handout.is_over


def test_what_a_worker_gave_back_is_done_by_another():
    handout = Handout(iter(items(2)))
    handout.next_for(0, 2)
    handout.take_back(0)
    assert not handout.holds(0)
    assert ids(handout.next_for(1, 2)) == ["i0", "i1"]


def test_what_is_given_back_once_the_rest_is_dropped_is_dropped_too():
    handout = Handout(iter(items(4)))
    handout.next_for(0, 2)
    handout.drop_the_rest()
    handout.take_back(0)
    assert handout.is_over


def test_nothing_is_handed_out_once_the_rest_is_dropped():
    handout = Handout(iter(items(9)))
    handout.next_for(0, 2)
    handout.drop_the_rest()
    assert ids(handout.next_for(1, 2)) == []
    assert not handout.is_over
    handout.done(0, "i0")
    handout.done(0, "i1")
    assert handout.is_over
