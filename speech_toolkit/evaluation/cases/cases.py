"""The spoken test cases of an accuracy check, synthesised or varied from samples.

The same seed gives the same cases. Each case is a file, so that every device reads the same bytes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from speech_toolkit.errors import UsageError, first_line
from speech_toolkit.evaluation.cases.clips import (
    ALL_SAMPLES,
    ClipSource,
    SampleShelf,
    SpeechStudio,
    bundled_sentences,
    plain_sentences,
)
from speech_toolkit.evaluation.cases.perturb import (
    Clip,
    add_noise,
    change_level,
    join_clips,
)
from speech_toolkit.evaluation.cases.synthesiser import find_synthesisers
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

SOURCES = ("auto", "synthesiser", "samples")
SPEEDS = (1.0, 0.93, 1.07)
NOISES = (None, (25.0, "white"), (20.0, "white"), (20.0, "pink"))  # dB of speech over noise
LENGTHS = (("short", 1), ("medium", 2), ("long", 12))  # in sentences; the last in two windows
GAINS_DB = (0.0, -6.0, -12.0)
PAUSES_S = (0.2, 0.8)


@dataclass(frozen=True)
class Case:
    """One recording and what is truly said in it.

    Attributes:
        name: unique among the cases.
        audio_path: the recording.
        duration_s: its length.
        text: the truth.
        language: code of the text.
        words: true word times; empty where they are not known.
        conditions: what sets the case apart, such as ``{"noise": "10 dB pink"}``.
    """

    name: str
    audio_path: str
    duration_s: float
    text: str
    language: str
    words: tuple[TrueWord, ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseSet:
    """The cases of a run and, for the report, where they come from."""

    cases: tuple[Case, ...]
    source: str


@dataclass(frozen=True)
class CaseRequest:
    """Which cases are to be made.

    Attributes:
        count: how many, at least 1.
        source: one of ``SOURCES``; "auto" is a synthesiser where the machine has one.
        seed: of every choice.
        language: what the cases are said to be in, the family's code for English.
        samples_first: whether the model is best tested on the sentences of the samples, for their
            words or their true word times. "auto" then is the samples, and a synthesiser reads
            their sentences.
        samples: which folder of samples.
    """

    count: int
    source: str = "auto"
    seed: int = 0
    language: str = "en"
    samples_first: bool = False
    samples: str = ALL_SAMPLES


def new_case_files(directory: Path, count: int) -> list[Path]:
    """Return the files that :func:`make_cases` will write, none of which stands there yet.

    Raises:
        UsageError: one does.
    """
    files = [directory / f"{_case_name(index, count)}.wav" for index in range(count)]
    taken = next((file for file in files if os.path.lexists(file)), None)
    if taken is not None:
        raise UsageError(
            f"--keep_audio {directory}: {taken.name} stands there already and would be replaced; "
            "give an empty directory"
        )
    return files


def _case_name(index: int, count: int) -> str:
    return f"case_{index + 1:0{len(str(count))}}"


def make_cases(request: CaseRequest, directory: Path) -> CaseSet:
    """Make spoken cases in English as WAV files in ``directory``.

    Every pace, noise and length comes up equally often, in an order that the seed decides. With a
    synthesiser, the same seed gives the same bytes in a fresh process: eSpeak NG's voice wavers on
    from where it was.

    Raises:
        UsageError: the source that was asked for is not to be had here.
    """
    random = np.random.default_rng(request.seed)
    source = _clip_source(request, random)
    designs = zip(
        *(
            _equally_often(choices, request.count, random)
            for choices in (SPEEDS, NOISES, LENGTHS, GAINS_DB)
        ),
        strict=True,
    )
    cases = []
    for index, (speed, noise, (length, sentences), gain_db) in enumerate(designs):
        pauses_s = random.uniform(*PAUSES_S, sentences - 1)
        clip = join_clips(source.take(sentences, speed), pauses_s)
        if noise:
            clip = add_noise(clip, *noise, random)
        conditions = {
            "speed": f"{speed:g} x",
            "noise": f"{noise[0]:g} dB {noise[1]}" if noise else "none added",
            "length": length,
            "level": f"{gain_db:g} dB",
            "voice": clip.voice,
        }
        clip = change_level(clip, gain_db)
        name = _case_name(index, request.count)
        cases.append(_save(clip, name, request.language, conditions, directory))
    return CaseSet(tuple(cases), f"{source.description}, seed {request.seed}")


def _clip_source(request: CaseRequest, random: np.random.Generator) -> ClipSource:
    if request.source == "samples" or (request.source == "auto" and request.samples_first):
        return SampleShelf(random, request.samples)
    synthesisers = find_synthesisers()
    if not synthesisers:
        if request.source == "auto":
            return SampleShelf(random, request.samples)
        raise UsageError(
            "--source synthesiser: none was found; pip install espeakng-loader, install espeak-ng "
            "or flite, or use --source samples"
        )
    if request.samples_first:
        sentences = [clip.text for clip in bundled_sentences(request.samples)]
    else:
        sentences = plain_sentences()
    return SpeechStudio(sentences, synthesisers, random)


def _equally_often(choices: tuple[Any, ...], count: int, random: np.random.Generator) -> list[Any]:
    """Return ``count`` choices in random order, each as often as the others, give or take one."""
    return [choices[index % len(choices)] for index in random.permutation(count)]


def _save(
    clip: Clip, name: str, language: str, conditions: Mapping[str, str], directory: Path
) -> Case:
    path = directory / f"{name}.wav"
    try:
        soundfile.write(path, clip.samples, clip.sample_rate_hz, subtype="PCM_16")
    except (OSError, soundfile.LibsndfileError) as error:
        raise UsageError(
            f"{path}: cannot be written ({first_line(error)}); free space there, or set TMPDIR or "
            "--keep_audio to a directory with room"
        ) from error
    return Case(name, str(path), clip.duration_s, clip.text, language, clip.words, conditions)
