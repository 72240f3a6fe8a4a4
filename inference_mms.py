#!/usr/bin/env python3
"""Forced alignment: when is each character, word and sentence of a transcript spoken?

    python inference_mms.py --audio speech.wav --transcript "hello world"
    python inference_mms.py --model_path MahmoudAshraf/mms-300m-1130-forced-aligner \
        --audio speech.flac --transcript_file speech.txt --language deu --device npu:0

Runs any CTC checkpoint of wav2vec2 (MMS with its adapters, too), HuBERT, WavLM and Parakeet, from a
directory or the hub, on Ascend NPU, CUDA or CPU.

Exit codes: 0 done, 1 a transcript is not what --fail_on wants, 2 wrong usage or input, 3 some of
many recordings failed, 70 internal error, 130 interrupted.
"""

if __name__ == "__main__":
    from speech_toolkit.cli.quiet_start import end_quietly

    end_quietly()

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.inference_mms import build_parser, main, run_inference

__all__ = ["build_parser", "main", "run_inference"]

if __name__ == "__main__":
    run_script(main)
