"""Small reports by hand, as the scripts write them: the shape is real, the figures are not.

The end-to-end tests hold pages of reports that the scripts made.
"""

import hashlib

from tests.unit.evaluation.pages.budget_figures import BUDGET

ENVIRONMENT = {
    "device": "cpu", "device_name": "AMD EPYC", "cpu_model": "AMD EPYC", "threads": 1,
    "total_memory_bytes": 25_000_000_000, "torch": "2.13.0+cpu", "hf32": None,
    "env": {"OMP_NUM_THREADS": {"value": "1", "set_by": "user"}},
}  # fmt: skip
CARD = ENVIRONMENT | {
    "device": "npu:0", "device_name": "Emulated Ascend910B2", "hf32": {"conv": True}
}  # fmt: skip
LATENCY = {
    "count": 3, "mean_s": 0.02, "std_s": 0.001, "min_s": 0.019, "p50_s": 0.02, "p90_s": 0.021,
    "p99_s": 0.021, "max_s": 0.022,
    "note": "3 runs; to be trusted, p90 needs 64 and p99 needs 662",
}  # fmt: skip
TIMING = {"first_s": 0.05, "warmup_s": [0.02], "runs_s": [0.019, 0.022, 0.02], "latency": LATENCY}
AUDIO = b"RIFF, but not much of it"
REFERENCE, CANDIDATE = "cpu float32", "npu:0 float16"


def head(kind):
    return {
        "schema_version": "1.0",
        "kind": kind,
        "toolkit": {"version": "0.1.0", "commit": "a" * 40, "dirty": False},
        "time_utc": "2026-01-02T03:04:05+00:00",
        "argv": ["script.py", "--runs", "3"],
        "config": {"runs": 3, "model_path": "models/tiny"},
        "versions": {"python": "3.11.7", "torch": "2.13.0+cpu", "torch_npu": None},
        "platform": {"os": "Linux", "machine": "x86_64", "cpu_count": 2},
    }


def model(family):
    return {"path": "models/tiny", "family": family, "weights_sha256": "b" * 64}


def run_figures(label, environment):
    return {
        "label": label, "device": label.split()[0], "dtype": label.split()[1], "status": "ok",
        "message": None, "elapsed_s": 3.0, "load_s": 1.5, "timing": TIMING, "repeat_error": 0.0,
        "runs_identical": True, "misplaced_tensors": [], "saturates": False,
        "memory": {"peak_allocated_bytes": 4 << 20}, "environment": environment,
        "fallback_ops": [],
    }  # fmt: skip


def failed_run(label, status="crash"):
    lost = dict.fromkeys(
        ("load_s", "timing", "repeat_error", "runs_identical", "misplaced_tensors", "saturates",
         "memory", "environment"),
    )  # fmt: skip
    return run_figures(label, None) | lost | {"status": status, "message": "killed by signal 11"}


def module(name, local, propagated, **other):
    row = {"module": name, "class": "Linear", "kind": "linear", "is_leaf": True, "rounding": {}}
    errors = {"local_error": local, "propagated_error": propagated, "explanation": None}
    return row | errors | other


def layer_figures():
    rows = [
        module("model.encoder.layers.0.fc1", 1e-6, 1e-6),
        module("model.encoder.layers.0.fc2", 0.0, 2e-6),
        module("model.encoder.layers.1.fc1", 3e-3, 3e-3),
        module("model.encoder.layers.1.fc2", None, None),
        module("lm_head", 1e-6, 4e-3),
    ]
    culprit = {
        "module": "model.encoder.layers.1.fc1", "module_class": "Linear", "local_error": 3e-3,
        "limit": 5e-5, "explanation": "as with an epsilon of 0.001",
    }  # fmt: skip
    broken = culprit | {
        "module": "model.encoder.layers.1.fc2", "local_error": None, "explanation": None
    }  # fmt: skip
    return {
        "detail": "all", "expected": 6, "modules": rows, "missing": ["model.proj"],
        "declared_rounding": {},
        "culprits": [culprit, broken],
    }  # fmt: skip


def output_figures():
    return {
        "elements": 1000, "reference_rms": 6.2, "relative_error": 0.02, "max_abs_error": 0.35,
        "mean_abs_error": 0.02, "share_within_1pct": 0.95, "share_within_01pct": 0.2,
        "cosine": 0.999, "error_balance": 0.01, "max_error_index": [3, 1],
        "histogram": {"edges": [1e-3, 1e-2, 1e-1], "counts": [100, 200, 600, 90, 10]},
        "reference_non_finite": 0, "non_finite_differ": 0, "first_non_finite_index": None,
        "snr_db": 34.0,
    }  # fmt: skip


def distributions():
    flip = {"row": 3, "reference": 1, "candidate": 2, "reference_margin": 0.02,
            "candidate_margin": 0.01}  # fmt: skip
    return {
        "rows": 100, "mean_kl": 1e-4, "max_kl": 1e-3, "argmax_agreement": 0.99,
        "decided_agreement": 1.0, "flips": [flip], "max_flip_margin": 0.02,
    }  # fmt: skip


def check(name, value, sense, limit, passed, **other):
    verdict = {"verdict": "PASS" if passed else "FAIL"} if "output" in other else {"passed": passed}
    bound = {"sense": sense, "limit": limit, "reason": "set on the command line"}
    return {"name": name, "value": value, **bound, **other, **verdict}


def candidate_figures():
    golden = {"reference_error": 4e-7, "candidate_error": 0.02, "ratio": 41.0, "floor": 5e-4,
              "limit": 2e-3, "passed": False}  # fmt: skip
    moved = {"text": "lighthouse", "reference_s": [0.1, 0.5], "candidate_s": [0.12, 0.5]}
    return run_figures(CANDIDATE, CARD) | {
        "verdict": "FAIL",
        "reasons": ["relative_error of logits is 0.02, must be below 0.01 (set on the command "
                    "line)"],
        "limits_of": "float16",
        "sensitivity": {
            "module": "model.encoder.layers.1.self_attn", "smallest_noticed": 0.01,
            "noticed_by": ["culprits"], "largest_missed": 0.003,
        },
        "checks": [
            check("relative_error", 0.02, "below", 0.01, False, output="logits"),
            check("cosine", 0.999, "above", 0.99, True, output="logits"),
            check("boundary_shift_ms", None, "at most", 20.0, False, output="words"),
        ],
        "outputs": {"encoder": output_figures(),
                    "logits": output_figures() | {"distributions": distributions()}},
        "task": {"words": 12, "median_ms": 0.0, "p95_ms": 20.0, "max_ms": 20.0,
                 "share_moved": 0.1, "moved": [moved]},
        "layers": layer_figures(),
        "golden": {"logits": golden},
        "emulated": {"hf32 in convolution": {"relative_error": 0.01, "explained_share": 0.8}},
        "budget": BUDGET,
        "limit_set": "tight",
        "published": {"verdict": "PASS", "checks": []},
        "fallback_ops": ["aten::cumsum"],
        "saturates": True,
        "speedup": None,
        "speedup_interval": None,
        "speedup_withheld": "parity failed",
    }  # fmt: skip


def evaluation_report():
    return head("evaluation") | {
        "verdict": "FAIL",
        "reasons": [],
        "model": model("mms"),
        "input": {"audio_path": "samples/demo.wav", "audio_sha256": "c" * 64, "audio_s": 4.8,
                  "sample_rate_hz": 16000},
        "warnings": ["talk.wav: the first 30 s of 95.0 s are compared (--max_audio_s)"],
        "reference": run_figures(REFERENCE, ENVIRONMENT),
        "noise_floor": {"threads": 1, "relative_error_by_threads": {"2": {"logits": 3e-7}}},
        "beside": {},
        "candidates": [candidate_figures()],
    }  # fmt: skip


def token_task():
    parting = {"index": 2, "reference_token": 7, "candidate_token": None,
               "reference_margin": 0.5, "candidate_margin": None}  # fmt: skip
    return {"reference_text": "one two", "candidate_text": "one", "reference_tokens": [5, 6, 7],
            "candidate_tokens": [5, 6], "first_divergence": parting}  # fmt: skip


def corpus(**condition):
    interval = {"low": 0.0, "high": 0.1, "confidence": 0.95}
    return {
        "cases": 1, "empty_cases": 0, "words": 4, "word_errors": 1, "wer": 0.25,
        "wer_interval": interval, "characters": 20, "character_errors": 1, "cer": 0.05,
        "cer_interval": interval, "exact_match_rate": 0.0, **condition,
    }  # fmt: skip


def accuracy_report(audio_path="case_1.wav"):
    text = {"wer": 0.25, "cer": 0.05, "exact_match": False}
    condition = [corpus(condition="noise", value="20 dB pink")]
    truth = corpus(conditions=condition)
    target = {
        "label": REFERENCE, "device": "cpu", "dtype": "float32", "status": "ok", "message": None,
        "elapsed_s": 4.0, "environment": ENVIRONMENT, "model_load_s": 2.0, "against_truth": truth,
        "boundary_error": None,
    }  # fmt: skip
    divergence = {"index": 1, "reference": {"id": 1, "text": " boat", "margin": 0.5},
                  "candidate": {"id": None, "text": "", "margin": None}}  # fmt: skip
    case = {
        "name": "case_1", "audio_path": str(audio_path),
        "audio_sha256": hashlib.sha256(AUDIO).hexdigest(), "duration_s": 2.5,
        "text": "The boat left early.", "language": "en",
        "conditions": {"noise": "20 dB pink"},
        "results": {
            REFERENCE: {"text": "the boat left early", "error": None, "against_truth": text},
            CANDIDATE: {"text": "the goat left", "error": None, "against_truth": text},
        },
        "comparisons": {CANDIDATE: {"text": text, "divergence": divergence}},
    }  # fmt: skip
    comparison = {
        "reference": REFERENCE, "candidate": CANDIDATE, "verdict": "FAIL",
        "reasons": ["mean_wer is 0.25, not below 0.01 (published criterion: mean WER under 1 %)"],
        "figures": {"mean_wer": 0.25, "mean_cer": 0.05, "exact_match_rate": 0.0},
        "checks": [check("mean_wer", 0.25, "below", 0.01, False)],
        "evidence": [check("words", 60, "at least", 50, True)],
        "tests": [
            {"name": "lead_shift", "value": 8.0, "interval": {"low": 6.0, "high": 9.0,
             "confidence": 0.95}, "limit": 3.0, "reason": "set on the command line",
             "verdict": "FAIL", "cases_needed": None},
        ],
        "rounding": {"format": "float16", "choices": 80, "shift_nats": 0.005, "tie_nats": 0.045},
        "negative_control": {
            "module": "model.encoder.layers.2", "zero_noticed_by": [], "smallest_noticed": 0.1,
            "noticed_by": ["lead_shift"], "largest_missed": 0.03, "error": None,
        },
        "text": truth, "boundary_shift": None,
    }  # fmt: skip
    return head("accuracy") | {
        "family": "whisper", "model": model("whisper"), "verdict": "FAIL", "reasons": [],
        "targets": [
            target,
            target | {"label": CANDIDATE, "device": "npu:0", "dtype": "float16",
                      "environment": CARD},
        ],
        "comparisons": [comparison],
        "cases": {"source": "manifest cases.jsonl", "count": 1, "audio_s": 2.5, "list": [case]},
    }  # fmt: skip


def perf_case(duration_s):
    return TIMING | {
        "complete": True, "duration_s": duration_s, "batch_size": 1, "recordings": 1,
        "audio_s": duration_s, "no_evidence": None,
        "input_sha256": "d" * 64, "rtf": 0.004, "rtfx": 250.0, "recordings_per_s": 50.0,
        "stages": {
            "encoder": {"median_s": 0.01, "runs_s": [0.01]},
            "tokens": {"median_s": 0.02, "runs_s": [0.02]},
        },
        "batch_size_used": 1, "windows": 1, "tokens": 20, "seconds_per_token": 0.001,
        "memory": {"allocated_bytes": 1 << 20, "peak_allocated_bytes": 2 << 20,
                   "peak_reserved_bytes": None, "rss_bytes": 3 << 20},
        "output_sha256": "e" * 64, "warnings": ["the batch was halved"],
    }  # fmt: skip


def perf_report():
    target = {
        "label": REFERENCE, "device": "cpu", "dtype": "float32", "status": "ok", "message": None,
        "elapsed_s": 9.0, "log_tail": [], "load_s": 2.0,
        "model": {"class": "WhisperForConditionalGeneration"}, "environment": ENVIRONMENT,
        "memory_loaded": {"allocated_bytes": 1 << 20, "rss_bytes": 1 << 20}, "fallback_ops": [],
        "cases": [perf_case(5.0), perf_case(30.0)],
    }  # fmt: skip
    incomplete = {
        key: value for key, value in perf_case(5.0).items()
        if key not in ("stages", "memory", "tokens", "windows", "batch_size_used", "warnings")
    } | {"complete": False}  # fmt: skip
    slow = {
        "target": CANDIDATE, "reference": REFERENCE, "duration_s": 5.0, "batch_size": 1,
        "speed_up": None, "interval": None, "agreement": None,
        "withheld": "not measured to the end on both",
    }  # fmt: skip
    interval = {"low": 1.4, "high": 1.6, "confidence": 0.95}
    comparison = {
        "verdict": "FAIL", "differences_allowed": False, "improvements": [], "undecided": [],
        "old_time_utc": "2025-12-01T00:00:00+00:00", "old_commit": "f" * 40,
        "max_regression": 0.1, "differences": [], "not_compared": [],
        "regressions": [f"{REFERENCE}, 5 s x 1: 1.50 times as long (1.40 to 1.60)"],
        "cases": [{"target": REFERENCE, "duration_s": 5.0, "batch_size": 1, "old_p50_s": 0.01,
                   "new_p50_s": 0.015, "ratio": 1.5, "interval": interval, "outcome": "slower",
                   "same_input": True}],
    }  # fmt: skip
    return head("perf") | {
        "family": "whisper", "model": model("whisper"),
        "input": {"source": "bundled samples", "sample_rate_hz": 16000, "seed": 0},
        "load_average": 0.5,
        "percentile_method": "linear interpolation between order statistics",
        "targets": [
            target,
            target | {"label": CANDIDATE, "status": "timed_out", "message": "took over 60 s",
                      "log_tail": ["loading", "measuring"], "environment": CARD,
                      "cases": [incomplete]},
        ],
        "speed_ups": [slow], "not_valid": [],
        "comparison": comparison,
    }  # fmt: skip


def side(label, environment, text):
    return {
        "label": label, "status": "ok", "message": None, "elapsed_s": 5.0, "log_tail": [],
        "text": text, "model_load_s": 2.0, "transcribe_s": 1.0, "rtf": 0.2,
        "stage_times_s": {"encoder": 0.3, "tokens": 0.6}, "stage_times_are": "launch",
        "memory": {"peak_allocated_bytes": 3 << 20}, "environment": environment,
        "warnings": ["window 1 was cut"], "against_truth": {"wer": 0.25, "cer": 0.05},
    }  # fmt: skip


def compare_report():
    first_difference = {"index": 1, "reference": {"id": 7, "text": " boat", "margin": 0.5},
                        "candidate": {"id": 8, "text": " goat", "margin": 0.1}}  # fmt: skip
    return head("compare") | {
        "verdict": "FAIL", "reason": "out of limits: wer",
        "criteria": [check("wer", 0.25, "below", 0.01, False)],
        "lead_shift": {"name": "lead_shift", "value": 8.0, "interval": {"low": 6.0, "high": 9.0,
                       "confidence": 0.95}, "limit": 3.0, "reason": "set on the command line",
                       "verdict": "FAIL", "cases_needed": None},
        "decided_changes": 1,
        "rounding": {"format": "float16", "choices": 80, "shift_nats": 0.005, "tie_nats": 0.045},
        "sensitivity": {"module": "model.encoder.layers.2", "smallest_noticed": 0.1,
                        "noticed_by": ["lead_shift"], "largest_missed": 0.03},
        "text": {"wer": 0.25}, "first_difference": first_difference, "same_device": True,
        "reference": side(REFERENCE, ENVIRONMENT, "the boat left"),
        "candidate": side(CANDIDATE, CARD, "the goat left"),
        "model": {"path": "models/tiny", "weights_sha256": None},
        "audio": {"path": "case_1.wav", "sha256": hashlib.sha256(AUDIO).hexdigest()},
        "truth": "The boat left.",
    }  # fmt: skip


def benchmark_report():
    measured = perf_case(5.0)
    return head("benchmark") | {
        key: measured[key]
        for key in ("first_s", "warmup_s", "runs_s", "latency", "rtf", "rtfx", "stages", "tokens",
                    "seconds_per_token", "memory", "warnings", "windows")
    } | {
        "device": "npu:0", "dtype": "float16", "environment": CARD, "load_s": 2.0,
        "model": {"path": "models/tiny", "weights_sha256": "b" * 64},
        "audio": {"path": "case_1.wav", "sha256": "c" * 64, "duration_s": 5.0},
        "memory_loaded": measured["memory"], "text": "the boat left",
        "percentile_method": "linear interpolation between order statistics",
    }  # fmt: skip


REPORTS = {
    "evaluation": evaluation_report,
    "accuracy": accuracy_report,
    "perf": perf_report,
    "compare": compare_report,
    "benchmark": benchmark_report,
}
