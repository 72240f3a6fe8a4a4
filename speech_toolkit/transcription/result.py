"""What one transcription yields, and its form as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

SCHEMA_VERSION = "1.0"
_TIME_DIGITS = 3
_SCORE_DIGITS = 4
_Timed = TypeVar("_Timed", "TranscribedWord", "TranscribedSegment", "Stretch")


@dataclass(frozen=True)
class TranscribedWord:
    """A word and when it is spoken.

    Attributes:
        text: the word with its punctuation, without spaces around it.
        start_s: seconds from the start of the audio.
        end_s: seconds, where the word no longer is.
        probability: mean probability of its tokens, in 0..1.
    """

    text: str
    start_s: float
    end_s: float
    probability: float

    def later(self, by_s: float) -> TranscribedWord:
        """Return the word, spoken some seconds later."""
        return _later(self, by_s)


@dataclass(frozen=True)
class TranscribedSegment:
    """A stretch of audio and the text spoken in it.

    Attributes:
        text: without spaces around it.
        start_s: seconds from the start of the audio.
        end_s: seconds, where the segment no longer is.
        tokens: ids of the text, without timestamps.
        avg_logprob: mean log-probability of the tokens of the segment's window.
        no_speech_prob: probability that the window holds no speech; None where the model has no
            token for it.
        compression_ratio: UTF-8 bytes of the window's text over their zlib size.
        temperature: at which the window was decoded.
        window: index of the window.
        repetitive: whether the text repeats itself beyond the compression ratio's limit.
        words: with times, where those were asked for.
    """

    text: str
    start_s: float
    end_s: float
    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float | None
    compression_ratio: float
    temperature: float
    window: int
    repetitive: bool = False
    words: tuple[TranscribedWord, ...] = ()

    def later(self, by_s: float) -> TranscribedSegment:
        """Return the segment with its words, spoken some seconds later."""
        return _later(self, by_s, words=tuple(word.later(by_s) for word in self.words))


@dataclass(frozen=True)
class Stretch:
    """A stretch of the audio that was transcribed, or skipped and why.

    Attributes:
        start_s: seconds from the start of the audio.
        end_s: seconds, half-open.
        reason: why it was skipped: "silence", "no speech", or "cut off" where text is missing since
            the limit of tokens was reached; None where it was transcribed.
    """

    start_s: float
    end_s: float
    reason: str | None = None

    def later(self, by_s: float) -> Stretch:
        """Return the stretch, some seconds later."""
        return _later(self, by_s)


@dataclass(frozen=True)
class TranscriptionResult:
    """One audio file and what is said in it.

    Attributes:
        text: all segments joined.
        segments: in order of time.
        language: code; None for a model of one language without a name for it.
        language_probability: None where the language was given.
        audio_path: the audio, ``-`` for standard input.
        audio_duration_s: seconds of audio that were transcribed; times count from the file's start.
        coverage: stretches in order that together make up all of that audio.
        tokens: every window's generated ids in order, timestamps included.
        margins: for each of ``tokens`` its lead in log-probability over the second best, where
            that was asked for.
        windows: how many windows were encoded.
        settings: what else shaped the result.
        model_path: the checkpoint.
        device: as it was selected, such as ``cpu`` or ``npu:1``.
        dtype: of the model, such as ``torch.float32``.
        model_load_s: seconds, 0 for a model that was loaded before.
        stage_times_s: seconds per stage, reading in part beside the others; of a batch shared with
            other files its share, by windows.
        transcribe_s: seconds that it took of the run by the clock, shared likewise: finding speech
            in what was read before its turn, the model, and waiting for what was read beside it.
        memory: of the device, in bytes, its peak that of the run of all files.
        environment: what it ran on.
        versions: of the toolkit and its packages.
        warnings: what the user should know.
        stage_times_are: "synchronised" where each stage waited for its work, "launch" where a card
            may still have been at it.
    """

    text: str
    segments: tuple[TranscribedSegment, ...]
    language: str | None
    language_probability: float | None
    audio_path: str
    audio_duration_s: float
    coverage: tuple[Stretch, ...]
    tokens: tuple[tuple[int, ...], ...]
    margins: tuple[tuple[float, ...], ...] | None
    windows: int
    settings: dict[str, Any]
    model_path: str
    device: str
    dtype: str
    model_load_s: float
    stage_times_s: dict[str, float]
    transcribe_s: float
    memory: dict[str, int | None]
    environment: dict[str, Any]
    versions: dict[str, str | None]
    warnings: tuple[str, ...] = ()
    stage_times_are: str = "synchronised"

    @property
    def words(self) -> tuple[TranscribedWord, ...]:
        """The words of all segments, in order."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def rtf(self) -> float:
        """Real-time factor: seconds of transcription per second of audio."""
        return self.transcribe_s / self.audio_duration_s

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, described by ``results/schemas/transcription.schema.json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "device": self.device,
            "dtype": self.dtype,
            "model_path": self.model_path,
            "audio_path": self.audio_path,
            "audio_duration_s": round(self.audio_duration_s, _TIME_DIGITS),
            "language": self.language,
            "language_probability": _rounded(self.language_probability, _SCORE_DIGITS),
            "text": self.text,
            "segments": [_segment_dict(segment) for segment in self.segments],
            "words": [_word_dict(word) for word in self.words],
            "coverage": _coverage_dict(self.coverage),
            "windows": self.windows,
            "model_load_s": round(self.model_load_s, _TIME_DIGITS),
            "transcribe_s": round(self.transcribe_s, 6),
            "rtf": round(self.rtf, 6),
            "stage_times_s": {name: round(s, 6) for name, s in self.stage_times_s.items()},
            "stage_times_are": self.stage_times_are,
            "memory": self.memory,
            "settings": self.settings,
            "environment": self.environment,
            "versions": self.versions,
            "warnings": list(self.warnings),
        }


def _later(timed: _Timed, by_s: float, **parts: Any) -> _Timed:
    if not by_s:
        return timed
    return replace(timed, start_s=timed.start_s + by_s, end_s=timed.end_s + by_s, **parts)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _segment_dict(segment: TranscribedSegment) -> dict[str, Any]:
    return {
        "start_s": round(segment.start_s, _TIME_DIGITS),
        "end_s": round(segment.end_s, _TIME_DIGITS),
        "text": segment.text,
        "tokens": list(segment.tokens),
        "avg_logprob": round(segment.avg_logprob, _SCORE_DIGITS),
        "no_speech_prob": _rounded(segment.no_speech_prob, _SCORE_DIGITS),
        "compression_ratio": round(segment.compression_ratio, _SCORE_DIGITS),
        "temperature": segment.temperature,
        "window": segment.window,
        "repetitive": segment.repetitive,
    }


def _word_dict(word: TranscribedWord) -> dict[str, Any]:
    return {
        "text": word.text,
        "start_s": round(word.start_s, _TIME_DIGITS),
        "end_s": round(word.end_s, _TIME_DIGITS),
        "probability": round(word.probability, _SCORE_DIGITS),
    }


def _coverage_dict(coverage: tuple[Stretch, ...]) -> dict[str, Any]:
    """Sum up the seconds of each kind, and list all stretches."""
    skipped = [stretch for stretch in coverage if stretch.reason]
    skipped_s = sum(stretch.end_s - stretch.start_s for stretch in skipped)
    total_s = sum(stretch.end_s - stretch.start_s for stretch in coverage)
    return {
        "transcribed_s": round(total_s - skipped_s, _TIME_DIGITS),
        "skipped_s": round(skipped_s, _TIME_DIGITS),
        "stretches": [
            {
                **asdict(stretch),
                "start_s": round(stretch.start_s, _TIME_DIGITS),
                "end_s": round(stretch.end_s, _TIME_DIGITS),
            }
            for stretch in coverage
        ],
    }
