import json
from dataclasses import replace

import jsonschema
import pytest
import soundfile

from speech_toolkit.bundled import CHECKOUT as REPOSITORY
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.hashes import file_hash
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import CheckpointError, ToolkitError, UsageError
from speech_toolkit.evaluation.accuracy import device_runs
from speech_toolkit.evaluation.accuracy.evaluation import (
    AccuracyRequest,
    case_directory,
    evaluate_accuracy,
)
from speech_toolkit.evaluation.accuracy.table import accuracy_lines
from speech_toolkit.evaluation.targets import Target, parse_targets
from speech_toolkit.processes.runner import Outcome

SCHEMA = json.loads((REPOSITORY / "results/schemas/accuracy.schema.json").read_text("utf-8"))
CPU_AND_NPU = parse_targets("cpu,npu")
WHISPER = str(bundled_model("tiny-whisper"))


def hear_truth(case, payload):
    return {
        "text": case["text"],
        "truth": case["text"],
        "choices": [1, 2],
        "margins": [0.5, 0.25],
        "spelling": ["a", "b"],
        "windows": [[1, 2] * 40],
        "leads": [5.01] * 80,
        "drawn": [False],
    }


NOTICED = {
    "module": "encoder.layers.1",
    "zero_noticed_by": [],
    "smallest_noticed": 0.1,
    "noticed_by": ["lead_shift"],
    "largest_missed": 0.03,
}


class Devices:
    """Stands in for isolated runs: what each device makes of a case, by its name."""

    def __init__(self, missing=(), fails_control=False, **hear):
        self.missing = missing
        self.fails_control = fails_control
        self.hear = hear
        self.payloads = []

    def __call__(self, target, payload, *, label, timeout_s, progress, bar):
        self.payloads.append(payload)
        if target.endswith("hear_faults"):
            return self.control(label)
        hear = self.hear.get(payload["model"]["device"], hear_truth)
        status, message, heard = "ok", None, []
        if payload["model"]["device"] in self.missing:
            return Outcome(label, "error", None, {}, "no such device", 2, 0.5, ())
        for case in payload["cases"] if payload["hears"] else ():
            try:
                heard.append(hear(case, payload))
            except TimeoutError as error:
                status, message = "timed_out", str(error)
                break
        result = {"heard": heard} | {
            key: {name: [[lead] * 80 for _ in payload["given"][name]] for name in payload[names]}
            for key, names, lead in (("exact", "given", 5.0), ("rounded", "roundings", 5.02))
        }
        return Outcome(label, status, result, {}, message, 0, 1.25, ())

    def control(self, label):
        if self.fails_control:
            return Outcome(label, "crash", None, {}, "died of SIGSEGV", -11, 0.5, ())
        return Outcome(label, "ok", NOTICED, {}, None, 0, 0.5, ())


def garble(case, payload):
    return hear_truth(case, payload) | {"text": "something else entirely"}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return a function that evaluates with stand-ins and checks the report's form."""

    def evaluate(devices, directory=tmp_path, **changes):
        monkeypatch.setattr(device_runs, "run_isolated", devices)
        settings = {
            "model_path": None,
            "family": "whisper",
            "targets": CPU_AND_NPU,
            "num_test_cases": 20,
            "source": "samples",
        }
        request = AccuracyRequest(**(settings | changes))
        report = evaluate_accuracy(request, directory, ["x"], Reporter(quiet=True))
        jsonschema.validate(report, SCHEMA)
        report["lines"] = "\n".join(accuracy_lines(report))
        return report

    return evaluate


class NamedDevices(Devices):
    """Stand-ins that tell on which device they found themselves."""

    def __call__(self, target, payload, **how):
        outcome = super().__call__(target, payload, **how)
        facts = {"device": payload["model"]["device"], "device_name": "x", "torch": "2", "env": {}}
        return replace(outcome, result=outcome.result | {"environment": facts})


def test_a_device_against_itself_shows_repeatability_only(run):
    report = run(NamedDevices(), targets=parse_targets("cpu,cpu:float32"))
    assert report["verdict"] == "NOT VALID"
    assert "repeatability only" in report["lines"]


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("devices", "hearings"),
    [
        ("cpu,npu", 2 + 4),
        ("cpu:bfloat16,npu,npu:1", 3 + 1 + 2 * 4),  # and the CPU in float32, which decides of ties
    ],
)
def test_one_bar_counts_the_cases_of_all_devices(run, bars, devices, hearings):
    run(Devices(missing={"npu:1"}), targets=parse_targets(devices))
    assert [(bar.n, bar.total, bar.unit) for bar in bars] == [(20 * hearings,) * 2 + ("case",)]


def test_devices_that_agree_pass(run):
    devices = Devices()
    report = run(devices)
    assert report["verdict"] == "PASS"
    assert [target["label"] for target in report["targets"]] == ["cpu float32", "npu float16"]
    assert [payload["model"]["device"] for payload in devices.payloads] == ["npu", "cpu", "npu"]
    candidate, reference, control = devices.payloads
    assert reference["given"] == {"npu float16": [([1, 2] * 40,)] * 20}
    assert reference["roundings"] == {"npu float16": "float16"}
    assert candidate["model"]["batch_size"] is None, "what ships is what is judged"
    assert len(control["evidence"]["exact"]) == 20
    assert report["comparisons"][0]["text"]["wer_interval"]["high"] > 0
    assert {row["condition"] for row in report["comparisons"][0]["text"]["conditions"]} == {
        *("speed", "noise", "length", "level", "voice")
    }
    assert "[RESULT] PASS" in report["lines"]
    assert "noise of 0.1 times the output of encoder.layers.1 would have been" in report["lines"]
    assert "  length short " in report["lines"]


def test_reference_that_is_no_exact_cpu_leaves_the_rounding_to_one(run):
    devices = Devices()
    report = run(devices, targets=parse_targets("cuda:float16,npu:float16"))
    assert report["verdict"] == "PASS"
    _, reference, exact, _ = devices.payloads
    assert (reference["model"]["device"], reference["roundings"]) == ("cuda", {})
    assert (exact["model"]["device"], exact["model"]["dtype"], exact["hears"]) == (
        "cpu",
        "float32",
        False,
    )


def test_control_that_crashed_is_no_pass(run):
    report = run(Devices(fails_control=True))
    assert report["verdict"] == "NOT VALID"
    assert "negative control: died of SIGSEGV" in report["reasons"][0]
    assert "NO  negative control: died of SIGSEGV" in report["lines"]


def test_killed_reference_says_nothing_of_the_candidate(run):
    def die(case, payload):
        raise TimeoutError("killed by the host")

    report = run(Devices(cpu=die))
    assert report["verdict"] == "NOT VALID"
    assert "20 of 20 cases failed on the reference" in report["reasons"][0]


def test_one_wrong_word_decides_nothing_and_is_shown(run):
    def mishear(case, payload):
        heard = hear_truth(case, payload)
        if case is payload["cases"][0]:
            words = heard["text"].split()
            heard |= {"text": " ".join(["zebra", *words[1:]]), "choices": [1, 3]}
            heard |= {"margins": [0.5, 0.125], "spelling": ["a", "zebra"]}
        return heard

    report = run(Devices(npu=mishear))
    assert report["verdict"] == "PASS"
    assert "NO  exact_match_rate" in report["lines"]
    first = report["cases"]["list"][0]["comparisons"]["npu float16"]
    assert first["divergence"]["index"] == 1
    assert first["divergence"]["candidate"] == {"id": 3, "text": "zebra", "margin": 0.125}
    assert "differs from token 1 on: 'b' (lead 0.25) / 'zebra' (lead 0.125)" in report["lines"]


def test_table_has_a_row_per_condition_with_few_values(run, tmp_path):
    def recording(index):
        path = tmp_path / f"{index}.wav"
        soundfile.write(path, [0.0] * 800, 16_000)
        text = f"A cat sat on the mat and saw a {'hat' if index else 'bat'}."
        conditions = {"street": "quiet" if index % 2 else "loud", "speaker": str(index)}
        return json.dumps({"audio": path.name, "text": text, "conditions": conditions})

    def mishear(case, payload):
        return hear_truth(case, payload) | {"text": case["text"].replace("bat", "hat")}

    manifest = tmp_path / "mine.jsonl"
    manifest.write_text("\n".join(map(recording, range(6))))
    report = run(Devices(npu=mishear), manifest=str(manifest))
    rows = [line.split() for line in report["lines"].splitlines()]
    assert ["street", "loud", "3.33%", "0.00%", "3.33%"] in rows
    assert ["street", "quiet", "0.00%", "0.00%", "0.00%"] in rows
    assert "speaker" not in report["lines"]


def test_time_out_of_one_device_keeps_what_both_heard(run):
    def tire(case, payload):
        if case is payload["cases"][2]:
            raise TimeoutError("timed out after 5 s")
        return hear_truth(case, payload)

    report = run(Devices(npu=tire))
    assert report["verdict"] == "NOT VALID"
    assert report["reasons"][0] == (
        "npu float16: 18 of 20 cases failed on this device, case_03 first: timed out after 5 s"
    )
    npu = report["targets"][1]
    assert (npu["status"], npu["message"]) == ("timed_out", "timed out after 5 s")
    assert npu["against_truth"]["cases"] == 2
    assert report["targets"][0]["against_truth"]["cases"] == 20
    results = report["cases"]["list"][3]["results"]
    assert results["cpu float32"]["text"]
    assert results["npu float16"]["error"] == "timed out after 5 s"
    assert "timed_out: timed out after 5 s" in report["lines"]


def test_missing_card_is_wrong_usage_before_anything_else_ran(run):
    devices = Devices(missing=("npu",))
    with pytest.raises(ToolkitError, match="npu float16: no such device"):
        run(devices)
    assert [payload["model"]["device"] for payload in devices.payloads] == ["npu"]


def test_missing_device_loses_nothing_of_those_that_ran(run):
    report = run(Devices(missing=("cuda",)), targets=parse_targets("cpu,npu,cuda"))
    assert [target["status"] for target in report["targets"]] == ["ok", "ok", "error"]
    assert [each["verdict"] for each in report["comparisons"]] == ["PASS", "NOT VALID"]


def test_every_candidate_is_judged_and_the_worst_counts(run):
    report = run(Devices(npu=garble), targets=parse_targets("cpu,cpu:bfloat16,npu"))
    assert [each["verdict"] for each in report["comparisons"]] == ["PASS", "FAIL"]
    assert report["verdict"] == "FAIL"
    assert all(reason.startswith("npu float16: ") for reason in report["reasons"])


def test_too_few_words_are_not_valid(run):
    report = run(Devices(), min_words=10_000)
    assert report["verdict"] == "NOT VALID"
    assert report["comparisons"][0]["negative_control"] is None


def test_criteria_can_be_changed(run):
    def lose_marks(case, payload):
        return hear_truth(case, payload) | {"text": case["text"].replace(".", "")}

    assert run(Devices(npu=lose_marks))["verdict"] == "PASS"
    changed = run(Devices(npu=lose_marks), thresholds=("exact_match_rate=0.99",))
    assert changed["verdict"] == "FAIL", "a published criterion that the user sets decides"
    strict = run(Devices(npu=lose_marks), thresholds=("lead_shift=0.1",))
    assert strict["reasons"][0].startswith("npu float16: lead_shift is 0.5 (0.5 to 0.5), surely")


def test_cases_are_files_while_the_report_is_made(run, tmp_path):
    report = run(Devices())
    for case in report["cases"]["list"]:
        assert file_hash(case["audio_path"]) == case["audio_sha256"]
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [f"case_{index:02}.wav" for index in range(1, 21)]


def test_case_directory_stays_only_where_it_was_asked_for(tmp_path):
    with case_directory(str(tmp_path / "new" / "kept")) as kept:
        pass
    with case_directory(None) as lost:
        assert lost.is_dir()
    assert kept.is_dir()
    assert not lost.exists()
    with pytest.raises(UsageError, match="--keep_audio /dev/null/x: cannot be made"):
        case_directory("/dev/null/x").__enter__()


def test_spellings_of_the_checkpoint_are_used(run, tmp_path):
    def americanise(case, payload):
        return hear_truth(case, payload) | {"text": case["text"].replace("grey", "gray")}

    path = tmp_path / "grey.wav"
    soundfile.write(path, [0.0] * 800, 16_000)
    manifest = tmp_path / "mine.jsonl"
    manifest.write_text(json.dumps({"audio": path.name, "text": "A grey cat."}))
    report = run(Devices(npu=americanise), manifest=str(manifest))
    assert report["comparisons"][0]["text"]["wer"] == 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"targets": (Target("cpu"),)}, "--devices cpu float32: a comparison needs two"),
        ({"thresholds": ("boundary_shift_ms=3",)}, "mean_wer, mean_cer, exact_match_rate"),
        ({"language": "de"}, "--language de: .* in English; give your own with --manifest"),
        ({"manifest": "gone.jsonl"}, "gone.jsonl"),
    ],
)
def test_wrong_usage(run, changes, complaint):
    with pytest.raises(UsageError, match=complaint):
        run(Devices(), **changes)


def test_wrong_checkpoint(run, tmp_path):
    with pytest.raises(CheckpointError, match="no such directory"):
        run(Devices(), model_path=str(tmp_path / "gone"))
