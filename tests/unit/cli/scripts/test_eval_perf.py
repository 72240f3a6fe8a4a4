import json

import pytest

from speech_toolkit.cli.scripts import eval_perf
from speech_toolkit.errors import DeviceError, UsageError


def case(p50_s, no_evidence=None):
    latency = {"mean_s": p50_s, "p50_s": p50_s, "p90_s": p50_s, "note": None}
    return {
        "complete": True,
        "duration_s": 30.0,
        "batch_size": 1,
        "runs_s": [p50_s * (1 + place / 1000) for place in range(-5, 6)],
        "no_evidence": no_evidence,
        "input_sha256": "a",
        "first_s": None,
        "latency": latency,
        "rtf": p50_s / 30,
        "rtfx": 30 / p50_s,
        "memory": {"peak_allocated_bytes": 1 << 20},
        "windows": 1,
        "batch_size_used": 1,
        "tokens": None,
    }


def target(label="cpu float32", p50_s=0.1, status="ok", cpu_model="EPYC"):
    device, dtype = label.split()
    ok = status == "ok"
    return {
        "label": label,
        "device": device,
        "dtype": dtype,
        "status": status,
        "message": None if ok else "died of SIGSEGV",
        "load_s": 1.0,
        "environment": {"device": device, "cpu_model": cpu_model},
        "model": {"class": "Wav2Vec2ForCTC"},
        "cases": [case(p50_s)] if ok else [],
    }


def report(*targets):
    return {
        "kind": "perf",
        "config": {},
        "platform": {"cpu_count": 2},
        "load_average": 0.0,
        "model": {"path": "m", "weights_sha256": "w"},
        "targets": list(targets),
        "speed_ups": [],
        "not_valid": [each["message"] for each in targets if each["message"]],
    }


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the script where measuring gives a certain report."""
    from speech_toolkit.evaluation import report
    from speech_toolkit.evaluation.speed import evaluation as performance

    def run_main(measured, *arguments, old=None, late=()):
        def measure(request, argv, reporter, before):
            if before is not None:
                before(measured)
            for key, value in late:
                measured["targets"][0]["model"][key] = value
            return measured

        monkeypatch.setattr(performance, "measure_performance", measure)
        monkeypatch.setattr(report, "read_report", lambda *how: old)
        monkeypatch.chdir(tmp_path)
        if old is not None:
            arguments = ("--compare", "old.json", *arguments)
        return eval_perf.main(["--devices", "cpu", "--quiet", *arguments])

    return run_main


def test_done(run, tmp_path):
    assert run(report(target())) == 0
    assert json.loads((tmp_path / "eval_perf_result.json").read_text())["comparison"] is None


@pytest.mark.parametrize("others", [(), (target(),)])
@pytest.mark.parametrize("status", ["crash", "device_failed", "out_of_memory", "timed_out"])
def test_a_device_that_failed_while_it_ran_is_not_valid(run, others, status, tmp_path):
    assert run(report(*others, target("npu:0 float32", status=status))) == 4
    assert (tmp_path / "eval_perf_result.json").is_file()


@pytest.mark.parametrize("others", [(), (target(),)])
def test_a_device_that_is_not_there_is_an_error_but_the_report_is_kept(run, others, tmp_path):
    with pytest.raises(DeviceError, match="npu:0 float32: died of SIGSEGV"):
        run(report(*others, target("npu:0 float32", status="error")))
    assert (tmp_path / "eval_perf_result.json").is_file()


@pytest.mark.parametrize(
    ("now_s", "arguments", "code"),
    [
        (0.109, (), 0),
        (0.112, (), 1),
        (0.112, ("--max_regression", "13%"), 0),
        (0.110, (), 4),
        (0.09, ("--max_regression", "0%"), 0),
    ],
)
def test_regression(run, now_s, arguments, code):
    assert run(report(target(p50_s=now_s)), *arguments, old=report(target())) == code


def test_regression_outweighs_a_failed_device(run):
    both = report(target(p50_s=1.0), target("npu:0 float32", status="crash"))
    assert run(both, old=report(target())) == 1


def test_other_machine_is_refused_unless_allowed(run):
    old = report(target(cpu_model="Xeon"))
    with pytest.raises(UsageError, match="--compare old.json: .* cpu_model Xeon then, EPYC now"):
        run(report(target()), old=old)
    assert run(report(target()), "--allow_different_machine", old=old) == 0
    assert run(report(target(p50_s=9.0)), "--allow_different_machine", old=old) == 1


def test_other_machine_is_refused_before_anything_is_measured(run, tmp_path):
    with pytest.raises(UsageError, match="not comparable"):
        run(report(target()), old=report(target(cpu_model="Xeon")))
    assert not (tmp_path / "eval_perf_result.json").exists()


def test_what_only_the_measurement_shows_is_refused_after_the_report_is_written(run, tmp_path):
    with pytest.raises(UsageError, match="class Wav2Vec2ForCTC then, Other now"):
        run(report(target()), old=report(target()), late=[("class", "Other")])
    assert (tmp_path / "eval_perf_result.json").exists()


def test_silence_is_not_valid(run, capsys):
    silent = report(target()) | {"not_valid": ["cpu float32, 30 s x 1: no speech was found in it"]}
    assert run(silent) == 4
    assert "not valid: cpu float32, 30 s x 1: no speech" in capsys.readouterr().err


def test_the_new_report_is_kept_whatever_the_old_one_does_to_the_comparison(
    run, tmp_path, monkeypatch
):
    from speech_toolkit.evaluation.speed import regression

    def compare(*reports, **options):
        raise ZeroDivisionError

    monkeypatch.setattr(regression, "compare_reports", compare)
    with pytest.raises(ZeroDivisionError):
        run(report(target()), old=report(target()))
    kept = json.loads((tmp_path / "eval_perf_result.json").read_text())
    assert kept["targets"][0]["cases"][0]["latency"]["p50_s"] == 0.1
    assert kept["comparison"] is None


def test_the_old_report_is_not_replaced_by_the_new_one(run, tmp_path):
    with pytest.raises(UsageError, match="--output old.json: is the same file as --compare"):
        run(report(target()), "--output", "old.json", old=report(target()))


def test_nothing_in_common(run):
    with pytest.raises(UsageError, match="no case in common"):
        run(report(target()), old=report(target("npu:0 float32")))


def test_durations_default_to_30_s_and_to_the_length_of_a_file():
    parser = eval_perf.build_parser()
    reporter = eval_perf.Reporter(quiet=True)

    def durations(*arguments):
        parsed = parser.parse_args(["--devices", "cpu", *arguments])
        return eval_perf._request(parsed, reporter).durations_s

    assert durations() == (30.0,)
    assert durations("--audio", "x.wav") == ()
    assert durations("--audio", "x.wav", "--duration", "5") == (5.0,)
    assert durations("--durations", "5,10,5") == (5.0, 10.0)
