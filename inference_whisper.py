#!/usr/bin/env python3
"""Speech to text with Whisper models: transcribe, compare a device with the CPU, measure its speed.

    python inference_whisper.py --audio speech.wav
    python inference_whisper.py --model_path ./distil-large-v3 --audio talk.flac --device npu:0 \
        --mode chunked --chunk_length 30 --batch_size 4 --output talk.srt
    python inference_whisper.py --model_path ./distil-large-v3 --audio a.wav b.mp3 \
        --output_dir texts --format txt,json
    python inference_whisper.py --model_path ./distil-large-v3 --audio test.flac --device npu:0 \
        --mode compare --output compare_result.json
    python inference_whisper.py --model_path ./distil-large-v3 --audio test.flac --device npu:0 \
        --mode benchmark --num_runs 10 --output benchmark_result.json

Runs any Whisper checkpoint in the transformers format, from a directory or the hub, on Ascend NPU,
CUDA or CPU.

Exit codes: 0 done or passed, 1 compare failed, 2 wrong usage or input, 3 some of several files
failed, 4 compare has no valid evidence, 70 internal error, 130 interrupted.
"""

if __name__ == "__main__":
    from speech_toolkit.cli.quiet_start import end_quietly

    end_quietly()

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.inference_whisper import build_parser, main, run_inference

__all__ = ["build_parser", "main", "run_inference"]

if __name__ == "__main__":
    run_script(main)
