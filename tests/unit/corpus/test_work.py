import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.pipeline import Pipeline
from speech_toolkit.corpus.run import items_left, run_items
from speech_toolkit.corpus.work import AlignmentModel, TranscriptionModel
from speech_toolkit.transcription import Transcriber, TranscriptionSettings
from speech_toolkit.transcription.windows import recording

SAMPLES = Path(__file__).parents[3] / "samples"
TEXT = (SAMPLES / "demo.txt").read_text(encoding="utf-8")


def done_by(model):
    """Return what does items into a folder: outcomes by id, and the documents of those done."""
    pipeline = Pipeline(model, ResultForms(("json",)))

    def run(items, out):
        with open_journal(out, {}) as journal:
            outcomes = list(run_items(items_left(items, journal)[0], pipeline, journal))
        documents = {
            each.id: json.loads((out / f"{each.id}.json").read_text("utf-8"))
            for each in outcomes
            if each.ok
        }
        return {each.id: each for each in outcomes}, documents

    return run


@pytest.fixture(scope="module")
def align():
    return done_by(AlignmentModel(Aligner.load(device="cpu"), AlignmentSettings()))


@pytest.fixture(scope="module")
def transcribe():
    return done_by(TranscriptionModel(Transcriber.load(device="cpu"), TranscriptionSettings()))


def cut(path):
    path.write_bytes((SAMPLES / "demo.wav").read_bytes()[:40_000])


def silent(path):
    soundfile.write(path, np.zeros(32_000), 16_000)


@pytest.fixture
def items(tmp_path):
    def item(name, make, text=TEXT):
        path = tmp_path / f"{name}.wav"
        make(path)
        return Item(name, str(path), text, place=f"list.jsonl:{name}")

    def whole(path):
        shutil.copyfile(SAMPLES / "demo.wav", path)

    return [
        item("good", whole),
        item("missing", lambda path: None),
        item("not audio", lambda path: path.write_text("hello, I am a text")),
        item("truncated", cut),
        item("silent", silent),
        item("too short", lambda path: path.write_bytes(b"")),
        item("wrong text", whole, "🙂"),
        item("text too long for the audio", whole, TEXT * 50),
        item("none", whole, None),
        item("good, again", whole),
    ]


def test_each_bad_item_of_a_corpus_is_explained(align, items, tmp_path):
    outcomes, _ = align(items, tmp_path / "out")
    kinds = {name: each.error and each.error.kind for name, each in outcomes.items()}
    assert kinds == {item.id: item.id for item in items} | {
        "good": None,
        "good, again": None,
        "none": "wrong text",
    }
    assert outcomes["good"].mean_score == outcomes["good, again"].mean_score < 0
    assert outcomes["good"].load_s > 0
    assert "promises" in outcomes["truncated"].error.message
    assert all(each.is_final for each in outcomes.values())


@pytest.mark.parametrize("ahead_s", [120.0, 0.5])
def test_a_silent_recording_is_transcribed_as_silence(
    transcribe, items, tmp_path, monkeypatch, ahead_s
):
    """What is wrong may be found before a recording's turn, or while it is heard."""
    monkeypatch.setattr(recording, "_AHEAD_S", ahead_s)
    outcomes, documents = transcribe(items[:6], tmp_path / "out")
    kinds = [
        each.error and each.error.kind for each in map(outcomes.get, [i.id for i in items[:6]])
    ]
    assert kinds == [None, "missing", "not audio", "truncated", None, "too short"]
    assert documents["silent"]["text"] == ""
    assert documents["good"]["stage_times_s"]["decode_audio"] > 0


def test_times_of_an_item_choose_a_part_that_may_end_before_the_file(align, tmp_path):
    path = tmp_path / "long.wav"
    demo = load_audio(SAMPLES / "demo.wav")
    soundfile.write(path, np.concatenate([np.zeros(16_000), demo.samples, np.zeros(8_000)]), 16_000)
    item = Item("a", str(path), TEXT, start_s=1.0, end_s=1.0 + demo.duration_s)
    document = align([item], tmp_path / "out")[1]["a"]
    assert document["audio_duration"] == demo.duration_s
    assert document["words"][0]["start_time"] >= 1.0
