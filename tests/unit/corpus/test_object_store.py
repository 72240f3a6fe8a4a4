"""Results in an object store: those of a directory, whatever ends the run."""

import json
import time

import fsspec
import pytest

from speech_toolkit.corpus import object_store as module
from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.lease import Lease
from speech_toolkit.corpus.object_store import ObjectStore, object_store
from speech_toolkit.corpus.run import items_left, run_items
from speech_toolkit.corpus.shard import WHOLE_CORPUS, Shard
from speech_toolkit.corpus.summary import write_summary
from speech_toolkit.corpus.written_ahead import WrittenAhead
from speech_toolkit.errors import StoreError, UsageError
from tests.unit.corpus.stand_in import SETTINGS, align, items_in, one_by_one, record_audio, work
from tests.unit.corpus.test_killed_runs import tree

COUNT = 18
URL = "memory://corpora/one"


@pytest.fixture
def items(tmp_path):
    record_audio(tmp_path, COUNT)
    return items_in(tmp_path, COUNT)


@pytest.fixture(autouse=True)
def memory():
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()


class Killed(BaseException):
    """Ends a run as SIGKILL does: nothing more is put."""


@pytest.fixture
def kill(monkeypatch):
    """Return what ends a run, with nothing put but what is shipped by then."""

    def kill():
        monkeypatch.setattr(module._Shipping, "end", lambda self: self._has_ended.set())
        monkeypatch.setattr(Lease, "give_back", lambda self: None)
        raise Killed

    return kill


def done_in(url, items, *, do=align, shard=WHOLE_CORPUS, resume=True, settings=SETTINGS):
    """Do a corpus, and return the outcomes of this run."""
    outcomes = []
    with (
        object_store(url, shard, resume=resume) as store,
        open_journal(store.directory, settings, shard, resume=resume, store=store) as journal,
    ):
        left, _ = items_left(items, journal)
        for outcome in run_items(left, WrittenAhead(one_by_one(do), store), journal):
            outcomes.append(outcome)
        store.refresh(shard.journal_name)
        write_summary(store.directory, [item.id for item in items], name="one")
    return outcomes


def objects(memory, prefix="/corpora/one/"):
    files = {path.removeprefix(prefix): memory.cat_file(path) for path in memory.find(prefix)}
    for name in ("corpus.json", "corpus.html"):
        files.pop(name, None)
    return files


def of_directory(folder):
    return {name: data for name, data in tree(folder).items() if name != ".journal.lock"}


def test_objects_are_the_files_of_a_directory(items, memory, tmp_path):
    work(items, tmp_path / "here")
    assert len(done_in(URL, items)) == COUNT
    assert json.loads(memory.cat_file("/corpora/one/corpus.json"))["items"]["total"] == COUNT
    assert objects(memory) == of_directory(tmp_path / "here")
    assert done_in(URL, items) == []
    assert objects(memory) == of_directory(tmp_path / "here")


def test_an_object_that_is_gone_is_made_again(items, memory):
    done_in(URL, items)
    memory.rm_file(f"/corpora/one/{items[0].id}.json")
    assert [outcome.id for outcome in done_in(URL, items)] == [items[0].id]


@pytest.mark.parametrize("moment", [1, 7, COUNT])
def test_a_killed_run_is_resumed_from_its_parts(items, memory, tmp_path, monkeypatch, kill, moment):
    monkeypatch.setattr(module, "_SHIPS_EVERY_S", 0.01)
    work(items, tmp_path / "here")
    tried = []

    def slowly(item):
        if len(tried) == moment - 1:
            time.sleep(0.1)  # so that what is done is shipped
            kill()
        tried.append(item)
        return align(item)

    with pytest.raises(Killed):
        done_in(URL, items, do=slowly)
    parts = [name for name in objects(memory) if name.startswith("journal.jsonl.parts/")]
    assert parts
    monkeypatch.undo()
    with pytest.raises(StoreError, match="another run"):
        done_in(URL, items)
    held_by(memory, "the one that died", time.time() - 1)
    assert len(done_in(URL, items)) >= COUNT - moment + 1
    assert objects(memory) == of_directory(tmp_path / "here")


def test_parts_that_were_put_together_count_once(memory, tmp_path):
    whole = b"one\ntwo\nthree\n"
    memory.pipe_file("/corpora/one/journal.jsonl", whole)
    for offset in (0, 4, 8):
        memory.pipe_file(f"/corpora/one/journal.jsonl.parts/{offset:015d}", whole[offset:][:4])
    store = ObjectStore(URL, tmp_path)
    store.load()
    assert (tmp_path / "journal.jsonl").read_bytes() == whole


def test_many_parts_are_put_together(items, memory, monkeypatch):
    monkeypatch.setattr(module, "_SHIPS_EVERY_S", 0.001)
    monkeypatch.setattr(module, "_MOST_PARTS", 2)
    most = []

    def slowly(item):
        time.sleep(0.02)
        most.append(sum("parts/" in name for name in objects(memory)))
        return align(item)

    done_in(URL, items, do=slowly)
    assert 0 < max(most) <= 2


def test_other_settings_are_refused_by_the_name_of_the_url(items):
    done_in(URL, items)
    with pytest.raises(UsageError, match=f"{URL}/journal.jsonl: was begun with other settings"):
        done_in(URL, items, settings={"model": "another"})
    assert len(done_in(URL, items, settings={"model": "another"}, resume=False)) == COUNT


def test_shards_share_a_url_and_its_summary(items, memory):
    shards = [Shard(1, 2), Shard(2, 2)]
    assert sum(len(done_in(URL, items, shard=shard)) for shard in shards) == COUNT
    summary = json.loads(memory.cat_file("/corpora/one/corpus.json"))
    assert summary["items"]["left"] == 0


def held_by(memory, run, until_s, shard=WHOLE_CORPUS):
    holder = {"run": run, "host": "elsewhere", "pid": 7, "until_s": until_s}
    name = f"/corpora/one/.{shard.journal_name}.lease"
    memory.pipe_file(name, json.dumps(holder).encode())


@pytest.mark.parametrize(
    ("holder", "own"),
    [(WHOLE_CORPUS, WHOLE_CORPUS), (WHOLE_CORPUS, Shard(1, 2)), (Shard(1, 2), WHOLE_CORPUS)],
)
def test_a_second_run_is_refused(items, memory, holder, own):
    held_by(memory, "other", time.time() + 50, holder)
    with pytest.raises(StoreError, match=r"another run \(process 7 on elsewhere\) writes there"):
        done_in(URL, items, shard=own)
    assert not any(name.endswith(".json") for name in objects(memory))


def test_a_run_of_another_shard_is_none(items, memory):
    held_by(memory, "other", time.time() + 50, Shard(1, 2))
    assert done_in(URL, items, shard=Shard(2, 2))


def test_a_lease_that_ran_out_counts_for_nothing(items, memory):
    held_by(memory, "other", time.time() - 1)
    assert len(done_in(URL, items)) == COUNT
    assert not memory.exists("/corpora/one/.journal.jsonl.lease")


def test_a_run_that_lost_its_lease_stops(items, memory, monkeypatch):
    monkeypatch.setattr(module, "_SHIPS_EVERY_S", 0.01)

    def align_and_lose(item):
        if item is items[3]:
            held_by(memory, "other", time.time() + 50)
            time.sleep(0.2)
        return align(item)

    with pytest.raises(StoreError, match="another run"):
        done_in(URL, items, do=align_and_lose)
    assert memory.exists("/corpora/one/.journal.jsonl.lease"), "it is the other's"


def test_a_store_that_fails_stops_the_run(items, monkeypatch):
    def refuse(self, path, content):
        if path.endswith(f"{items[5].id}.json"):
            raise PermissionError("access denied")
        return pipe(self, path, content)

    pipe = fsspec.get_filesystem_class("memory").pipe_file
    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "pipe_file", refuse)
    with pytest.raises(StoreError, match="access denied.*what is done stays done"):
        done_in(URL, items)
    monkeypatch.undo()
    assert 0 < len(done_in(URL, items)) < COUNT


def test_a_url_that_nothing_knows(items):
    with pytest.raises(UsageError, match="Protocol not known"):
        done_in("nosuch://a/b", items)
