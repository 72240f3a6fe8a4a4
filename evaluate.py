#!/usr/bin/env python3
"""Numerical parity: does a model compute the same on NPU or CUDA as on the CPU, and how fast?

    python evaluate.py --model_path . --audio sample.wav --devices cpu,npu --warmup 2 --runs 5 \
        --output eval_result.json
    python evaluate.py --devices cpu,npu --layers --golden float64 --emulate hf32
    python evaluate.py --family whisper --devices cpu:float32,npu:0:float16

Works with both families, Wav2Vec2ForCTC aligners and Whisper. Each device runs in a process of its
own on the same inputs; the first is the reference. --layers names the module where an error begins.

Exit codes: 0 passed, 1 failed, 2 wrong usage or input, or a device that is not there, 4 evidence
not valid, 70 internal error, 130 interrupted.
"""

if __name__ == "__main__":
    from speech_toolkit.cli.quiet_start import end_quietly

    end_quietly()

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.evaluate import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
