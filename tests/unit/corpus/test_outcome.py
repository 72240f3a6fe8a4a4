import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.alignment.quality.quality import NotSpoken, Quality, Reason
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome, ItemQuality, figures
from speech_toolkit.errors import DeviceError, InfeasibleAlignmentError, MissingAudioError
from speech_toolkit.outcomes import outcome_of

SAMPLES = Path(__file__).parents[3] / "samples"


def in_file(content):
    def make(path):
        path.write_bytes(content)

    return make


def of_samples(count):
    return lambda path: soundfile.write(path, np.full(count, 0.1, np.float32), 16000, format="FLAC")


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("missing", lambda path: None),
        ("not audio", in_file(b"hello, I am a text")),
        ("not audio", in_file(b"PK\x03\x04" + bytes(range(200)))),
        ("not audio", in_file(bytes(range(128, 256)) * 9)),
        ("damaged", in_file(b"fLaC" + bytes(200))),
        ("too short", in_file(b"")),
        ("too short", of_samples(100)),
        ("unusable audio", lambda path: path.mkdir()),
    ],
)
def test_what_is_wrong_with_a_recording_has_its_kind(tmp_path, kind, make):
    path = tmp_path / "recording"
    make(path)
    outcome = outcome_of(lambda: load_audio(path))
    assert outcome.error_kind == kind
    assert ItemError.of(outcome.error).message == str(outcome.error)


def test_an_error_of_ours_that_nobody_foresaw_names_its_class():
    assert ItemError.of(KeyError("x\ny")) == ItemError("internal", "KeyError: 'x\\ny'")
    assert ItemError.of(ValueError("one\ntwo")).message == "ValueError: one"


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (MissingAudioError("x"), True),
        (InfeasibleAlignmentError("x"), True),
        (DeviceError("x"), False),
        (MemoryError(), False),
        (ZeroDivisionError(), False),
    ],
)
def test_only_what_the_input_is_to_blame_for_is_final(error, final):
    assert ItemOutcome("a", "0", error=ItemError.of(error)).is_final is final
    assert ItemOutcome("a", "0").is_final


@pytest.mark.parametrize(
    "outcome",
    [
        ItemOutcome("a/ü", "00", None, ("a/ü.json", "a/ü.srt"), 3.5, 0.1, 0.2, -0.25, "cpu", 2),
        ItemOutcome("b", "11", error=ItemError("missing", "there is no b")),
        ItemOutcome("c", "22", quality=ItemQuality("check", 0.5, (Reason("cut_off", "why"),))),
    ],
)
def test_an_outcome_comes_back_from_its_line(outcome):
    line = json.loads(json.dumps(outcome.to_dict()))
    assert line["status"] == ("done" if outcome.ok else "failed")
    assert ItemOutcome.from_dict(line) == outcome


def test_figures_of_an_alignment():
    document = {
        "transcript": "ab",
        "audio_duration": 2.0,
        "audio_load_time": 0.25,
        "infer_time": 0.5,
        "align_time": 0.125,
        "segments": [{"score": -0.5}, {"score": -1.5}, {"score": None}],
        "device": "cpu",
    }
    assert figures(document) == {
        "audio_s": 2.0,
        "load_s": 0.25,
        "run_s": 0.625,
        "mean_score": -1.0,
        "device": "cpu",
        "quality": None,
    }
    reasons = (Reason("not_spoken", "b was not spoken"),)
    quality = Quality("check", 0.5, reasons, (NotSpoken(0, 1, "b", 1, 2, 0.5, 1.0, 0.9),))
    judged = figures(document | {"quality": quality.to_dict()})
    assert judged["quality"] == ItemQuality("check", 0.5, reasons)


def test_figures_of_a_transcription_weigh_segments_by_their_tokens():
    document = {
        "audio_duration_s": 2.0,
        "stage_times_s": {"decode_audio": 0.25},
        "transcribe_s": 0.5,
        "segments": [{"avg_logprob": -1.0, "tokens": [1, 2, 3]}, {"avg_logprob": 0, "tokens": [4]}],
        "device": "npu:1",
    }
    assert figures(document)["mean_score"] == -0.75
    assert figures(document | {"segments": []})["mean_score"] is None
