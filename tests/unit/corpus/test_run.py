import os
import shutil
import signal

import pytest

from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.journal_lines import read_journal
from speech_toolkit.corpus.run import all_done, items_left, run_items
from speech_toolkit.corpus.shard import Shard
from speech_toolkit.errors import DeviceError, DiskFullError, NotAudioError, UsageError
from speech_toolkit.files import writing
from speech_toolkit.progress import LoggedProgress
from speech_toolkit.system import interrupts
from tests.unit.corpus.stand_in import (
    SETTINGS,
    align,
    items_in,
    one_by_one,
    outcomes_of,
    record_audio,
    work,
)
from tests.unit.corpus.test_killed_runs import tree

COUNT = 18


@pytest.fixture
def items(tmp_path):
    record_audio(tmp_path, COUNT)
    return items_in(tmp_path, COUNT)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_one_bad_item_stops_no_other(items, out):
    outcomes = work(items, out)
    assert [outcome.id for outcome in outcomes] == [item.id for item in items]
    kinds = {int(o.id.partition("ü")[2]): o.error.kind for o in outcomes if not o.ok}
    assert kinds == {4: "not audio", 13: "not audio", 7: "wrong text", 16: "wrong text"}
    assert outcomes[2].outputs == ("speaker2/ü2.json", "speaker2/ü2.txt")
    assert (out / "speaker2" / "ü2.txt").read_text("utf-8").startswith("你好 2你好 2")
    assert (outcomes[2].audio_s, outcomes[2].run_s, outcomes[2].attempt) == (15 / 16, 0.625, 1)


def test_what_is_done_is_not_done_again(items, out):
    calls = []

    def counted(item):
        calls.append(item.id)
        return align(item)

    work(items[:10], out)
    before = tree(out)
    assert work(items[:10], out, do=counted) == []
    assert tree(out) == before
    work(items, out, do=counted)
    assert calls == [item.id for item in items[10:]]
    (out / "speaker0" / "ü3.txt").unlink()
    assert [outcome.id for outcome in work(items, out)] == ["speaker0/ü3"]


def test_a_failure_of_the_device_or_of_ours_is_tried_again(items, out):
    errors = iter([DeviceError("card lost"), ZeroDivisionError("bug")])

    def failing(item):
        raise next(errors)

    (failed,) = work(items[:1], out, do=failing)
    assert (failed.error.kind, failed.attempt) == ("device", 1)
    (failed,) = work(items[:1], out, do=failing)
    assert (failed.error.kind, failed.attempt) == ("internal", 2)
    assert failed.error.message == "ZeroDivisionError: bug"
    (done,) = work(items[:1], out)
    assert (done.ok, done.attempt) == (True, 3)
    assert work(items[:1], out) == []


def test_a_result_that_no_longer_holds_is_removed(items, out, tmp_path):
    work(items[:1], out)
    (tmp_path / "0.wav").write_bytes(b"")

    def refuse(item):
        raise NotAudioError("is none")

    (failed,) = work(items[:1], out, do=refuse)
    assert failed.attempt == 1
    assert sorted(tree(out)) == [".journal.lock", "journal.jsonl"]


def test_results_that_are_not_made_again_are_removed_by_a_run_that_starts_over(items, out):
    def refuse(item):
        raise NotAudioError("is none")

    work(items[:2], out)
    with open_journal(out, SETTINGS | {"format": ["json"]}, resume=False) as journal:
        left, _ = items_left(items[:2], journal)
        only_json = one_by_one(align, lambda item, document: {f"{item.id}.json": "{}"})
        list(run_items(left[:1], only_json, journal))
        list(run_items(left[1:], one_by_one(refuse), journal))
    assert sorted(tree(out)) == [".journal.lock", "journal.jsonl", "speaker0/ü0.json"]


def test_a_file_that_cannot_be_written_is_the_failure_of_its_item(items, out):
    (out / "speaker0" / "ü0.txt").mkdir(parents=True)
    first, second = work(items[:2], out)
    assert (first.error.kind, second.ok) == ("settings", True)
    assert "ü0.txt: cannot be written" in first.error.message


def test_a_full_disk_stops_the_run_and_the_next_goes_on(items, out, monkeypatch):
    room = 5

    def fill(target, content, **options):
        nonlocal room
        if not room:
            raise OSError(28, os.strerror(28))
        room -= 1
        return replace(target, content, **options)

    replace = writing._replace
    monkeypatch.setattr(writing, "_replace", fill)
    with pytest.raises(DiskFullError, match="No space left on device; free some space"):
        work(items, out)
    assert list(read_journal(out / "journal.jsonl").outcomes) == [item.id for item in items[:2]]
    monkeypatch.undo()
    assert [outcome.id for outcome in work(items, out)] == [item.id for item in items[2:]]


def test_a_full_device_is_a_full_disk():
    with pytest.raises(DiskFullError, match="/dev/full: cannot be written"):
        writing.write_text("/dev/full", "x" * 100_000)


def test_shards_do_each_item_once_and_the_same(items, out, tmp_path):
    work(items, tmp_path / "whole")
    done = [outcome.id for n in (1, 2, 3) for outcome in work(items, out, shard=Shard(n, 3))]
    assert sorted(done) == sorted(item.id for item in items)
    results, whole = (
        {name: data for name, data in tree(folder).items() if "journal" not in name}
        for folder in (out, tmp_path / "whole")
    )
    assert results == whole


def test_an_item_that_was_never_tried_is_not_done(items, out):
    work(items[:3], out)
    with open_journal(out, SETTINGS) as journal:
        assert all_done(items[:3], journal)
        assert not all_done(items[:4], journal)
        assert not all_done(items[3:4], journal)


def test_of_a_shard_only_its_own_items_have_to_be_done(items, out):
    shard = Shard.parse("1/2")
    done = {outcome.id for outcome in work(items, out / "all") if outcome.ok}
    sound = [item for item in items if item.id in done]
    work(sound, out / "half", shard=shard)
    with open_journal(out / "half", SETTINGS, shard) as journal:
        assert len(journal.outcomes) < len(sound)
        assert all_done(sound, journal)


def test_an_interrupt_lets_the_item_in_work_end(items, out):
    def interrupted(item):
        if item == items[2]:
            signal.raise_signal(signal.SIGINT)
        return align(item)

    class Told(LoggedProgress):
        def info(self, text):
            told.append(text)

    seen, told = [], []
    with open_journal(out, SETTINGS) as journal, pytest.raises(KeyboardInterrupt):
        for outcome in outcomes_of(items, journal, interrupted, progress=Told()):
            seen.append(outcome)
    assert [line for line in told if "in work is being finished" in line] == told != []
    assert [outcome.id for outcome in seen] == [item.id for item in items[:3]]
    assert list(read_journal(out / "journal.jsonl").outcomes.values()) == seen


def test_a_second_interrupt_ends_the_run_at_once(items, out, monkeypatch):
    monkeypatch.setattr(interrupts, "_SAME_REQUEST_S", 0.0)

    def interrupted(item):
        if item == items[2]:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the item went on")
        return align(item)

    with pytest.raises(KeyboardInterrupt):
        work(items, out, do=interrupted)
    assert len(read_journal(out / "journal.jsonl").outcomes) == 2
    assert len(work(items, out)) == COUNT - 2


def test_each_failure_is_told(items, out):
    class Told(LoggedProgress):
        def warning(self, text):
            told.append(text)

    told = []
    with open_journal(out, SETTINGS) as journal:
        for _ in outcomes_of(items[:9], journal, progress=Told()):
            pass
    assert told[-1] == "list.jsonl:8: speaker1/ü7: holds nothing to align"
    assert len(told) == 2


def test_no_result_takes_the_name_of_the_summary(items, out):
    with open_journal(out, SETTINGS) as journal:
        outcomes = outcomes_of(items[:1], journal, render=lambda *_: {"corpus.json": "{}"})
        assert "corpus.json is a file of the corpus itself" in next(outcomes).error.message


def test_a_run_starts_over_where_its_folder_is_gone(items, out):
    work(items[:3], out)
    shutil.rmtree(out)
    assert len(work(items[:3], out)) == 3


def test_items_need_no_order(items, out):
    work(items, out)
    assert work(items[::-1], out) == []


def test_an_error_in_the_list_of_items_is_none_of_an_item(out):
    def broken():
        raise UsageError("list.jsonl:3: is odd")
        yield

    with pytest.raises(UsageError, match="is odd"):
        work(broken(), out)
