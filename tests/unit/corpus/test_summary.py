import json
from math import log

import jsonschema
import pytest

from speech_toolkit.alignment.quality.quality import Reason
from speech_toolkit.bundled import SCHEMAS
from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome, ItemQuality
from speech_toolkit.corpus.shard import WHOLE_CORPUS, Shard
from speech_toolkit.corpus.summary import summarize, write_summary
from speech_toolkit.errors import UsageError
from tests.unit.corpus.stand_in import SETTINGS, items_in, record_audio, work

SCHEMA = json.loads((SCHEMAS / "corpus.schema.json").read_text(encoding="utf-8"))


def write(folder, *outcomes, shard=WHOLE_CORPUS):
    with open_journal(folder, SETTINGS, shard) as journal:
        for outcome in outcomes:
            journal.append(outcome)


def done(name, probability, **fields):
    score = None if probability is None else log(probability)
    measured = {"audio_s": 1800.0, "load_s": 1.0, "run_s": 90.0, "device": "cpu"} | fields
    return ItemOutcome(name, "0", outputs=(f"{name}.json",), mean_score=score, **measured)


def failed(name, kind="missing"):
    return ItemOutcome(name, "0", error=ItemError(kind, f"{name} is not good"))


def test_a_corpus_is_summed_up(tmp_path):
    names = [f"bad{number}" for number in range(5)]
    write(
        tmp_path,
        done("a", 0.95),
        done("b", 0.05),
        done("c", 0.55, device="npu:1"),
        done("silent", None, run_s=None),
        failed("first", "not audio"),
        *map(failed, names),
    )
    summary = write_summary(tmp_path, ["a", "b", "c", "silent", "first", *names, "later"])
    assert json.loads((tmp_path / "corpus.json").read_text("utf-8")) == summary
    jsonschema.validate(summary, SCHEMA)
    assert "4 of 11 recordings are done" in (tmp_path / "corpus.html").read_text("utf-8")
    assert summary["items"] == {"total": 11, "done": 4, "failed": 6, "left": 1}
    assert (summary["audio_h"], summary["load_s"], summary["run_s"]) == (2.0, 4.0, 270.0)
    assert summary["rtf"] == 270 / 7200
    assert summary["devices"] == {"cpu": 3, "npu:1": 1}
    assert [(each["kind"], each["items"]) for each in summary["failures"]] == [
        ("missing", 5),
        ("not audio", 1),
    ]
    assert [each["id"] for each in summary["failures"][0]["examples"]] == names[:3]
    assert summary["scores"]["items_by_probability"] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert summary["scores"]["median"] == log(0.55)
    assert [each["id"] for each in summary["worst"]] == ["b", "c", "a"]


def judged(name, verdict, confidence):
    reasons = () if verdict == "good" else (Reason("not_spoken", f"{name} was not spoken"),)
    return done(name, 0.5, quality=ItemQuality(verdict, confidence, reasons))


def test_verdicts_are_counted_and_what_is_not_good_is_listed_the_worst_first(tmp_path):
    outcomes = (
        judged("fine", "good", 0.96),
        judged("unsure", "check", 0.9),
        judged("odd", "check", 0.3),
        judged("wrong", "wrong_transcript", 0.35),
        done("of an earlier version", 0.5),
    )
    write(tmp_path, *outcomes)
    summary = summarize(tmp_path)
    jsonschema.validate(summary, SCHEMA)
    assert summary["quality"] == {
        "verdicts": {"good": 1, "check": 2, "wrong_transcript": 1},
        "not_judged": 1,
        "median_confidence": 0.35,
    }
    assert [each["id"] for each in summary["to_check"]] == ["wrong", "odd", "unsure"]
    assert summary["to_check"][0] == {
        "id": "wrong",
        "verdict": "wrong_transcript",
        "confidence": 0.35,
        "reasons": [{"kind": "not_spoken", "text": "wrong was not spoken"}],
        "audio_s": 1800.0,
        "outputs": ["wrong.json"],
    }


def test_a_corpus_that_nobody_judged_has_no_verdicts(tmp_path):
    write(tmp_path, done("heard", 0.9))
    summary = summarize(tmp_path)
    jsonschema.validate(summary, SCHEMA)
    assert (summary["quality"], summary["to_check"]) == (None, [])


def test_the_worst_fifty_are_listed_and_percentiles_are_values_that_occur(tmp_path):
    write(tmp_path, *(done(f"i{n}", n / 100) for n in range(100, 0, -1)))
    summary = summarize(tmp_path)
    assert [each["id"] for each in summary["worst"]] == [f"i{n}" for n in range(1, 51)]
    scores = summary["scores"]
    found = [scores[name] for name in ("min", "p5", "p25", "median", "p75", "p95", "max")]
    assert found == [log(n / 100) for n in (1, 5, 25, 50, 75, 95, 100)]
    assert sum(scores["items_by_probability"]) == 100


def test_the_last_line_of_an_item_counts(tmp_path):
    write(tmp_path, failed("a", "device"), done("a", 0.5))
    assert summarize(tmp_path)["items"] == {"total": 1, "done": 1, "failed": 0, "left": 0}


def test_journals_of_shards_are_taken_together(tmp_path):
    record_audio(tmp_path, 20)
    items = items_in(tmp_path, 20)
    work(items, tmp_path / "whole")
    for number in (2, 1, 3):
        work(items, tmp_path / "shards", shard=Shard(number, 3))
        write_summary(tmp_path / "shards")
    whole = write_summary(tmp_path / "whole", [item.id for item in items])
    shards = json.loads((tmp_path / "shards" / "corpus.json").read_text("utf-8"))
    examples = [[each.pop("examples") for each in s["failures"]] for s in (whole, shards)]
    assert whole == shards
    assert [len(each) for each in examples[0]] == [len(each) for each in examples[1]]


@pytest.mark.parametrize("outcomes", [[], [failed("a")]])
def test_a_corpus_of_which_nothing_is_done_has_a_summary(tmp_path, outcomes):
    write(tmp_path, *outcomes)
    summary = summarize(tmp_path)
    jsonschema.validate(summary, SCHEMA)
    assert (summary["rtf"], summary["scores"], summary["worst"]) == (None, None, [])


def test_a_directory_without_journal_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="holds no journal"):
            summarize(folder)
    with pytest.raises(UsageError, match="none"):
        write_summary(tmp_path / "none")


def test_a_summary_changes_nothing_for_the_next_run(tmp_path):
    record_audio(tmp_path, 4)
    items = items_in(tmp_path, 4)
    work(items, tmp_path / "out")
    write_summary(tmp_path / "out")
    assert work(items, tmp_path / "out") == []
