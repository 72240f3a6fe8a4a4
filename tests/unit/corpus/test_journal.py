import errno
import json
import os
import subprocess
import sys

import jsonschema
import pytest

from speech_toolkit.alignment.quality.quality import Reason
from speech_toolkit.bundled import SCHEMAS
from speech_toolkit.corpus.digests import item_digest
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal import journals_in, open_journal
from speech_toolkit.corpus.journal_lines import read_journal
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome, ItemQuality
from speech_toolkit.corpus.shard import Shard
from speech_toolkit.errors import DiskFullError, UsageError

SETTINGS = {"model": "m", "alignment": {"star": "none", "window_s": 30.0}, "formats": ["json"]}
SCHEMA = json.loads((SCHEMAS / "journal.schema.json").read_text(encoding="utf-8"))


def outcome_of(journal, item, **fields):
    return ItemOutcome(item.id, item_digest(item, journal.digest_of_settings), **fields)


@pytest.fixture
def item(tmp_path):
    audio = tmp_path / "ü.wav"
    audio.write_bytes(b"sound")
    return Item("a/ü", str(audio), text="你好")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_what_was_done_is_done_in_the_next_run(out, item):
    with open_journal(out, SETTINGS) as journal:
        assert journal.recorded(item) is None
        outcome = outcome_of(journal, item, outputs=("a/ü.json",), audio_s=1.5, device="cpu")
        journal.append(outcome)
    with open_journal(out, SETTINGS) as journal:
        assert journal.recorded(item) is None, "its file is gone"
        (out / "a").mkdir()
        (out / "a" / "ü.json").write_text("{}")
        assert journal.recorded(item) == outcome
    with open_journal(out, SETTINGS, resume=False) as journal:
        assert journal.outcomes == {}
    assert len((out / "journal.jsonl").read_text().splitlines()) == 1


def test_lines_hold_against_the_published_schema(out, item):
    with open_journal(out, SETTINGS, Shard(2, 3)) as journal:
        journal.append(outcome_of(journal, item, outputs=("a.json",), audio_s=1.5, run_s=0.1))
        journal.append(outcome_of(journal, item, error=ItemError("missing", "no\ud800 file")))
        quality = ItemQuality("check", 0.5, (Reason("cut_off", "ends early"),))
        journal.append(outcome_of(journal, item, quality=quality))
    lines = [json.loads(line) for line in journal.path.read_text("utf-8").splitlines()]
    assert len(lines) == 4
    for line in lines:
        jsonschema.validate(line, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(lines[1] | {"status": "perhaps"}, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: {"text": "other"},
        lambda path: {"language": "deu"},
        lambda path: {"start_s": 1.0},
        lambda path: {"end_s": 2.0},
        lambda path: {"audio_path": str(path / "none.wav")},
        lambda path: os.utime(path / "ü.wav", ns=(1, 1)) or {},
        lambda path: (path / "ü.wav").write_bytes(b"more sound") and {},
        lambda path: (path / "ü.wav").unlink() or {},
    ],
)
def test_an_item_that_changed_is_done_again(out, item, tmp_path, change):
    with open_journal(out, SETTINGS) as journal:
        journal.append(outcome_of(journal, item))
        assert journal.recorded(item)
        fields = {name: getattr(item, name) for name in Item.__slots__}
        changed = Item(**fields | change(tmp_path))
        assert journal.recorded(changed) is None
        digest = item_digest(changed, journal.digest_of_settings)
        assert journal.attempts(changed.id, digest) == 0


def test_what_may_have_passed_is_tried_again_and_counted(out, item):
    with open_journal(out, SETTINGS) as journal:
        journal.append(outcome_of(journal, item, error=ItemError("out of memory", "x"), attempt=2))
    with open_journal(out, SETTINGS) as journal:
        digest = item_digest(item, journal.digest_of_settings)
        assert (journal.recorded(item), journal.attempts(item.id, digest)) == (None, 2)
        assert journal.attempts(item.id, "of another input") == 0
        journal.append(outcome_of(journal, item, error=ItemError("not audio", "x"), attempt=3))
        assert journal.recorded(item).attempt == 3


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"model": "n"}, 'model "m" -> "n"'),
        ({"alignment": {"star": "edges", "window_s": 30.0}}, 'alignment.star "none" -> "edges"'),
        ({"alignment": None}, 'alignment {"star": "none", "window_s": 30.0} -> null'),
        ({"batch": 2}, "batch (not given) -> 2"),
        ({"refine": True}, "refine false -> true"),
        ({"markup": "strip"}, 'markup "auto" -> "strip"'),
        ({"formats": ["json", "srt"]}, 'formats ["json"] -> ["json", "srt"]'),
    ],
)
def test_other_settings_are_an_error_that_names_them(out, now, said):
    lines_of(out, 1, lambda journal, number: ItemOutcome("a", "0"))
    before = (out / "journal.jsonl").read_bytes()
    with pytest.raises(UsageError) as caught, open_journal(out, SETTINGS | now):
        pass
    assert f"({said})" in str(caught.value)
    assert (out / "journal.jsonl").read_bytes() == before
    with open_journal(out, dict(reversed(SETTINGS.items()))):
        pass


def test_settings_with_which_nothing_was_done_bind_nobody(out):
    with open_journal(out, SETTINGS | {"model": "that cannot be loaded"}):
        pass
    with open_journal(out, SETTINGS):
        pass
    assert read_journal(out / "journal.jsonl").settings == SETTINGS


def test_a_journal_of_an_earlier_version_without_verdicts_is_gone_on_with(out, item):
    with open_journal(out, SETTINGS) as journal:
        journal.append(outcome_of(journal, item))
    lines = [json.loads(line) for line in journal.path.read_text("utf-8").splitlines()]
    del lines[1]["quality"]
    journal.path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    jsonschema.validate(lines[1], SCHEMA)
    judged = ItemQuality("good", 0.9)
    with open_journal(out, SETTINGS) as journal:
        assert journal.recorded(item).quality is None
        journal.append(ItemOutcome("b", "0", quality=judged))
    assert read_journal(journal.path).outcomes["b"].quality == judged


@pytest.mark.parametrize("quality", [[], {"verdict": "good"}, {"verdict": 1}, "good"])
def test_odd_verdicts_are_damage(out, item, quality):
    with open_journal(out, SETTINGS) as journal:
        journal.append(outcome_of(journal, item))
    first, line = journal.path.read_text("utf-8").splitlines()
    odd = json.dumps(json.loads(line) | {"quality": quality})
    journal.path.write_text(f"{first}\n{odd}\n", "utf-8")
    with pytest.raises(UsageError, match="journal.jsonl:2: .*restore it"):
        read_journal(journal.path)


def test_a_damaged_journal_is_no_hindrance_where_all_is_done_again(out):
    lines_of(out, 1, lambda journal, number: ItemOutcome("a", "0"))
    (out / "journal.jsonl").write_bytes(b"damaged\n")
    with open_journal(out, SETTINGS, resume=False) as journal:
        assert journal.outcomes == {}
    assert read_journal(out / "journal.jsonl").settings == SETTINGS


def test_shards_of_one_directory_keep_to_the_same_settings(out):
    with open_journal(out, SETTINGS, Shard(1, 2)):
        pass
    with (
        pytest.raises(UsageError, match="journal-1-of-2.jsonl.*model"),
        open_journal(out, SETTINGS | {"model": "n"}, Shard(2, 2)),
    ):
        pass


def lines_of(directory, count, outcome_for):
    with open_journal(directory, SETTINGS) as journal:
        for number in range(count):
            journal.append(outcome_for(journal, number))
    return (directory / "journal.jsonl").read_bytes()


def test_a_journal_cut_at_any_byte_keeps_all_whole_lines_and_goes_on(tmp_path):
    def outcome_for(journal, number):
        failed = ItemError("missing", "不存在") if number % 2 else None
        return ItemOutcome(f"ü{number}", "0", error=failed, audio_s=None if failed else 1.0)

    whole = lines_of(tmp_path / "whole", 4, outcome_for)
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    path = tmp_path / "cut" / "journal.jsonl"
    path.parent.mkdir()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = max(0, sum(end <= cut for end in ends) - 1)
        with open_journal(path.parent, SETTINGS) as journal:
            assert list(journal.outcomes) == [f"ü{number}" for number in range(kept)]
            for number in range(kept, 4):
                journal.append(outcome_for(journal, number))
        assert path.read_bytes() == whole, f"cut at byte {cut}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "cannot be read as JSON"),
        (b"[]", "no line of a journal"),
        (b'{"id": "a"}', "'status' is missing"),
        (b"\xff", "cannot be read as JSON"),
    ],
)
def test_a_whole_line_that_is_none_of_ours_is_named(out, line, said):
    whole = lines_of(out, 1, lambda journal, number: ItemOutcome("a", "0"))
    (out / "journal.jsonl").write_bytes(whole + line + b"\n" + whole.splitlines()[1] + b"\n")
    with pytest.raises(UsageError) as caught, open_journal(out, SETTINGS):
        pass
    assert "journal.jsonl:3: " in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["audio_s", "outputs", "error", "odd"])
def test_a_value_of_a_wrong_type_is_named(out, key):
    whole = lines_of(out, 1, lambda journal, number: ItemOutcome("a", "0"))
    line = json.loads(whole.splitlines()[1]) | {key: "text"}
    (out / "journal.jsonl").write_bytes(whole + json.dumps(line).encode() + b"\n")
    with pytest.raises(UsageError, match=f":3: '{key}' is 'text'"):
        read_journal(out / "journal.jsonl")


def test_a_full_disk_leaves_no_part_of_a_line(out, item, monkeypatch):
    def write_some(descriptor, data):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(descriptor, data[:20])

    with open_journal(out, SETTINGS) as journal:
        before = journal.path.read_bytes()
        written = os.write
        monkeypatch.setattr(os, "write", write_some)
        with pytest.raises(DiskFullError, match="No space left"):
            journal.append(outcome_of(journal, item))
        assert journal.path.read_bytes() == before
        assert item.id not in journal.outcomes
        monkeypatch.undo()
        journal.append(outcome_of(journal, item))
    assert list(read_journal(journal.path).outcomes) == [item.id]


def test_an_error_of_the_run_is_none_of_the_journal(out):
    with pytest.raises(OSError, match="^mine$"), open_journal(out, SETTINGS):
        raise OSError("mine")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Shard(), Shard()),
        (Shard(), Shard(1, 2)),
        (Shard(1, 2), Shard()),
        (Shard(1, 2), Shard(1, 2)),
        (Shard(1, 2), Shard(2, 3)),
    ],
)
def test_two_runs_that_share_items_are_refused(out, first, second):
    with open_journal(out, SETTINGS, first):
        with pytest.raises(UsageError, match="another|begun"), open_journal(out, SETTINGS, second):
            pass
        held = first.journal_name
    if first == second:
        with open_journal(out, SETTINGS, second):
            assert [path.name for path in journals_in(out)] == [held]


def test_shards_work_beside_each_other(out):
    with open_journal(out, SETTINGS, Shard(1, 2)), open_journal(out, SETTINGS, Shard(2, 2)):
        assert [p.name for p in journals_in(out)] == [Shard(n, 2).journal_name for n in (1, 2)]


def test_the_lock_falls_with_its_process(out):
    code = (
        "import os, signal, sys\n"
        "from speech_toolkit.corpus.journal import open_journal\n"
        "with open_journal(sys.argv[1], {}):\n"
        "    print('locked', flush=True)\n"
        "    signal.pause()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "locked\n"
        with pytest.raises(UsageError, match="another run"), open_journal(out, {}):
            pass
        child.kill()
    with open_journal(out, {}):
        pass


def test_where_files_cannot_be_locked_the_user_is_told(out, monkeypatch):
    def refuse(descriptor, kind):
        raise OSError(errno.ENOLCK, "No locks available")

    class Told:
        def __init__(self):
            self.warnings = []

        def warning(self, text):
            self.warnings.append(text)

    told = Told()
    monkeypatch.setattr("fcntl.flock", refuse)
    with open_journal(out, SETTINGS, progress=told):
        assert "cannot be locked there (No locks available)" in told.warnings[0]


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match="file.*cannot be written"),
        open_journal(tmp_path / "file" / "out", {}),
    ):
        pass
