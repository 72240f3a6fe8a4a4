#!/usr/bin/env python3
"""How many CPU cores does a card need to be fed?

    python benchmarks/feeding.py
    python benchmarks/feeding.py --clips 400 --rounds 7 --json results/runs/feeding.json

Seconds of one core that each step around the model takes for an hour of audio: the least of several
rounds, in one thread, counted as processor time, which leaves out what other programs take of a
shared machine. Decoding is of one recording of some minutes, the text, the search and the writing
are of clips of 2 to 10 s, as corpora for training have them.

Exit codes: 0 measured, 2 wrong usage.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import RUNS, TEST_CASES

SPEECH = "story.flac"
MINUTES = 5
RATE_HZ, STUDIO_HZ = 16_000, 48_000
File = tuple[str, str | None, int, bool]  # suffix, subtype, rate in Hz, whether to resample, too
FILES: tuple[File, ...] = (
    ("wav", None, RATE_HZ, False),
    ("flac", None, RATE_HZ, False),
    ("mp3", None, RATE_HZ, False),
    ("flac", None, STUDIO_HZ, True),
)


def main(argv: list[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=number(TEST_CASES), default=200, metavar="N")
    parser.add_argument("--rounds", type=number(RUNS), default=5, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    arguments = parser.parse_args(argv)
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        steps = (
            decoding(Path(folder)) | whisper_features() | alignment(Path(folder), arguments.clips)
        )
        figures = {name: least_s(*step, arguments.rounds) for name, step in steps.items()}
    print(f"{'step':44} {'core-seconds an hour':>21} {'hours an hour of core':>22}")
    for name, seconds in figures.items():
        print(f"{name:44} {seconds:21.1f} {3600 / seconds:22,.0f}")
    if arguments.json:
        write_json(arguments.json, {"core_s_per_hour": figures})
    return EXIT_DONE


Step = tuple[Callable[[], Any], float]  # what is done, and for how many seconds of audio


def least_s(call: Callable[[], Any], audio_s: float, rounds: int) -> float:
    """Return the seconds of one core for an hour of audio."""
    call()
    spent_s = []
    for _ in range(rounds):
        started = time.process_time()
        call()
        spent_s.append(time.process_time() - started)
    return min(spent_s) / audio_s * 3600


def decoding(folder: Path, cases: Sequence[File] = FILES) -> dict[str, Step]:
    """Return the steps from a file to samples at its own rate, and at the model's."""
    import numpy as np
    import soundfile
    import soxr

    from speech_toolkit.audio.waveform import load_audio

    speech = load_audio(REPOSITORY / "samples" / SPEECH, RATE_HZ).samples
    speech = np.resize(speech, MINUTES * 60 * RATE_HZ)
    steps = {}
    for suffix, subtype, rate_hz, is_resampled in cases:
        path = folder / f"{rate_hz}.{suffix}"
        samples = speech if rate_hz == RATE_HZ else soxr.resample(speech, RATE_HZ, rate_hz)
        soundfile.write(path, samples, rate_hz, subtype)
        form = subtype or suffix.upper()
        name = f"decode {form}, {rate_hz / 1000:g} kHz"
        rates = {name: rate_hz}
        if is_resampled:
            rates[f"{name}, and resample to 16 kHz"] = RATE_HZ
        for step, to_hz in rates.items():
            steps[step] = (partial(load_audio, path, to_hz), MINUTES * 60)
    return steps


def whisper_features() -> dict[str, Step]:
    """Return the step from samples to what Whisper's encoder takes."""
    from speech_toolkit.audio.waveform import load_audio
    from speech_toolkit.bundled import bundled_model
    from speech_toolkit.device import select_device
    from speech_toolkit.transcription.windows.features import FeatureExtractor

    window = load_audio(REPOSITORY / "samples" / SPEECH, RATE_HZ).samples[: 30 * RATE_HZ]
    extractor = FeatureExtractor(bundled_model("tiny-whisper"), 128, select_device("cpu"))
    return {"Whisper features, 128 bins, by a CPU": (lambda: extractor.extract([window]), 30.0)}


def alignment(folder: Path, clips: int) -> dict[str, Step]:
    """Return the steps around the model of an alignment: text, search and times, writing."""
    from speech_toolkit.alignment.aligner import BUNDLED_MODEL, Aligner
    from speech_toolkit.alignment.preparation import AlignmentSettings, prepare_input
    from speech_toolkit.bundled import bundled_model
    from speech_toolkit.corpus.forms import ResultForms
    from speech_toolkit.corpus.inputs.read import read_manifest_items
    from speech_toolkit.corpus.work import AlignmentModel
    from tools.make_corpus import MANIFEST, make_corpus

    make_corpus(folder / "clips", clips, 0)
    items = read_manifest_items(str(folder / "clips" / MANIFEST), needs_text=True)
    settings = AlignmentSettings()
    aligner = Aligner.load(bundled_model(BUNDLED_MODEL), device="cpu")
    model = AlignmentModel(aligner, settings)
    read = {item: model.read(item) for item in items}
    heard = [(item, o.result) for item, o in model.hear(iter(read.items()), threading.Event())]
    documents = [(item, finish()) for item, finish in heard]
    forms = ResultForms(("json", "textgrid"))
    audio_s = sum(each.audio_s for each in read.values())

    def texts() -> None:
        for item, each in read.items():
            prepare_input(each.prepared.waveform, item.text, aligner.checkpoint, settings)

    return {
        "alignment: text to labels": (texts, audio_s),
        "alignment: search, scores, times": (lambda: [f() for _, f in heard], audio_s),
        "alignment: render JSON and TextGrid": (
            lambda: [forms.render(item, document) for item, document in documents],
            audio_s,
        ),
    }


if __name__ == "__main__":
    run_script(main)
