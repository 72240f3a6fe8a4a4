#!/usr/bin/env python3
"""What does it cost to have uroman ready when the model is, and can a thread hide it?

    python benchmarks/romanization.py
    python benchmarks/romanization.py --runs 9

Each way loads the bundled aligner and puts a line into Latin letters, in a process of its own, in
turn. `published` is `uroman.Uroman()` as the package offers it, after the model or in a thread
while the model loads; `rules of the text` is what the toolkit does: uroman with the rules for the
characters of the text alone.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import RUNS

TEXTS = {
    "Greek": "Ο παλιός φαροφύλακας χαιρετούσε κάθε βάρκα",
    "Chinese": "老人在海边等船每天都向它挥手",
}
CHILD = f"""
import sys, threading, time
started = time.perf_counter()
from transformers import Wav2Vec2ForCTC
way, text = sys.argv[1:]

def load_model():
    Wav2Vec2ForCTC.from_pretrained({str(bundled_model("tiny-mms-aligner"))!r})

def read_by_all_rules():
    from uroman import Uroman
    Uroman().romanize_string(text)

def read_by_the_rules_of_the_text():
    from speech_toolkit.alignment.text.romanization import prepare, romanize
    prepare(set(text))
    for word in text.split():
        romanize(word, "eng")

if way == "published, in a thread":
    thread = threading.Thread(target=read_by_all_rules)
    thread.start()
    load_model()
    thread.join()
else:
    load_model()
    if way == "published":
        read_by_all_rules()
    elif way == "rules of the text":
        read_by_the_rules_of_the_text()
print(time.perf_counter() - started, time.process_time())
"""
WAYS = ("model alone", "rules of the text", "published", "published, in a thread")


def measure(way: str, text: str) -> tuple[float, float]:
    """Run one way in a process of its own and return its wall-clock and CPU seconds."""
    command = [sys.executable, "-c", CHILD, way, text]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    wall_s, cpu_s = map(float, run.stdout.split())
    return wall_s, cpu_s


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=number(RUNS), default=5, help="times each way runs")
    arguments = parser.parse_args()
    print(f"Median of {arguments.runs} runs in turn, and what each adds to the model alone")
    print(f"{'text':<9} {'way':<24} {'wall':>8} {'added':>8} {'CPU':>8} {'added':>8}")
    for name, text in TEXTS.items():
        measured = {way: [] for way in WAYS}
        for _ in range(arguments.runs):
            for way in WAYS:
                measured[way].append(measure(way, text))
        medians = {
            way: [statistics.median(values) for values in zip(*runs, strict=True)]
            for way, runs in measured.items()
        }
        alone_wall_s, alone_cpu_s = medians[WAYS[0]]
        for way, (wall_s, cpu_s) in medians.items():
            print(
                f"{name:<9} {way:<24} {wall_s:6.2f} s {wall_s - alone_wall_s:6.2f} s "
                f"{cpu_s:6.2f} s {cpu_s - alone_cpu_s:6.2f} s"
            )
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
