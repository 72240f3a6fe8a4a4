#!/usr/bin/env python3
"""How long from the command to the first line of output, and to the result, and where does it go?

    python benchmarks/startup.py
    python benchmarks/startup.py --runs 9 --json results/runs/startup.json

Runs the alignment script as a user does, in turn with a plain script that imports transformers'
classes, loads the same model and aligns nothing: what any program on transformers has to wait for.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import RUNS

MODEL = bundled_model("tiny-mms-aligner")
SAMPLE = REPOSITORY / "samples" / "demo.wav"
PLAIN_SCRIPT = f"""
from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC
import soundfile, torch
model = Wav2Vec2ForCTC.from_pretrained({str(MODEL)!r})
extractor = Wav2Vec2FeatureExtractor.from_pretrained({str(MODEL)!r})
tokenizer = Wav2Vec2CTCTokenizer.from_pretrained({str(MODEL)!r})
samples, rate = soundfile.read({str(SAMPLE)!r})
with torch.inference_mode():
    model(extractor(samples, sampling_rate=rate, return_tensors="pt").input_values)
"""
LANGUAGES = {
    "align, Latin script": ("eng", SAMPLE.with_suffix(".txt").read_text(encoding="utf-8")),
    "align, needs romanising": ("ell", "Ο παλιός φαροφύλακας χαιρετούσε κάθε βάρκα."),
}


def time_alignment(language: str, transcript: str) -> dict[str, float]:
    """Run the script once and return seconds from its start, and its own stage times."""
    command = [sys.executable, str(REPOSITORY / "inference.py")]
    command += ["--audio", str(SAMPLE), "--transcript", transcript, "--language", language]
    command += ["--device", "cpu", "--output", "-"]
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        process.stderr.readline()
        first_line = time.perf_counter() - started
        output, errors = process.communicate()
    total = time.perf_counter() - started
    if process.returncode != EXIT_DONE:
        raise RuntimeError(errors)
    result = json.loads(output)
    stages = ("model_load_time", "audio_load_time", "infer_time", "align_time")
    return {"first line": first_line, "result": total} | {
        stage.removesuffix("_time").replace("_", " "): result[stage] for stage in stages
    }


def time_python(script: str) -> dict[str, float]:
    """Run a script given as text once and return its seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=REPOSITORY)
    return {"result": time.perf_counter() - started}


def measure(runs: int) -> dict[str, list[dict[str, float]]]:
    """Run every case in turn, ``runs`` times after one round that is not counted."""
    cases = {
        "import torch": lambda: time_python("import torch"),
        "plain transformers script": lambda: time_python(PLAIN_SCRIPT),
    }
    for name, (language, transcript) in LANGUAGES.items():
        cases[name] = lambda arguments=(language, transcript): time_alignment(*arguments)
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
    for round_number in range(runs + 1):
        for name, case in cases.items():
            figure = case()
            if round_number:
                figures[name].append(figure)
    return figures


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=number(RUNS), default=5, help="counted rounds (default: 5)")
    parser.add_argument("--json", metavar="FILE", help="write the raw figures there")
    arguments = parser.parse_args()
    figures = measure(arguments.runs)
    plain = statistics.median(run["result"] for run in figures["plain transformers script"])
    print(f"Median of {arguments.runs} runs in turn; seconds from the start of the process")
    for name, runs in figures.items():
        medians = {stage: statistics.median(run[stage] for run in runs) for stage in runs[0]}
        stages = "  ".join(f"{stage} {seconds:.2f}" for stage, seconds in medians.items())
        print(f"{name:<26} {medians['result'] / plain:5.2f} x plain   {stages}")
    if arguments.json:
        write_json(arguments.json, figures)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
