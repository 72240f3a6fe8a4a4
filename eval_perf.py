#!/usr/bin/env python3
"""Measure speed: latency, real-time factor, throughput and memory of a model on several devices.

    python eval_perf.py --model_path DIR_OR_HUB_ID --duration 30 --output eval_perf_result.json
    python eval_perf.py --devices cpu,npu:0:float16 --durations 5,10,30 --batch_sizes 1,4
    python eval_perf.py --compare eval_perf_result.json --max_regression 10% --output new.json
    python -m speech_toolkit.evaluation.compare_reports old.json new.json --max_regression 10%

Works with both families, Wav2Vec2ForCTC aligners and Whisper. Each device runs in a process of its
own on the same samples; what one measured is kept when another crashes or takes too long.

Exit codes: 0 done, 1 slower than --compare allows, 2 wrong usage or input, or a device that is not
there, 4 not valid (a device failed while it ran, no speech, or too few runs to tell), 70 internal
error, 130 interrupted.
"""

if __name__ == "__main__":
    from speech_toolkit.cli.quiet_start import end_quietly

    end_quietly()

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.eval_perf import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
