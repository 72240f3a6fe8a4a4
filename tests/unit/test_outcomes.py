import traceback
import weakref

import pytest

from speech_toolkit.errors import (
    AudioError,
    OutOfMemoryError,
    ToolkitError,
    TranscriptError,
    error_kind,
)
from speech_toolkit.outcomes import Outcome, in_order, outcome_of


def raising(error):
    def work():
        raise error

    return work


def test_work_that_ends_well_has_its_result():
    assert outcome_of(lambda: 7) == Outcome(result=7)
    assert outcome_of(lambda: None).ok


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TranscriptError("x"), "wrong text"),
        (OutOfMemoryError("x"), "out of memory"),
        (MemoryError(), "out of memory"),
        (ZeroDivisionError(), "internal"),
        (ToolkitError("x"), "other"),
    ],
)
def test_a_failure_keeps_its_error_and_kind(error, kind):
    outcome = outcome_of(raising(error))
    assert (outcome.ok, outcome.result, outcome.error) == (False, None, error)
    assert outcome.error_kind == error_kind(error) == kind


def test_a_failure_keeps_nothing_alive_but_its_error():
    class Large:
        pass

    alive = weakref.WeakSet()

    def work():
        audio = Large()
        alive.add(audio)
        try:
            raising(KeyError("x"))()
        except KeyError as error:
            tensor = Large()
            alive.add(tensor)
            raise TranscriptError("x") from error

    outcome = outcome_of(work)
    assert not alive
    assert [frame.name for frame in traceback.extract_tb(outcome.error.__traceback__)][-1] == "work"


def test_an_error_that_is_its_own_cause_is_kept_too():
    first, second = KeyError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    assert outcome_of(raising(first)).error is first


def test_an_interrupt_is_no_failure():
    with pytest.raises(KeyboardInterrupt):
        outcome_of(raising(KeyboardInterrupt()))


def test_kinds_of_audio_differ():
    def kinds(base):
        own = [below for below in base.__subclasses__() if below.__module__ == base.__module__]
        return [base.kind, *(kind for below in own for kind in kinds(below))]

    found = kinds(AudioError)
    assert len(found) == len(set(found)) >= 6


def test_an_outcome_gives_its_result_or_raises_its_error():
    assert Outcome(result=7).unwrap() == 7
    error = TranscriptError("x")
    with pytest.raises(TranscriptError) as raised:
        Outcome(error=error).unwrap()
    assert raised.value is error


def test_what_comes_early_waits_for_its_turn():
    coming = iter([(1, "b"), (0, "a"), (2, "c"), (4, "e"), (3, "d")])
    found = in_order(coming)
    assert next(found) == "a"
    assert next(coming) == (2, "c")
    assert list(in_order(iter([(2, "c"), (1, "b"), (0, "a")]))) == ["a", "b", "c"]
