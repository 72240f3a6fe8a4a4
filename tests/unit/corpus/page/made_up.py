"""The summary of a corpus of which most is done."""

from math import log


def summary(**changes):
    """Return it, with some of its keys changed."""
    worst = [
        {"id": f"a:b/{n} #1", "mean_score": log(0.1 + n / 100), "audio_s": 5.0,
         "outputs": [f"a:b/{n} #1.json", f"a:b/{n} #1.html"]}
        for n in range(50)
    ]  # fmt: skip
    scores = dict.fromkeys(("mean", "min", "p5", "p25", "median", "p75", "p95", "max"), log(0.5))
    return {
        "schema_version": "1.0",
        "kind": "corpus",
        "settings": {"task": "alignment", "model": {"path": "models/mms"}, "star": None},
        "items": {"total": 12_000, "done": 11_000, "failed": 4, "left": 996},
        "audio_h": 165.6,
        "load_s": 900.0,
        "run_s": 3600.0,
        "rtf": 0.05,
        "devices": {"npu:0": 6000, "npu:1": 5000},
        "failures": [{"kind": "missing", "items": 4,
                      "examples": [{"id": "gone", "message": "does not exist: check the path"}]}],
        "quality": {"verdicts": {"good": 10_997, "check": 1, "wrong_transcript": 1},
                    "not_judged": 1, "median_confidence": 0.93},
        "to_check": [
            {"id": f"{verdict}/1", "verdict": verdict, "confidence": 0.04, "audio_s": 7.0,
             "reasons": [{"kind": kind, "text": "9 of 9 words were probably not spoken"}],
             "outputs": [f"{verdict}/1.json", f"{verdict}/1.html"]}
            for verdict, kind in (("wrong_transcript", "not_spoken"), ("check", "cut_off"))
        ],
        "scores": {"items": 11_000, **scores, "items_by_probability": [0] * 9 + [11_000]},
        "worst": worst,
    } | changes  # fmt: skip
