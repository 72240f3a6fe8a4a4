#!/usr/bin/env python3
"""How far are the word times that a model finds in the bundled samples from the true ones?

    python benchmarks/sample_accuracy.py
    python benchmarks/sample_accuracy.py --model_path MahmoudAshraf/mms-300m-1130-forced-aligner

Any directory of recordings fits that has, beside each audio file NAME.*, NAME.txt with what is
spoken and NAME.json with the true times of its words.
"""

import argparse
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.cli.arguments import add_model_arguments
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.metrics.boundaries import (
    BoundaryErrors,
    boundary_errors,
    read_true_words,
)
from speech_toolkit.exit_codes import EXIT_DONE

AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")
COLUMNS = (
    f"{'recording':<20} {'words':>5}  {'start':>9}  {'end':>9}  {'< 50 ms':>8}  {'< 100 ms':>8}"
)


def recordings(directory: Path) -> list[Path]:
    """Return the audio files of a directory that have a transcript and true times.

    Raises:
        UsageError: there are none.
    """
    found = [
        path
        for path in sorted(directory.glob("*"))
        if path.suffix in AUDIO_SUFFIXES
        and path.with_suffix(".txt").is_file()
        and path.with_suffix(".json").is_file()
    ]
    if not found:
        raise UsageError(f"{directory}: holds no audio with .txt and .json of the same name")
    return found


def row(name: str, errors: BoundaryErrors) -> str:
    """Format one line of the table."""
    return (
        f"{name:<20} {len(errors.starts_s):>5}  {1000 * errors.median_start_s:>6.0f} ms  "
        f"{1000 * errors.median_end_s:>6.0f} ms  {errors.starts_within(0.05):>8.1%}  "
        f"{errors.starts_within(0.1):>8.1%}"
    )


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=Path, default=REPOSITORY / "samples", metavar="DIR")
    parser.add_argument("--language", default="eng")
    add_model_arguments(parser, default_model="tiny-mms-aligner")
    arguments = parser.parse_args()
    paths = recordings(arguments.samples)

    from speech_toolkit.alignment import Aligner, AlignmentSettings
    from speech_toolkit.alignment.text.transcript import read_transcript

    aligner = Aligner.load(
        arguments.model_path,
        arguments.device,
        attn_implementation=arguments.attn_implementation,
    )
    settings = AlignmentSettings(language=arguments.language)
    print(f"{aligner.model_path} on {aligner.device.name}; median errors of word times\n{COLUMNS}")
    everything = []
    for path in paths:
        transcript = read_transcript(path.with_suffix(".txt"))
        result = aligner.align(path, transcript, settings).to_dict()
        errors = boundary_errors(result["words"], read_true_words(path.with_suffix(".json")))
        everything.append(errors)
        print(row(path.name, errors), flush=True)
    print(row("all words", BoundaryErrors.joined(everything)))
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
