"""What an alignment starts from, checked before a model is needed."""

import os
import time
from dataclasses import dataclass
from typing import Any

from speech_toolkit.alignment.models.language_adapters import is_language
from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.search.viterbi import check_feasible
from speech_toolkit.alignment.text.labels import STAR_CHOICES, LabelSequence, label_sequence
from speech_toolkit.alignment.text.language import resolve_language
from speech_toolkit.alignment.text.markup.marking import MARKUP_CHOICES
from speech_toolkit.alignment.text.segmenters import WORDS_CHOICES, segmenter_of
from speech_toolkit.alignment.text.transcript import (
    AnyTranscript,
    TokenizedTranscript,
    tokenize_transcript,
)
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform, as_waveform
from speech_toolkit.errors import InfeasibleAlignmentError, UsageError
from speech_toolkit.ranges import BATCH_SIZE, CONTEXT_S, WINDOW_S


@dataclass(frozen=True)
class AlignmentSettings:
    """How an alignment is made.

    Attributes:
        language: ISO 639-3 code of the transcript.
        star: where a wildcard may take up audio that the transcript does not hold: ``none``,
            ``edges`` or ``segments`` (around every sentence).
        refine: place the starts and ends of words closer than the model's frames tell, from the
            sound and the model's probabilities.
        window_s: seconds of audio that the model is asked for at a time, above 0.
        context_s: seconds that it sees on either side of them, at least 0.
        batch_size: windows that run together, at least 1; None for the device's default.
        markup: what is done with text that is not meant to be spoken: ``auto`` leaves it in the
            text and does not align it, ``keep`` aligns all, ``strip`` leaves it out of the text.
        words: what the words of text without spaces are: ``auto``, those of a segmenter where one
            is installed, or ``characters``.
        repair: whether to align again without words that were not spoken, and with wildcards where
            speech has no words.
    """

    language: str = "eng"
    star: str = "none"
    refine: bool = True
    window_s: float = 30.0
    context_s: float = 2.0
    batch_size: int | None = None
    markup: str = "auto"
    words: str = "auto"
    repair: bool = False

    @property
    def segmenter(self) -> str | None:
        """The library, with its version, that splits text without spaces; None for none."""
        found = segmenter_of(resolve_language(self.language), self.words)
        return found.name if found else None

    @property
    def needs_wildcard(self) -> bool:
        """Whether a wildcard may be searched for in what the model hears."""
        return self.repair or self.star != "none"

    def __post_init__(self) -> None:
        if self.star not in STAR_CHOICES:
            raise UsageError(f"star {self.star!r}: use one of {', '.join(STAR_CHOICES)}")
        if self.markup not in MARKUP_CHOICES:
            raise UsageError(f"markup {self.markup!r}: use one of {', '.join(MARKUP_CHOICES)}")
        if self.words not in WORDS_CHOICES:
            raise UsageError(f"words {self.words!r}: use one of {', '.join(WORDS_CHOICES)}")
        WINDOW_S.check("window_s", self.window_s)
        CONTEXT_S.check("context_s", self.context_s)
        if self.batch_size is not None:
            BATCH_SIZE.check("batch_size", self.batch_size)

    def told(self) -> dict[str, Any]:
        """Return those that results tell as they were given."""
        names = ("star", "refine", "window_s", "context_s")
        shown = {name: getattr(self, name) for name in names}
        shown |= {"repair": True} if self.repair else {}
        return shown | {"markup": self.markup, "words": self.words}


@dataclass(frozen=True)
class AlignmentInput:
    """Audio and transcript that fit a checkpoint and each other.

    Attributes:
        waveform: at the model's rate.
        transcript: of at least one token.
        labels: what the search will be given; the audio has frames enough for them.
        audio_load_time: seconds that decoding and resampling took.
    """

    waveform: Waveform
    transcript: TokenizedTranscript
    labels: LabelSequence
    audio_load_time: float


def prepare_input(
    audio: str | os.PathLike[str] | AudioSource | Waveform,
    transcript: AnyTranscript,
    checkpoint: CtcCheckpoint,
    settings: AlignmentSettings,
) -> AlignmentInput:
    """Load audio, take the transcript apart, and make sure that one can hold the other.

    Args:
        audio: a file or a part of one, ``-`` for standard input, or a waveform at the model's rate.
        transcript: the text, with its cues where they are known, or already taken apart.
        checkpoint: the vocabulary and the frames that it makes.
        settings: the language and the wildcards.

    Raises:
        AudioError: the audio cannot be used.
        TranscriptError: the transcript holds nothing that can be aligned.
        InfeasibleAlignmentError: the audio has fewer frames than the labels need.
        UsageError: the checkpoint was read with the adapter of another language.
    """
    adapter = checkpoint.adapter
    if adapter is not None and not is_language(adapter, settings.language):
        raise UsageError(
            f"{checkpoint.directory}: was loaded with the adapter of {adapter}, the transcript is "
            f"in {settings.language}; load it again with language={settings.language!r}"
        )
    geometry, vocabulary = checkpoint.geometry, checkpoint.vocabulary
    if not isinstance(transcript, TokenizedTranscript):
        transcript = tokenize_transcript(
            transcript, vocabulary, settings.language, settings.markup, settings.words
        )
    started = time.perf_counter()
    audio = as_waveform(audio, geometry.sample_rate_hz, geometry.fewest_samples)
    audio_load_time = time.perf_counter() - started
    labels = label_sequence(transcript, vocabulary, settings.star)
    try:
        check_feasible(geometry.frames(len(audio.samples)), labels.targets)
    except InfeasibleAlignmentError as error:
        raise InfeasibleAlignmentError(
            f"{audio.source} ({audio.duration_s:.2f} s) is too short for its transcript: {error}"
        ) from error
    return AlignmentInput(audio, transcript, labels, audio_load_time)
