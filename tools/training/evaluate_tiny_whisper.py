"""Measure the small Whisper model with transformers' own `generate`.

    python tools/training/evaluate_tiny_whisper.py --model models/tiny-whisper

Sentences and voices (`rms` of Flite, `f5` and `m8` of eSpeak NG) are held out of training. Printed
for each set: the word error rate after Whisper's normaliser with and without timestamps, how far
the ends of segments are from the true ends of their sentences, and text where nobody speaks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import soundfile
import soxr
import torch
from make_samples import Sample, speak_sentence
from whisper_domain import grammatical_sentence, is_held_out, random_sentence

RATE_HZ = 16000
WINDOW_S = 30
VOICES = (("flite", "rms"), ("espeak", "en-us+f5"), ("espeak", "en+m8"))


@dataclass(frozen=True)
class Case:
    """Audio of at most 30 s, what is said and when each sentence ends."""

    samples: np.ndarray
    sentences: tuple[str, ...]
    ends_s: tuple[float, ...]


@dataclass(frozen=True)
class Answer:
    """What the model wrote: text without timestamps, text with them, ends of the segments."""

    plain_text: str
    timed_text: str
    ends_s: tuple[float, ...]


@dataclass(frozen=True)
class Kind:
    """What a set of windows holds.

    Attributes:
        name: Shown in the table.
        voices: Synthesisers and their voices, in turn.
        seconds: Length of the windows; 0 for one sentence each.
        shuffled: Domain words in any order beside grammatical sentences.
        gap_s: Shortest and longest pause behind the first or the second sentence; 0 for none.
    """

    name: str
    voices: tuple[tuple[str, str], ...]
    seconds: float = 0.0
    shuffled: bool = False
    gap_s: tuple[float, float] = (0.0, 0.0)


KINDS = (
    Kind("sentences, Flite rms", VOICES[:1]),
    Kind("sentences, eSpeak f5 and m8", VOICES[1:]),
    Kind("words in any order, Flite rms", VOICES[:1], shuffled=True),
    Kind("windows of 10 s, Flite rms", VOICES[:1], 10),
    Kind("windows of 30 s, Flite rms", VOICES[:1], 30),
    Kind("windows of 30 s, eSpeak f5 and m8", VOICES[1:], 30),
    Kind("with a gap, Flite rms", VOICES[:1], 30, gap_s=(5, 20)),
    Kind("with a gap, eSpeak f5 and m8", VOICES[1:], 30, gap_s=(5, 20)),
)


def make_cases(kind: Kind, count: int, seed: int) -> list[Case]:
    """Fill `count` windows with held-out sentences and pauses of 0.3 to 1.5 s."""
    rng = np.random.default_rng(seed)
    return [_make_case(rng, kind, *kind.voices[i % len(kind.voices)]) for i in range(count)]


def _make_case(rng: np.random.Generator, kind: Kind, synthesiser: str, voice: str) -> Case:
    pieces = [np.zeros(int(rng.uniform(0, 0.5) * RATE_HZ), np.float32)]
    sentences, ends = [], []
    gap_after = int(rng.integers(1, 3)) if kind.gap_s[1] else 0
    while True:
        text = (random_sentence if kind.shuffled else grammatical_sentence)(rng)
        if not is_held_out(text):
            continue
        try:
            samples, rate, words = speak_sentence(
                Sample("", text, synthesiser=synthesiser, voice=voice), text
            )
        except ValueError:
            continue
        samples = soxr.resample(samples, rate, RATE_HZ)
        start_s = sum(map(len, pieces)) / RATE_HZ
        limit_s = kind.seconds or WINDOW_S
        if start_s + len(samples) / RATE_HZ > limit_s:
            break
        sentences.append(text)
        pause_s = rng.uniform(*(kind.gap_s if len(sentences) == gap_after else (0.3, 1.5)))
        pieces += [samples, np.zeros(int(pause_s * RATE_HZ), np.float32)]
        ends.append(words[-1].end_s + start_s)
        if not kind.seconds:
            break
    audio = np.concatenate(pieces)[: WINDOW_S * RATE_HZ]
    return Case(0.5 * audio / np.abs(audio).max(), tuple(sentences), tuple(ends))


def silent_cases() -> Iterator[tuple[str, np.ndarray]]:
    """Sounds without speech, with their names."""
    rng = np.random.default_rng(404)
    for seconds in (3, 30):
        count = seconds * RATE_HZ
        times = np.arange(count) / RATE_HZ
        white = rng.standard_normal(count)
        hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 20)
        yield f"digital silence, {seconds} s", np.zeros(count)
        for name, exponent in (("white", 0.0), ("pink", 0.5), ("brown", 1.0)):
            noise = np.fft.irfft(np.fft.rfft(white) / hertz**exponent, count)
            for level in (0.002, 0.1):
                yield f"{name} noise at {level}, {seconds} s", level * noise / noise.std()
        hum = sum(np.sin(2 * np.pi * 50 * k * times) / k for k in range(1, 6))
        yield f"hum, {seconds} s", 0.1 * hum
        for tone_hz in (200, 440, 1000, 3000):
            yield f"tone of {tone_hz} Hz, {seconds} s", 0.3 * np.sin(2 * np.pi * tone_hz * times)


class Recogniser:
    """The model behind one call, as plain transformers runs it."""

    def __init__(self, folder: Path) -> None:
        from transformers import WhisperForConditionalGeneration, WhisperProcessor
        from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

        self._model = WhisperForConditionalGeneration.from_pretrained(folder).eval()
        self._processor = WhisperProcessor.from_pretrained(folder)
        self._first_stamp = self._model.generation_config.no_timestamps_token_id + 1
        self.normalise = EnglishTextNormalizer({})

    def answer(self, audio: Sequence[np.ndarray], batch: int = 6) -> list[Answer]:
        """Transcribe windows of at most 30 s, with and without timestamps."""
        answers = []
        for start in range(0, len(audio), batch):
            features = self._processor(
                [samples.astype(np.float32) for samples in audio[start : start + batch]],
                sampling_rate=RATE_HZ,
                return_tensors="pt",
            ).input_features
            plain, timed = (self._generate(features, with_times) for with_times in (False, True))
            answers += [
                Answer(self._text(a), self._text(b), self._ends(b))
                for a, b in zip(plain, timed, strict=True)
            ]
        return answers

    def _generate(self, features: torch.Tensor, with_times: bool) -> list[list[int]]:
        with torch.inference_mode():
            output = self._model.generate(
                features, return_timestamps=with_times, max_new_tokens=300, num_beams=1
            )
        return output.tolist()

    def _text(self, tokens: list[int]) -> str:
        return self._processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()

    def _ends(self, tokens: list[int]) -> tuple[float, ...]:
        """Times of the stamps that follow text."""
        stamps = np.array(tokens) >= self._first_stamp
        is_text = np.array(tokens) < self._model.config.eos_token_id
        at = np.flatnonzero(stamps[1:] & is_text[:-1]) + 1
        return tuple((tokens[i] - self._first_stamp) * 0.02 for i in at)


def report_speech(name: str, recogniser: Recogniser, cases: Sequence[Case]) -> None:
    """Print the row of one set."""
    answers = recogniser.answer([case.samples for case in cases])
    truth = [recogniser.normalise(" ".join(case.sentences)) for case in cases]
    rates = [
        jiwer.wer(truth, [recogniser.normalise(text) for text in texts])
        for texts in (
            [answer.plain_text for answer in answers],
            [answer.timed_text for answer in answers],
        )
    ]
    gaps = [
        min((abs(end - guess) for guess in answer.ends_s), default=30.0)
        for case, answer in zip(cases, answers, strict=True)
        for end in case.ends_s
    ]
    words = sum(len(text.split()) for text in truth)
    print(
        f"{name:34s} {words:5d} words  WER {100 * rates[0]:5.1f} %  with times "
        f"{100 * rates[1]:5.1f} %  ends {1000 * np.median(gaps):4.0f} ms, "
        f"{100 * np.mean(np.array(gaps) <= 0.2):5.1f} % within 0.2 s",
        flush=True,
    )


def report_silence(recogniser: Recogniser) -> None:
    """Print what is written where nobody speaks."""
    names, audio = zip(*silent_cases(), strict=True)
    answers = recogniser.answer(audio)
    wrong = [
        f"  {name}: {answer.plain_text!r} {answer.timed_text!r}"
        for name, answer in zip(names, answers, strict=True)
        if answer.plain_text or answer.timed_text
    ]
    print(f"no speech: {len(names) - len(wrong)} of {len(names)} empty", *wrong, sep="\n")


def read_mono(path: Path) -> np.ndarray:
    """Read a file as float32 at 16 kHz, its channels averaged."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(1), rate, RATE_HZ)


def report_files(recogniser: Recogniser, folder: Path) -> None:
    """Print each file of a folder that fits into a window, with what was written."""
    for path in sorted([*folder.glob("*.wav"), *folder.glob("*.flac")]):
        samples = read_mono(path)
        if len(samples) > WINDOW_S * RATE_HZ:
            continue
        answer = recogniser.answer([samples])[0]
        truth = path.with_suffix(".txt").read_text(encoding="utf-8")
        rate = jiwer.wer(recogniser.normalise(truth), recogniser.normalise(answer.timed_text))
        print(f"{path.name}: WER {100 * rate:.0f} %: {answer.timed_text}")


def main() -> None:
    """Measure a model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--windows", type=int, default=12, help="windows in each set (default 12)")
    parser.add_argument("--samples", type=Path, nargs="*", default=[], help="folders of samples")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recogniser = Recogniser(arguments.model)
    for kind in KINDS:
        count = arguments.windows if kind.seconds else 4 * arguments.windows
        report_speech(kind.name, recogniser, make_cases(kind, count, 404))
    report_silence(recogniser)
    for folder in arguments.samples:
        report_files(recogniser, folder)


if __name__ == "__main__":
    main()
