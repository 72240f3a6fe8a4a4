"""Say what is installed here, what of it fits together, and whether the device computes rightly.

    python -m speech_toolkit.device
    python -m speech_toolkit.device --device npu:1 --output report.json

Runs every operator of the models on the device and on the CPU. What it prints is made to be pasted
into a report of a bug: it names no user and no folder of theirs.

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage, or the device that was named is not
there, 70 internal error, 130 interrupted.
"""

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.self_test import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
