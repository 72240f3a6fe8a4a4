#!/usr/bin/env python3
"""Print an alignment's word times beside the true ones.

    python tools/compare_times.py results/runs/demo.json samples/demo.json

Exit codes: 0 done, 2 a file cannot be read or the words differ.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from speech_toolkit.checkpoint.files import read_json
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.evaluation.metrics.boundaries import boundary_errors, read_true_words
from speech_toolkit.exit_codes import EXIT_DONE


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("result", help="JSON written by inference_mms.py")
    parser.add_argument("truth", help="JSON with the true times of the same words")
    arguments = parser.parse_args()
    found = read_json(Path(arguments.result))["words"]
    true = read_true_words(arguments.truth)
    errors = boundary_errors(found, true)
    print("\n[WORD TIMES]       found              true               start off by")
    for word, known, error_s in zip(found, true, errors.starts_s, strict=True):
        print(
            f"{word['text']:<16} {word['start_time']:6.3f} - {word['end_time']:6.3f}s   "
            f"{known.start_s:6.3f} - {known.end_s:6.3f}s   {1000 * error_s:+6.0f} ms"
        )
    print(
        f"Median word-start error {1000 * errors.median_start_s:.0f} ms; "
        f"{errors.starts_within(0.1):.0%} of {len(true)} words within 100 ms"
    )
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
