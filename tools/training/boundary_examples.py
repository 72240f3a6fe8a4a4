"""What a boundary scorer learns from: recordings with true word times, as a model heard them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from augment import NoiseBank, record
from shards import SAMPLE_RATE_HZ, read_shard

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.alignment.loudness import measure_loudness
from speech_toolkit.alignment.preparation import prepare_input
from speech_toolkit.alignment.refinement.junctures import NONE
from speech_toolkit.alignment.refinement.refining import (
    Block,
    Recording,
    blocks_of,
    edge_letters,
    stretches_in_seconds,
)
from speech_toolkit.alignment.search.viterbi import forced_align
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.alignment.stretches import StretchLetters, plain_edges
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.evaluation.metrics.boundaries import read_true_words
from speech_toolkit.progress import UNWATCHED

CONTEXT = 8
_JOINED = 8
_STUDIO_SHARE = 0.4


@dataclass(frozen=True)
class TimedSpeech:
    """Speech with its words.

    Attributes:
        name: of the recording.
        waveform: at 16 kHz.
        text: the transcript.
        times_s: float64 (W, 2), of each word; NaN where it is not known.
    """

    name: str
    waveform: Waveform
    text: str
    times_s: np.ndarray


@dataclass(frozen=True)
class Example:
    """A block of junctures with the true times of its edges, NaN where they are not known.

    Attributes:
        name: of the recording.
        block: what is known of the junctures.
        ends_s: float64 (J,).
        starts_s: float64 (J,).
        plain_s: float64 (J, 2), end and start without refinement.
    """

    name: str
    block: Block
    ends_s: np.ndarray
    starts_s: np.ndarray
    plain_s: np.ndarray


def recordings_in(folder: Path) -> Iterator[TimedSpeech]:
    """Read the recordings of a folder that have true word times beside them."""
    for path in sorted(folder.rglob("*.flac")):
        words = read_true_words(path.with_suffix(".json"))
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        times = np.array([(word.start_s, word.end_s) for word in words])
        name = str(path.relative_to(folder).with_suffix(""))
        yield TimedSpeech(name, load_audio(path, SAMPLE_RATE_HZ), text, times)


def recordings_of_shard(path: Path, rng: np.random.Generator) -> Iterator[TimedSpeech]:
    """Join the utterances of a shard to recordings, most of them played in a room with noise."""
    samples, entries = read_shard(path)
    speeches = [samples[entry["start"] : entry["end"]] / 32768 for entry in entries]
    noises = NoiseBank(rng, [speech.astype(np.float32) for speech in speeches[:40]])
    for first in range(0, len(entries), _JOINED):
        parts, words, times, offset_s = [], [], [], 0.0
        for entry, speech in zip(
            entries[first : first + _JOINED], speeches[first : first + _JOINED], strict=True
        ):
            level = np.sqrt(np.mean(speech**2)) + 1e-6
            parts.append(speech / level * rng.uniform(0.05, 0.1))
            own_words, own_times = _words_of(entry)
            words += own_words
            times.append(own_times + offset_s)
            offset_s += len(speech) / SAMPLE_RATE_HZ
        joined = np.concatenate(parts).astype(np.float32)
        if rng.random() > _STUDIO_SHARE:
            joined = record(joined, noises, rng, rng.random())
        joined /= max(1.0, float(np.abs(joined).max()))
        name = f"{path.stem}_{first:04d}"
        waveform = Waveform(joined, SAMPLE_RATE_HZ, name, SAMPLE_RATE_HZ, 1)
        yield TimedSpeech(name, waveform, " ".join(words), np.concatenate(times))


def _words_of(entry: dict) -> tuple[list[str], np.ndarray]:
    """Return the words of an utterance, and their times where a group speaks one word alone."""
    words, times = [], []
    for group, written in enumerate(entry["groups"]):
        own = [(start, end) for _, start, end, of in entry["phones"] if of == group]
        known = np.full((len(written), 2), np.nan)
        if own:
            known[0, 0], known[-1, 1] = own[0][0], own[-1][1]
        words += written
        times.append(known)
    return words, np.concatenate(times)


def examples_of(
    aligner: Aligner, speech: TimedSpeech, spike_rng: np.random.Generator | None = None
) -> Iterator[Example]:
    """Align a recording and hold its junctures against the truth.

    Args:
        aligner: the model that hears it.
        speech: the recording.
        spike_rng: where given, all but one frame of each letter is taken for blank.
    """
    settings = AlignmentSettings()
    prepared = prepare_input(speech.waveform, speech.text, aligner.checkpoint, settings)
    heard: list[np.ndarray] = []
    aligner.align_prepared(
        prepared, settings, UNWATCHED, on_emissions=lambda own: heard.append(own.log_probs)
    )
    log_probs, geometry = heard[0], aligner.checkpoint.geometry
    blank, labels = aligner.checkpoint.vocabulary.blank_id, prepared.labels
    path, scores = forced_align(log_probs, labels.targets, blank)
    if spike_rng is not None:
        log_probs = spiky(log_probs, path, blank, spike_rng)
        path, scores = forced_align(log_probs, labels.targets, blank)
    found: list[StretchLetters] = []
    spans_from_path(
        path,
        scores,
        labels,
        prepared.transcript,
        measure_loudness(speech.waveform.samples, geometry),
        blank=blank,
        frame_stride_s=geometry.stride_s,
        place=lambda each: found.append(each) or plain_edges(each),
    )
    if len(prepared.transcript.words) != len(speech.times_s):
        return
    stretches = stretches_in_seconds(found[0], geometry.stride_s)
    letters = edge_letters(found[0].runs, labels, geometry.stride_s)
    words = found[0].runs.words[np.flatnonzero(np.diff(found[0].runs.stretches, prepend=-1))]
    starts = np.where(np.diff(words, prepend=-1) > 0, speech.times_s[words, 0], np.nan)
    ends = np.where(
        np.diff(words, append=len(speech.times_s)) > 0, speech.times_s[words, 1], np.nan
    )
    recording = Recording(log_probs, speech.waveform.samples, geometry, blank)
    for block in blocks_of(recording, stretches, letters, CONTEXT):
        left, right = block.junctures.left, block.junctures.right
        yield Example(
            speech.name,
            block,
            np.where(left == NONE, np.nan, ends[left]),
            np.where(right == NONE, np.nan, starts[right]),
            np.stack([stretches.plain_s[left, 1], stretches.plain_s[right, 0]], axis=1),
        )


def spiky(
    log_probs: np.ndarray, path: np.ndarray, blank: int, rng: np.random.Generator
) -> np.ndarray:
    """Leave each letter one frame, as models do that were trained with plain CTC.

    Args:
        log_probs: float32 (T, V).
        path: int32 (T,), the label at each frame.
        blank: its column.
        rng: tells where in its letter a spike stands: early or late in all of a recording.
    """
    spiked = log_probs.copy()
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(path)) + 1, [len(path)]))
    usual = rng.uniform(0.15, 0.85)
    for first, stop in pairwise(bounds):
        if path[first] == blank:
            continue
        kept = first + int(np.clip(usual + rng.normal(0, 0.15), 0, 0.999) * (stop - first))
        for frame in range(first, stop):
            label = path[first]
            pair = sorted((spiked[frame, blank], spiked[frame, label]))
            spiked[frame, [blank, label]] = pair if frame == kept else pair[::-1]
            if frame == kept:
                spiked[frame, label] = max(spiked[frame, label], -0.05)
    return spiked


def all_recordings(sources: Sequence[Path], seed: int) -> Iterator[TimedSpeech]:
    """Read folders of recordings, and shards."""
    rng = np.random.default_rng(seed)
    for source in sources:
        yield from recordings_of_shard(source, rng) if source.is_file() else recordings_in(source)
