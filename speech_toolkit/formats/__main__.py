"""Write results of earlier runs in other formats, without running a model.

python -m speech_toolkit.formats alignment_result_cpu.json --format srt,textgrid
"""

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.convert import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
