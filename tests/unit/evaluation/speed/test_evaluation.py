from contextlib import nullcontext

import numpy as np
import pytest
import soundfile

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.models.protocol import Work
from speech_toolkit.evaluation.speed import evaluation as performance
from speech_toolkit.evaluation.speed import on_device as measuring
from speech_toolkit.evaluation.speed.evaluation import PerformanceRequest, measure_performance
from speech_toolkit.evaluation.speed.on_device import measure_target
from speech_toolkit.evaluation.speed.table import performance_lines
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.processes.runner import Outcome


class FakeDevice:
    name = "cpu"

    def synchronize(self):
        pass

    empty_cache = reset_peak_memory = synchronize

    def errors(self, doing):
        return nullcontext()

    def facts(self):
        return {"device": "cpu"}

    def memory(self):
        from speech_toolkit.device import MemoryUse

        return MemoryUse(1, 2, 3, 4)


class FakeEngine:
    """Answers with labels at once and remembers what it was asked."""

    load_s = 1.5

    def __init__(self, settings=None, output=(1, 2, 3), tokens=None, no_evidence=None):
        self.facts = {"class": "Fake"}
        self.device = FakeDevice()
        self.calls = []
        self.output = output
        self.tokens = tokens
        self.no_evidence = no_evidence

    def run(self, waveform, batch_size, *, exact):
        self.calls.append((len(waveform.samples), batch_size, exact))
        return Work({"tokens": 0.25}, self.output, 1, 3, self.tokens, self.no_evidence)


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.npy"
    np.save(path, np.linspace(-1, 1, 32_000, dtype=np.float32))
    return str(path)


def measured(samples, monkeypatch, engine, **how):
    monkeypatch.setattr(measuring, "load_model", lambda settings: engine)
    payload = {
        "model": {"model_path": "m", "device": "cpu", "dtype": "float32"},
        "samples": samples,
        "cases": [[0.5, 1], [0.5, 4]],
        "warmup": 2,
        "runs": 3,
    }
    report, arrays = measure_target(payload | how)
    assert arrays == {}
    return report


def test_every_case_is_run_as_often_as_asked(samples, monkeypatch):
    engine = FakeEngine()
    report = measured(samples, monkeypatch, engine)
    timed, staged = 2 + 3, 3
    one, four = (8_000, 1), (32_000, 4)
    assert engine.calls == [
        *[(*one, False)] * timed,
        *[(*one, True)] * staged,
        *[(*four, False)] * timed,
        *[(*four, True)] * staged,
    ]
    first, second = report["cases"]
    assert (first["audio_s"], second["audio_s"]) == (0.5, 2.0)
    assert first["input_sha256"] != second["input_sha256"]
    assert first["complete"]
    assert len(first["warmup_s"]) == 1
    assert len(first["runs_s"]) == 3
    mean_s = first["latency"]["mean_s"]
    assert first["rtf"] == pytest.approx(mean_s / 0.5)
    assert second["recordings_per_s"] == pytest.approx(4 / second["latency"]["mean_s"])
    assert first["memory"]["peak_allocated_bytes"] == 3
    assert first["memory"]["rss_bytes"] > 1e6
    assert (second["recordings"], second["batch_size"]) == (4, 4)
    assert (second["batch_size_used"], second["windows"]) == (1, 3)
    assert report["fallback_ops"] == []


def test_time_per_token(samples, monkeypatch):
    report = measured(samples, monkeypatch, FakeEngine(tokens=50))
    assert report["cases"][0]["seconds_per_token"] == pytest.approx(0.25 / 50)
    assert measured(samples, monkeypatch, FakeEngine())["cases"][0]["seconds_per_token"] is None


def test_each_run_is_saved_at_once(samples, monkeypatch):
    saved = []
    monkeypatch.setattr(measuring, "save_partial", lambda report: saved.append(str(report)))
    measured(samples, monkeypatch, FakeEngine(), cases=[[0.5, 1]])
    assert len(saved) == 1 + 3 + 1
    assert "'complete': False" in saved[1]
    assert "'complete': True" in saved[-1]


def outcome(
    label, output, status="ok", mean_s=0.2, complete=True, sha="a", runs=5, evidence=None, ops=()
):
    case = {
        "complete": complete,
        "duration_s": 5.0,
        "batch_size": 1,
        "input_sha256": sha,
        "runs_s": [mean_s * (1 + place / 100) for place in range(runs)],
        "no_evidence": evidence,
        "windows": 1,
        "batch_size_used": 1,
        "first_s": 0.5,
        "latency": {"mean_s": mean_s, "p50_s": mean_s, "p90_s": mean_s, "note": "few runs"},
        "rtf": mean_s / 5,
        "rtfx": 5 / mean_s,
        "tokens": None,
        "memory": {"peak_allocated_bytes": 1 << 20},
        "output": output,
    }
    message = None if status == "ok" else "died of SIGSEGV"
    environment = {"device": label}
    result = {"load_s": 1.0, "cases": [case], "fallback_ops": list(ops), "environment": environment}
    return Outcome(label, status, result, {}, message, 0, 3.0, ("last words",))


@pytest.fixture
def performed(monkeypatch):
    def run(*outcomes, before=None, **how):
        remaining = list(outcomes)
        asked = []

        def isolated(target, payload, **options):
            asked.append(payload["model"])
            return remaining.pop(0)

        monkeypatch.setattr(performance, "run_isolated", isolated)
        request = PerformanceRequest(
            **{
                "model_path": None,
                "family": "mms",
                "targets": (Target("cpu"), Target("npu:0"))[: len(outcomes)],
                "audio_path": None,
                "durations_s": (1.0,),
                "batch_sizes": (1,),
                "warmup": 0,
                "runs": 1,
                "seed": 0,
                "timeout_s": 9.0,
                "min_agreement": 0.95,
                **how,
            }
        )
        report = measure_performance(request, ["eval_perf.py"], Reporter(quiet=True), before)
        return report, asked

    return run


def test_one_bar_counts_the_runs_of_all_targets(performed, bars):
    died = outcome("npu:0", [1], status="crash")
    performed(outcome("cpu", [1]), died, runs=5, batch_sizes=(1, 2))
    assert [(bar.n, bar.total, bar.unit) for bar in bars] == [(20, 20, "run")]


def test_each_measured_run_is_told_of(samples, monkeypatch):
    told = []
    monkeypatch.setattr(measuring, "report_done", lambda: told.append(1))
    measured(samples, monkeypatch, FakeEngine())
    assert len(told) == 2 * 3


def test_speed_up_over_the_reference(performed):
    same = [1] * 100
    report, asked = performed(outcome("cpu", same, mean_s=0.8), outcome("npu:0", same, mean_s=0.2))
    (speed_up,) = report["speed_ups"]
    assert speed_up["speed_up"] == pytest.approx(4)
    assert (speed_up["agreement"], speed_up["withheld"]) == (1.0, None)
    assert speed_up["interval"]["low"] < 4 < speed_up["interval"]["high"]
    assert report["not_valid"] == []
    assert [settings["dtype"] for settings in asked] == ["float32", "float32"]
    assert "output" not in report["targets"][0]["cases"][0]
    lines = "\n".join(performance_lines(report | {"comparison": None}))
    assert "4.00x (3.8" in lines
    assert "few runs" in lines


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (outcome("npu:0", [1] * 94 + [2] * 6), "agree in 94.00% only"),
        (outcome("npu:0", [1] * 99), "agree in 0.00% only"),
        (outcome("npu:0", [1] * 100, sha="b"), "different samples"),
        (outcome("npu:0", [1] * 100, complete=False), "not measured to the end"),
        (outcome("npu:0", [1] * 100), "leave 0.97 to 1.03 times as fast possible"),
        (outcome("npu:0", [1] * 100, mean_s=0.1, runs=3), "5 and 3 runs are too few"),
        (
            outcome("npu:0", [1] * 100, mean_s=0.1, ops=["aten::gelu"]),
            "on the CPU instead of the card: aten::",
        ),
        (outcome("npu:0", [1] * 100, mean_s=0.1, evidence="no speech"), "no speech"),
    ],
)
def test_speed_up_withheld(performed, candidate, said):
    report, _ = performed(outcome("cpu", [1] * 100), candidate)
    (speed_up,) = report["speed_ups"]
    assert speed_up["speed_up"] is None
    assert said in speed_up["withheld"]


def test_silence_proves_nothing(performed):
    silent = [
        outcome(label, [], mean_s=mean_s, evidence="no speech was found in it")
        for label, mean_s in (("cpu", 0.2), ("npu:0", 0.1))
    ]
    report, _ = performed(*silent)
    assert report["not_valid"] == [
        "cpu float32, 5 s x 1: no speech was found in it",
        "npu:0 float32, 5 s x 1: no speech was found in it",
    ]
    assert report["speed_ups"][0]["speed_up"] is None


def test_a_device_against_itself_shows_repeatability_only(performed):
    twice = (Target("cpu"), Target("cpu", "float32"))
    report, _ = performed(outcome("cpu", [1]), outcome("cpu", [1], mean_s=0.1), targets=twice)
    assert "repeatability only" in report["not_valid"][0]
    assert "repeatability only" in report["speed_ups"][0]["withheld"]


def test_what_is_known_before_the_measurement(performed, monkeypatch):
    known = []
    monkeypatch.setattr(performance, "device_facts", lambda device, precision: {"device": device})

    def refuse(draft):
        known.append(draft)
        raise UsageError("not comparable")

    with pytest.raises(UsageError, match="not comparable"):
        performed(before=refuse, batch_sizes=(1, 2), targets=(Target("cpu"),))
    (target,) = known[0]["targets"]
    assert target["environment"] == {"device": "cpu"}
    assert [case["batch_size"] for case in target["cases"]] == [1, 2]
    assert len(known[0]["model"]["weights_sha256"]) == 64
    assert known[0]["config"]["warmup"] == 0


def test_a_failed_device_keeps_what_it_measured(performed):
    report, _ = performed(outcome("cpu", [1]), outcome("npu:0", [1], status="crash"))
    failed = report["targets"][1]
    assert (failed["status"], failed["message"]) == ("crash", "died of SIGSEGV")
    assert failed["log_tail"] == ["last words"]
    assert report["not_valid"] == ["npu:0 float32 was not measured to the end: died of SIGSEGV"]
    assert len(failed["cases"]) == 1
    assert "crash: died of SIGSEGV" in "\n".join(performance_lines(report | {"comparison": None}))


def test_length_of_a_file_is_the_default_duration(performed, wav):
    report, _ = performed(outcome("cpu", [1]), audio_path=str(wav), durations_s=())
    assert report["config"]["durations_s"] == [pytest.approx(soundfile.info(wav).duration)]
    assert report["input"] == {"source": str(wav), "sample_rate_hz": 16_000, "seed": None}
