"""Hold a report of eval_perf.py against an older one, without measuring anything.

    python -m speech_toolkit.evaluation.compare_reports old.json new.json --max_regression 10%

Exit codes: 0 no case became slower than allowed, 1 one did, 2 wrong usage or input, or reports that
cannot be compared, 4 not valid (too few or too noisy runs to tell), 70 internal error, 130
interrupted.
"""

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.compare_reports import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
