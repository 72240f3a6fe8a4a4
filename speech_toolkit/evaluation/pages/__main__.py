"""Write the page of a report that was made before, here or elsewhere.

python -m speech_toolkit.evaluation.pages eval_result.json eval_result.html --lang zh
"""

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts.report_page import build_parser, main

__all__ = ["build_parser", "main"]

if __name__ == "__main__":
    run_script(main)
