#!/usr/bin/env python3
"""Run a speech model: the script that fits is picked by the checkpoint's ``config.json``.

    python inference.py --audio speech.wav --transcript "hello world" --device npu
    python inference.py --audio speech.wav --mode transcribe
    python inference.py --model_path DIR_OR_HUB_ID --help

A CTC checkpoint (wav2vec2, HuBERT, WavLM, Parakeet) is run by ``inference_mms.py`` (when is each
word of a transcript spoken?), a Whisper one by ``inference_whisper.py`` (what is spoken?). Without
``--model_path`` the bundled aligner runs, or with ``--mode``, which only Whisper has, the bundled
Whisper model.

Exit codes: those of the script that is picked; 2 for a checkpoint of an unknown family.
"""

if __name__ == "__main__":
    from speech_toolkit.cli.quiet_start import end_quietly

    end_quietly()

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.inference import main, run_inference

__all__ = ["main", "run_inference"]

if __name__ == "__main__":
    run_script(main)
