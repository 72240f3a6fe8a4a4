"""Recordings whose word times are known: an audio file, its transcript, the times of its words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from speech_synthesis import SynthesisedSpeech


@dataclass(frozen=True)
class TimedWord:
    """A word of the transcript and when it is heard."""

    text: str
    start_s: float
    end_s: float


def word_times(texts: Sequence[str], speech: SynthesisedSpeech) -> list[TimedWord]:
    """Read off when each word is heard: from its first phone to the end of its last.

    Args:
        texts: The words as the transcript writes them, one for each group of `speech`.
        speech: What was synthesised for them.

    Raises:
        ValueError: The synthesiser joined words, so that their times are not known.
    """
    if any(len(group) != 1 for group in speech.groups):
        raise ValueError(f"words of {' '.join(texts)!r} were joined: {speech.groups}")
    words = []
    for i, text in enumerate(texts):
        phones = [phone for phone in speech.phones if phone.group == i]
        words.append(TimedWord(text, phones[0].start_s, phones[-1].end_s))
    return words


def moved(words: Sequence[TimedWord], seconds: float) -> list[TimedWord]:
    """Let words be heard later."""
    return [TimedWord(w.text, w.start_s + seconds, w.end_s + seconds) for w in words]


def write_recording(
    path: Path,
    samples: np.ndarray,
    sample_rate_hz: int,
    transcript: str,
    words: Sequence[TimedWord],
    facts: Mapping[str, object],
) -> None:
    """Write the audio, and beside it the transcript (.txt) and the times (.json).

    Args:
        path: The audio file.
        samples: float32, shape (N,) or (N, 2), -1 to 1.
        sample_rate_hz: Rate of `samples`.
        transcript: Its words are those of `words`.
        words: When each is heard.
        facts: How the recording was made.
    """
    soundfile.write(path, samples, sample_rate_hz, subtype="PCM_16")
    path.with_suffix(".txt").write_text(transcript + "\n", encoding="utf-8", newline="\n")
    content = {
        "audio": path.name,
        "transcript": transcript,
        **facts,
        "sample_rate_hz": sample_rate_hz,
        "words": [
            {"text": w.text, "start_s": round(w.start_s, 4), "end_s": round(w.end_s, 4)}
            for w in words
        ],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8", newline="\n")
