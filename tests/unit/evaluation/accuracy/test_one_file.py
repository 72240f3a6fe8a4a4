import json

import jsonschema
import pytest

from speech_toolkit.bundled import CHECKOUT as REPOSITORY
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.accuracy import one_file as compare
from speech_toolkit.evaluation.accuracy import one_file_on_device
from speech_toolkit.evaluation.accuracy.one_file import compare_devices
from speech_toolkit.evaluation.accuracy.one_file_table import compare_lines
from speech_toolkit.processes.runner import Outcome
from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.settings import TranscriptionSettings

SCHEMA = json.loads((REPOSITORY / "results" / "schemas" / "compare.schema.json").read_text())
SPOKEN = "the cat sat on the mat"


def heard(
    text, device="cpu", dtype="float32", tokens=(5, 6, 7), transcribe_s=2.0, shift=1.0, against=0
):
    """Return how one side ends that heard ``text``.

    Args:
        shift: how far the leads of a candidate are off, in times of rounding.
        against: how many of its choices the reference has decided against.
    """
    exact = [-5.0] * against + [5.0] * (20 - against)
    result = {
        "device": device,
        "dtype": f"torch.{dtype}",
        "language": "en",
        "text": text,
        "segments": [],
        "audio_duration_s": 4.0,
        "coverage": {},
        "windows": 1,
        "model_load_s": 1.0,
        "transcribe_s": transcribe_s,
        "rtf": transcribe_s / 4,
        "stage_times_s": {},
        "stage_times_are": "launch",
        "memory": {},
        "settings": {},
        "environment": {"device": device, "device_name": "x", "torch": "2", "env": {}},
        "warnings": [],
    }
    sides = {
        "text": text,
        "choices": list(tokens),
        "margins": [0.5] * len(tokens),
        "spelling": [f" {token}" for token in tokens],
        "windows": [list(range(20))],
        "leads": [lead + 0.01 * shift for lead in exact],
        "drawn": [False],
    }
    answers = {
        "exact": exact,
        "rounded": [lead - 0.01 for lead in exact],
        "sensitivity": {"module": "encoder.layers.1", "smallest_noticed": 0.1,
                        "noticed_by": ["lead_shift"], "largest_missed": 0.03},
    }  # fmt: skip
    return Outcome(
        device,
        "ok",
        {"heard": sides, "result": result, "readings": ["of the candidate"], "answers": answers},
        {}, None, 0, 3.0, (),
    )  # fmt: skip


def failed(status, message="died of SIGSEGV"):
    return Outcome("npu:0", status, None, {}, message, -11, 3.0, ("last words",))


@pytest.fixture
def run(monkeypatch, wav):
    """Return a function that compares two outcomes; the candidate's process comes first."""

    def compare_outcomes(reference, candidate, truth=None, **settings):
        asked, questions = [], []
        remaining = [candidate, reference]

        def isolated(target, payload, **how):
            asked.append(WhisperRequest.from_payload(payload["request"]))
            questions.append(payload["questions"])
            return remaining.pop(0)

        def prepare(name):
            assert len(asked) == 2, "the children would meet what this process set"

        monkeypatch.setattr(compare, "run_isolated", isolated)
        monkeypatch.setattr(compare, "prepare_environment", prepare)
        request = WhisperRequest(
            None, str(wav), device="npu:0", settings=TranscriptionSettings(**settings)
        )
        report, code = compare_devices(request, truth, Reporter(quiet=True))
        jsonschema.validate(json.loads(json.dumps(report)), SCHEMA)
        return report, code, asked, "\n".join(compare_lines(report))

    return compare_outcomes


def test_same_text_passes(run):
    report, code, asked, shown = run(
        heard(SPOKEN), heard(SPOKEN, "npu:0", "float16", (5, 6, 7), 0.5)
    )
    assert (report["verdict"], report["reason"], code) == ("PASS", None, 0)
    assert [each["verdict"] for each in report["criteria"]] == ["PASS"] * 3
    assert report["first_difference"] is None
    assert "first run after loading" in shown  # with graphs to capture: no speed
    assert "speed" not in shown
    assert not report["same_device"]
    assert "[VERDICT] PASS" in shown
    candidate, reference = asked
    assert (candidate.device, candidate.dtype) == ("npu:0", None)
    assert (reference.device, reference.dtype) == ("cpu", "float32")
    assert candidate.settings.temperatures == (0.0,)
    assert candidate.settings.record_margins


def test_other_text_against_a_decided_reference_fails_and_says_where(run):
    other = heard("the cat sat on the hat", "npu:0", "float16", (5, 9, 7))
    report, code, _, shown = run(heard(SPOKEN, against=1), other)
    assert (report["verdict"], code) == ("FAIL", 1)
    assert report["text"]["wer"] == pytest.approx(1 / 6)
    difference = report["first_difference"]
    assert difference["index"] == 1
    assert (difference["reference"]["id"], difference["candidate"]["id"]) == (6, 9)
    assert difference["reference"]["margin"] == 0.5
    assert "1 of 20 choices are against a lead of over 0.09 nats on the reference, no ties" in shown
    assert "first differing token: number 1" in shown


def test_operators_on_the_cpu_fail_a_device_that_hears_the_same(run):
    candidate = heard(SPOKEN, "npu:0", "float16")
    candidate.result["fallback_ops"] = ["aten::gelu"]
    report, code, _, shown = run(heard(SPOKEN), candidate)
    assert (report["verdict"], code) == ("FAIL", 1)
    assert report["candidate"]["fallback_ops"] == ["aten::gelu"]
    assert "operators ran on the CPU instead of the card: aten::gelu" in shown


def test_one_side_that_ends_early(run):
    report, *_, shown = run(heard(SPOKEN), heard("the cat sat", tokens=(5, 6)))
    assert report["first_difference"]["candidate"] == {"id": None, "text": "", "margin": None}
    assert "candidate nothing more" in shown


def test_near_tie_in_the_letter_case_is_shown_and_decides_nothing(run):
    report, code, *_ = run(heard(SPOKEN), heard(SPOKEN.upper(), "npu:0"))
    assert code == 0
    assert [each["verdict"] for each in report["criteria"]] == ["PASS", "PASS", "FAIL"]


def test_fault_that_leaves_the_text_as_it_is_fails(run):
    report, code, _, shown = run(heard(SPOKEN), heard(SPOKEN, "npu:0", "float16", shift=-8.0))
    assert (report["verdict"], code) == ("FAIL", 1)
    assert [each["verdict"] for each in report["criteria"]] == ["PASS"] * 3
    assert report["reason"].startswith("lead_shift is 8 (8 to 8), surely not below 3")
    assert "lead_shift" in shown


def test_fault_that_nothing_would_notice_makes_the_evidence_void(run):
    blind = heard(SPOKEN)
    blind.result["answers"]["sensitivity"] |= {"smallest_noticed": None, "largest_missed": 0.3}
    report, code, *_ = run(blind, heard(SPOKEN, "npu:0"))
    assert (report["verdict"], code) == ("NOT VALID", 4)
    assert "noise of 30% in encoder.layers.1 would not be noticed" in report["reason"]


@pytest.mark.parametrize(
    ("reference", "candidate", "against", "code"),
    [
        ("", "", 0, 4),
        ("...", "", 0, 4),
        ("yes it is", "yes it is", 0, 4),
        ("", "you", 1, 1),
        ("yes", "", 1, 1),
    ],
)
def test_too_little_evidence(run, reference, candidate, against, code):
    report, actual, *_ = run(heard(reference, against=against), heard(candidate, "npu:0"))
    assert actual == code
    assert report["verdict"] == {4: "NOT VALID", 1: "FAIL"}[code]


def test_no_window_with_speech_is_no_evidence(run):
    silent = heard("")
    silent.result["answers"] = None
    report, code, _, shown = run(silent, heard("", "npu:0"))
    assert (report["verdict"], report["lead_shift"], code) == ("NOT VALID", None, 4)
    assert "use audio with speech" in shown


@pytest.mark.parametrize("status", ["crash", "out_of_memory", "timed_out"])
def test_a_device_that_dies_shows_nothing_and_the_reference_is_kept(run, status):
    report, code, _, shown = run(heard(SPOKEN), failed(status))
    assert (report["verdict"], code) == ("NOT VALID", 4)
    assert report["reference"]["text"] == SPOKEN
    assert report["candidate"]["log_tail"] == ["last words"]
    assert "died of SIGSEGV" in report["reason"]
    assert SPOKEN in shown


def test_a_reference_that_dies_leaves_no_evidence(run):
    report, code, *_ = run(failed("out_of_memory"), heard(SPOKEN))
    assert (report["verdict"], code) == ("NOT VALID", 4)
    assert report["candidate"]["text"] == SPOKEN


def test_wrong_usage_ends_before_the_reference_is_run(run):
    with pytest.raises(ToolkitError, match="torch_npu is not installed") as error:
        run(None, failed("error", "torch_npu is not installed: ..."))
    assert error.value.exit_code == 2


def test_errors_of_both_against_what_is_spoken(run):
    heard_wrongly = "the cat sat on a mat"
    report, code, _, shown = run(heard(heard_wrongly), heard(heard_wrongly, "npu:0"), SPOKEN)
    assert code == 0
    for side in ("reference", "candidate"):
        assert report[side]["against_truth"]["wer"] == pytest.approx(1 / 6)
    assert "against what is spoken: WER 16.67%" in shown


def test_the_same_device_twice_proves_nothing(run):
    report, code, _, shown = run(heard(SPOKEN), heard(SPOKEN))
    assert report["same_device"]
    assert (report["verdict"], code) == ("NOT VALID", 4)
    assert "repeatability only" in shown


def test_fallback_temperatures_are_left_out(run):
    _, _, asked, _ = run(heard(SPOKEN), heard(SPOKEN), temperatures=(0.2, 0.4))
    assert [request.settings.temperatures for request in asked] == [(0.2,), (0.2,)]


def test_tokens_of_time_are_spelt_as_times():
    from types import SimpleNamespace

    transcriber = SimpleNamespace(
        checkpoint=SimpleNamespace(timestamp_begin_id=100, timestamp_step_s=0.02),
        decoder=SimpleNamespace(tokenizer=SimpleNamespace(decode=lambda ids: f"text {ids}")),
    )
    assert one_file_on_device._spell(99, transcriber) == "text [99]"
    assert one_file_on_device._spell(100, transcriber) == "<|0.00|>"
    assert one_file_on_device._spell(163, transcriber) == "<|1.26|>"
