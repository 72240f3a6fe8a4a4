"""What one alignment yields, and its form as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, repeat
from math import exp
from typing import Any, Literal

from speech_toolkit.alignment.clock import TIME_DIGITS, Clock
from speech_toolkit.alignment.quality.quality import Quality
from speech_toolkit.alignment.spans import AlignedSpans, Spans
from speech_toolkit.alignment.text.labels import LabelSequence
from speech_toolkit.alignment.text.transcript import TokenizedTranscript, Word

SCHEMA_VERSION = "1.0"
_SCORE_DIGITS = 4


@dataclass(frozen=True)
class TimedSpan:
    """A stretch of the audio and the stretch of the transcript that is spoken in it.

    Attributes:
        text: exactly as the transcript has it; for a segment, the label that was aligned.
        start_time: seconds from the start of the audio.
        end_time: seconds, where the span no longer is; never before ``start_time``.
        score: mean log-probability over the span's own letters, None where it has none.
        start_char: first character in the transcript.
        end_char: the character after its last.
        confidence: in 0..1, how sure it is that the audio holds it here; None for a segment, and
            for what has no letters.
        spoken: of a word, what was aligned for it in the language's own letters: "twenty five" for
            "25"; False where it is not spoken. None for segments and sentences.
        start_range: of a word that has letters, between which seconds it begins in nine cases of
            ten; None for words without letters, segments and sentences.
    """

    text: str
    start_time: float
    end_time: float
    score: float | None
    start_char: int
    end_char: int
    confidence: float | None = None
    spoken: str | Literal[False] | None = None
    start_range: tuple[float, float] | None = None

    @property
    def aligned(self) -> bool:
        """Whether the span has letters of its own on the path."""
        return self.score is not None

    @property
    def probability(self) -> float | None:
        """The score as the geometric mean of the letters' probabilities, in 0..1."""
        return None if self.score is None else round(exp(min(self.score, 0.0)), _SCORE_DIGITS)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of a word or a sentence."""
        spoken = {} if self.spoken is None else {"spoken": self.spoken}
        return {"text": self.text, **self._figures(), "confidence": self.confidence, **spoken}

    def to_word(self) -> dict[str, Any]:
        """Return the JSON form of a word."""
        low, high = self.start_range or (None, None)
        return self.to_dict() | {"start_low": low, "start_high": high}

    def to_segment(self) -> dict[str, Any]:
        """Return the JSON form of a segment, whose text is a label."""
        return {"token": self.text, **self._figures()}

    def _figures(self) -> dict[str, Any]:
        return {
            "start_time": self.start_time,
            "end_time": self.end_time,
            "score": self.score,
            "probability": self.probability,
            "aligned": self.aligned,
            "start_char": self.start_char,
            "end_char": self.end_char,
        }


@dataclass(frozen=True)
class Decoded:
    """When everything is, and whether it was said at all.

    Attributes:
        segments: one per aligned label.
        words: one per word of the transcript.
        sentences: one per sentence of the transcript.
        quality: of the transcript.
    """

    segments: tuple[TimedSpan, ...]
    words: tuple[TimedSpan, ...]
    sentences: tuple[TimedSpan, ...]
    quality: Quality


@dataclass(frozen=True)
class StageTimes:
    """Seconds that each stage took, the device synchronised at both ends.

    Attributes:
        model_load_time: imports of torch and transformers, device start, weights; 0 for a model
            that was loaded before.
        audio_load_time: decoding and resampling.
        infer_time: waveform to log-probabilities.
        align_time: log-probabilities to spans.
    """

    model_load_time: float
    audio_load_time: float
    infer_time: float
    align_time: float


@dataclass(frozen=True)
class AlignmentResult:
    """One audio file aligned with its transcript.

    Attributes:
        device: as it was selected, such as ``cpu``, ``npu`` or ``npu:1``.
        dtype: of the model, such as ``torch.float32``.
        model_path: the checkpoint.
        audio_path: the audio, ``-`` for standard input.
        transcript: as given.
        language: ISO 639-3 code.
        audio_duration: seconds of audio that were aligned; times count from the file's start.
        times: seconds per stage.
        segments: one per aligned label, in order; ``text`` is the label.
        words: one per word of the transcript, in order.
        sentences: one per sentence of the transcript, in order.
        num_frames: frames of the emissions.
        frame_stride_s: seconds per frame.
        settings: what else shaped the result.
        environment: what it ran on.
        versions: of the toolkit and its packages.
        quality: whether the transcript is what was said.
        warnings: what the user should know.
    """

    device: str
    dtype: str
    model_path: str
    audio_path: str
    transcript: str
    language: str
    audio_duration: float
    times: StageTimes
    segments: tuple[TimedSpan, ...]
    words: tuple[TimedSpan, ...]
    sentences: tuple[TimedSpan, ...]
    num_frames: int
    frame_stride_s: float
    settings: dict[str, Any]
    environment: dict[str, Any]
    versions: dict[str, str | None]
    quality: Quality
    warnings: tuple[str, ...] = ()

    @property
    def rtf(self) -> float:
        """Real-time factor: seconds of inference per second of audio."""
        return self.times.infer_time / self.audio_duration

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, described by ``results/schemas/alignment.schema.json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "device": self.device,
            "dtype": self.dtype,
            "model_path": self.model_path,
            "audio_path": self.audio_path,
            "transcript": self.transcript,
            "language": self.language,
            "audio_duration": self.audio_duration,
            **{stage: round(seconds, TIME_DIGITS) for stage, seconds in asdict(self.times).items()},
            "rtf": round(self.rtf, TIME_DIGITS),
            "num_frames": self.num_frames,
            "frame_stride_s": self.frame_stride_s,
            "segments": [segment.to_segment() for segment in self.segments],
            "words": [word.to_word() for word in self.words],
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "quality": self.quality.to_dict(),
            "settings": self.settings,
            "environment": self.environment,
            "versions": self.versions,
            "warnings": list(self.warnings),
        }


def timed_spans(
    spans: AlignedSpans,
    labels: LabelSequence,
    transcript: TokenizedTranscript,
    clock: Clock,
    word_confidences: Iterable[float | None] = repeat(None),
    sentence_confidences: Iterable[float | None] = repeat(None),
) -> tuple[tuple[TimedSpan, ...], tuple[TimedSpan, ...], tuple[TimedSpan, ...]]:
    """Join spans of frames with the transcript they belong to.

    Args:
        spans: of tokens, words and sentences.
        labels: whose tokens they are.
        transcript: whose words and sentences they are.
        clock: when the frames are.
        word_confidences: one for each word, at least.
        sentence_confidences: one for each sentence, at least.

    Returns:
        The segments, the words and the sentences.
    """

    def timed(
        spans: Spans,
        parts: Sequence[Any],
        confidences: Iterable[float | None],
        start_ranges: Iterable[tuple[float, float] | None] = repeat(None),
    ) -> tuple[TimedSpan, ...]:
        columns = (spans.starts.tolist(), spans.ends.tolist(), spans.scores.tolist())
        told = (islice(each, len(parts)) for each in (confidences, start_ranges))
        return tuple(
            TimedSpan(
                text=part.text,
                start_time=clock.seconds(start),
                end_time=clock.seconds(end),
                score=None if score != score else round(score, _SCORE_DIGITS),
                start_char=part.start_char,
                end_char=part.end_char,
                confidence=confidence,
                spoken=part.spoken if isinstance(part, Word) else None,
                start_range=start_range,
            )
            for part, start, end, score, confidence, start_range in zip(
                parts, *columns, *told, strict=True
            )
        )

    ranges = [
        None if low != low else (clock.seconds(low), clock.seconds(high))
        for low, high in spans.word_start_ranges.tolist()
    ]
    return (
        timed(spans.tokens, labels.tokens, repeat(None)),
        timed(spans.words, transcript.words, word_confidences, ranges),
        timed(spans.sentences, transcript.sentences, sentence_confidences),
    )
