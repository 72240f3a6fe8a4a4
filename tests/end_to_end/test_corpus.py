"""A corpus with bad items in it: all are done or explained, however often the run is ended."""

import json
import signal

import pytest

from tests.end_to_end.corpus_results import (
    KIND_OF_FAULT,
    assert_same,
    journal_of,
    kill_often,
    results_in,
)
from tests.end_to_end.support import REPOSITORY, run_many, run_script
from tests.end_to_end.test_interrupts import started, wait_for
from tools.make_corpus import MANIFEST, make_corpus

ITEMS, BAD, KILLS = 24, 8, 3
ON_CPU = ("--device", "cpu")


def command(folder, output, *more):
    return [
        "inference_mms.py",
        "--manifest",
        folder / MANIFEST,
        "--output_dir",
        output,
        "--format",
        "json,srt",
        *more,
    ]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a corpus, and what is wrong with its bad items."""
    folder = tmp_path_factory.mktemp("corpus")
    return folder, make_corpus(folder, ITEMS, BAD)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="module")
def finished(corpus, workplace):
    """Several runs in one process, by name."""
    folder, _ = corpus
    reserved = folder / "reserved.csv"
    reserved.write_text("id,audio,text\ncorpus,gone.wav,a\n")
    talks = ("inference_whisper.py", "--audio", REPOSITORY / "samples" / "recognition")
    commands = {
        "undisturbed": command(folder, "undisturbed", *ON_CPU),
        "again": command(folder, "undisturbed", *ON_CPU, "--export", "nemo", "--cut"),
        "other settings": command(folder, "undisturbed", *ON_CPU, "--star", "edges"),
        "first half": command(folder, "halves", *ON_CPU, "--shard", "1/2"),
        "second half": command(folder, "halves", *ON_CPU, "--shard", "2/2"),
        "export of halves": command(
            folder, "halves", *ON_CPU, "--shard", "2/2", "--export", "ljspeech"
        ),
        "reserved": ["inference_mms.py", "--manifest", reserved, "--output_dir", "reserved"],
        "batches": command(folder, "batches", *ON_CPU, "--batch_size", "4", "--lang", "zh"),
        "recognition": [*talks, "--output_dir", "talks", *ON_CPU],
    }
    listing = [(script, arguments) for script, *arguments in commands.values()]
    return dict(zip(commands, run_many(listing, cwd=workplace), strict=True))


def test_every_item_is_done_or_explained(corpus, finished, workplace):
    _, faults = corpus
    assert finished["undisturbed"].code == 3, finished["undisturbed"].stderr
    recorded = journal_of(workplace / "undisturbed")
    assert len(recorded) == ITEMS
    kinds = {name: line["error"]["kind"] for name, line in recorded.items() if line["error"]}
    assert kinds == {name: KIND_OF_FAULT[fault] for name, fault in faults.items()}
    for line in recorded.values():
        written = [(workplace / "undisturbed" / name).is_file() for name in line["outputs"]]
        assert written == [True, True] * (line["status"] == "done")
    summary = json.loads((workplace / "undisturbed" / "corpus.json").read_text())
    assert summary["items"] == {"total": ITEMS, "done": ITEMS - BAD, "failed": BAD, "left": 0}
    said = f"{ITEMS - BAD} of {ITEMS} recordings done, {BAD} failed, 0 left"
    assert said in finished["undisturbed"].stdout


def test_what_is_done_is_exported_and_not_done_again(finished, workplace):
    run = finished["again"]
    assert run.code == 3, run.stderr
    assert f"Recordings: {ITEMS}, {ITEMS} of them done before" in run.stdout
    assert "Model load" not in run.stdout
    exported = workplace / "undisturbed" / "export" / "nemo"
    assert len(list(exported.rglob("*.flac"))) >= ITEMS - BAD


def test_other_settings_are_named(finished):
    assert finished["other settings"].code == 2
    assert 'star "none" -> "edges"' in finished["other settings"].stderr


def test_halves_make_a_whole(finished, workplace):
    assert {finished[name].code for name in ("first half", "second half")} <= {0, 3}
    whole = {n: r for n, r in results_in(workplace / "undisturbed").items() if "export" not in n}
    halves = results_in(workplace / "halves")
    of_items = {n: r for n, r in halves.items() if "journal" not in n and "export" not in n}
    assert of_items == whole


def test_an_export_of_a_share_is_of_the_whole_corpus(finished, workplace):
    assert finished["export of halves"].code == 3
    folder = workplace / "halves" / "export" / "ljspeech"
    assert len((folder / "metadata.csv").read_text("utf-8").splitlines()) == ITEMS - BAD
    assert len(list((folder / "wavs").iterdir())) == ITEMS - BAD


def test_the_names_of_the_corpus_are_refused_before_the_run(finished, workplace):
    run = finished["reserved"]
    assert run.code == 2
    assert "corpus.json, its result, would be a file of the corpus itself" in run.stderr
    assert not (workplace / "reserved").exists()


def test_batches_change_nothing_but_the_rounding(finished, workplace):
    assert finished["batches"].code == 3, finished["batches"].stderr
    found, expected = (results_in(workplace / name) for name in ("batches", "undisturbed"))
    for name in found:
        if name.endswith(".json"):
            words, wanted = found[name]["words"], expected[name]["words"]
            assert [list(word.values())[:3] for word in words] == [
                list(word.values())[:3] for word in wanted
            ]
    page = (workplace / "batches" / "corpus.html").read_text(encoding="utf-8")
    assert '<html lang="zh' in page[:500]


def test_recognition_has_the_same_run(finished, workplace):
    assert finished["recognition"].code == 0, finished["recognition"].stderr
    recorded = journal_of(workplace / "talks")
    assert {line["status"] for line in recorded.values()} == {"done"}
    assert "talk" in recorded


def test_an_interrupted_run_says_where_it_is_and_goes_on(corpus, finished, workplace):
    folder, _ = corpus
    journal = workplace / "interrupted" / "journal.jsonl"
    with started(command(folder, "interrupted", *ON_CPU), workplace) as process:
        wait_for(lambda: journal.exists() and len(journal.read_bytes().splitlines()) > BAD)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert f"of {ITEMS} recordings done" in stdout
    assert run_script(*command(folder, "interrupted", *ON_CPU), cwd=workplace).code == 3
    assert_same(workplace / "interrupted", workplace / "undisturbed")


@pytest.mark.slow
def test_a_killed_run_ends_as_an_undisturbed_one(corpus, finished, workplace):
    folder, _ = corpus
    line = command(folder, "killed", *ON_CPU)
    kill_often(line, workplace / "killed", KILLS)
    last = run_script(*line, cwd=workplace)
    assert last.code == 3, last.stderr
    assert_same(workplace / "killed", workplace / "undisturbed")
