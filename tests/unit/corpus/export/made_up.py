"""A corpus that is done, without a model: noise with sentences at known times."""

import json
import os

import numpy as np
import soundfile

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemOutcome

RATE_HZ = 22_050
SPANS_S = ((0.3, 1.2), (1.5, 2.1), (4.0, 4.9))
TEXTS = ("One, two.", "Drei | vier!", "五六 “seven”")
CUTS_MS = ((50, 1350), (1350, 2350), (3750, 5000))
END_S = 5.0


def noise(seconds=END_S, channels=1, rate_hz=RATE_HZ, seed=0):
    """Return int16 noise of full scale, shape (n,) or (n, channels)."""
    shape = (round(seconds * rate_hz), channels)
    samples = np.random.default_rng(seed).integers(-(1 << 15), 1 << 15, shape, dtype=np.int16)
    return samples[:, 0] if channels == 1 else samples


def alignment(path, spans_s=SPANS_S, texts=TEXTS, end_s=END_S, **settings):
    """Return an alignment of sentences at given times, as far as exports look at it."""
    sentences = [
        {"text": text, "start_time": start, "end_time": end, "aligned": True,
         "score": -0.125 * (n + 1)}
        for n, (text, (start, end)) in enumerate(zip(texts, spans_s, strict=True))
    ]  # fmt: skip
    return {
        "transcript": "\n".join(texts),
        "language": "eng",
        "audio_path": str(path),
        "audio_duration": end_s - settings.get("start_s", 0.0),
        "sentences": sentences,
        "settings": settings,
    }


def transcription(path, spans_s=SPANS_S, texts=TEXTS, end_s=END_S):
    """Return the same as a transcription."""
    segments = [
        {"text": f" {text}", "start_s": start, "end_s": end, "avg_logprob": -0.5}
        for text, (start, end) in zip(texts, spans_s, strict=True)
    ]
    return {
        "text": " ".join(texts),
        "language": None,
        "audio_path": str(path),
        "audio_duration_s": end_s,
        "segments": segments,
    }


class Corpus:
    """Recordings in a folder, and their results in another.

    Attributes:
        out: where the results are.
        items: of the corpus.
        outcomes: of those, by id.
    """

    def __init__(self, folder):
        self.sources, self.out = folder / "recorded", folder / "out"
        self.sources.mkdir()
        self.out.mkdir()
        self.items, self.outcomes = [], {}

    def add(self, item_id, samples=None, *, suffix=".wav", document=None, subtype="PCM_16", **part):
        """Add an item that is done, and return where its recording is."""
        samples = noise(seed=len(self.items)) if samples is None else samples
        path = self.sources / f"{len(self.items)}{suffix}"
        soundfile.write(path, samples, RATE_HZ, subtype)
        os.utime(path, ns=(10**18 + len(self.items), 10**18 + len(self.items)))
        document = document or alignment(path, **part)
        file = self.out / f"{item_id}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document), encoding="utf-8")
        self.items.append(Item(item_id, str(path), " ".join(TEXTS), "eng", **part))
        self.outcomes[item_id] = ItemOutcome(
            item_id, "0", outputs=(f"{item_id}.txt", f"{item_id}.json"), mean_score=-0.25
        )
        return path


def files_in(folder):
    """Return the names of all files below a folder, but those of its own record."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir() and not path.name.startswith(".")
    )
