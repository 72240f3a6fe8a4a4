#!/usr/bin/env python3
"""Does a model recognise, or align, on a device as well as on the CPU? One verdict over test cases.

    python eval_accuracy.py --model_path ./distil-large-v3 --num_test_cases 10 \
        --output eval_accuracy_result.json
    python eval_accuracy.py --family mms --devices cpu:float32,npu:0:float32
    python eval_accuracy.py --model_path ./distil-large-v3 --manifest mine.jsonl

Works with both families. Three tests decide, each PASS, FAIL or open: the errors that the device
adds to those of the reference, its choices against a decided reference, and how far it moves the
leads of choices, against what the rounding of its numbers does. The published criteria (mean WER
and CER under 1 %, over 99 % exact matches between the devices) are shown beside. A PASS needs
evidence: enough words, a reference that hears what is said, and planted faults that are noticed.

Exit codes: 0 PASS, 1 FAIL, 2 wrong usage or input, 4 NOT VALID (the cases prove nothing),
70 internal error, 130 interrupted.
"""

if __name__ == "__main__":
    from speech_toolkit.cli.quiet_start import end_quietly

    end_quietly()

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.eval_accuracy import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
