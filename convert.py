#!/usr/bin/env python3
"""Write results of earlier runs in other formats, without running a model.

    python convert.py alignment_result_cpu.json --format srt,textgrid
    python convert.py results/*.json --format vtt --output_dir subtitles

Exit codes: 0 done, 2 wrong usage or input, 3 some of several results failed, 70 internal error, 130
interrupted.
"""

if __name__ == "__main__":
    from speech_toolkit.cli.quiet_start import end_quietly

    end_quietly()

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.convert import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
