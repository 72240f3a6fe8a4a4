"""Results of both tasks to write, and what can go wrong in their text and times."""

from dataclasses import replace

import pytest

from speech_toolkit.alignment.quality.quality import NotInTranscript, NotSpoken, Quality, Reason
from speech_toolkit.alignment.result import AlignmentResult, StageTimes, TimedSpan
from speech_toolkit.transcription.result import (
    Stretch,
    TranscribedSegment,
    TranscribedWord,
    TranscriptionResult,
)
from tests.unit.formats.nasty import alignment_document, transcription_document


def make_segment(start_s, end_s, text, words=()):
    return TranscribedSegment(
        text=text,
        start_s=start_s,
        end_s=end_s,
        tokens=(5, 6),
        avg_logprob=-0.25,
        no_speech_prob=0.01,
        compression_ratio=1.1,
        temperature=0.0,
        window=0,
        words=words,
    )


def make_result(*segments):
    return TranscriptionResult(
        text=" ".join(segment.text for segment in segments),
        segments=segments,
        language="en",
        language_probability=0.98765,
        audio_path="a.wav",
        audio_duration_s=12.5,
        coverage=(Stretch(0.0, 10.0), Stretch(10.0, 12.5, "silence")),
        tokens=((1, 5, 6, 2),),
        margins=None,
        windows=1,
        settings={"mode": "transcribe"},
        model_path="model",
        device="cpu",
        dtype="torch.float32",
        model_load_s=1.5,
        stage_times_s={"encoder": 0.1, "tokens": 0.2},
        transcribe_s=0.5,
        memory={"peak_allocated_bytes": 1000, "peak_reserved_bytes": None},
        environment={"device": "cpu"},
        versions={"torch": "2.9.0", "torch_npu": None},
        warnings=("cut short",),
    )


@pytest.fixture
def segment():
    """Make one segment from start, end and text."""
    return make_segment


@pytest.fixture
def result():
    """Make a result from segments."""
    return make_result


@pytest.fixture
def two_sentences(result):
    """A result of two plain sentences, the first with its words."""
    words = (TranscribedWord("Good", 0.5, 0.8, 0.9), TranscribedWord("morning.", 0.8, 1.24, 0.8))
    return result(
        make_segment(0.5, 1.24, "Good morning.", words),
        make_segment(3661.0, 3662.5, "An hour later."),
    )


def make_span(text, start_time, end_time, start_char, score=-0.5):
    return TimedSpan(text, start_time, end_time, score, start_char, start_char + len(text))


@pytest.fixture
def alignment():
    """Two aligned sentences; the dash has no letter of its own."""
    letters = (("h", 0.1, 0.2, 0), ("i", 0.2, 0.4, 1), ("n", 1.0, 1.1, 6), ("o", 1.1, 1.3, 7))
    dash = make_span("-", 0.4, 0.4, 3, score=None)
    return AlignmentResult(
        device="cpu",
        dtype="torch.float32",
        model_path="model",
        audio_path="a.wav",
        transcript="Hi -. No",
        language="eng",
        audio_duration=2.5,
        times=StageTimes(0.0, 0.1, 0.2, 0.3),
        segments=tuple(make_span(*letter) for letter in letters),
        words=(make_span("Hi", 0.1, 0.4, 0), dash, make_span("No", 1.0, 1.3, 6, score=-1.0)),
        sentences=(make_span("Hi -.", 0.1, 0.4, 0), make_span("No", 1.0, 1.3, 6)),
        num_frames=125,
        frame_stride_s=0.02,
        settings={},
        environment={},
        versions={},
        quality=Quality("good", 0.98),
    )


@pytest.fixture
def judged_alignment(alignment):
    """The same with confidences, a word that was not spoken, and speech that the text lacks."""
    hi, dash, no = alignment.words
    return replace(
        alignment,
        words=(replace(hi, confidence=0.93), dash, replace(no, confidence=0.04)),
        sentences=tuple(replace(each, confidence=0.5) for each in alignment.sentences),
        quality=Quality(
            "check",
            0.51,
            (Reason("not_spoken", "1 word was probably not spoken: No"),),
            (NotSpoken(2, 3, "No", 6, 8, 1.0, 1.3, 0.97),),
            (NotInTranscript(0.5, 0.9, 1, "hi", (0, 1), 0.9),),
        ),
    )


@pytest.fixture(params=[alignment_document, transcription_document])
def nasty_document(request):
    """A result of either task with all awkward words of ``nasty.SENTENCES``."""
    return request.param()
