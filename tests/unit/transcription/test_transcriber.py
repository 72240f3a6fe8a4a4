"""Recordings one by one, and many through one loaded model."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import UsageError
from speech_toolkit.transcription import Transcriber, TranscriptionSettings

SENTENCE = Path(__file__).parents[3] / "samples" / "recognition" / "sentence.flac"
TWO = SENTENCE.with_name("two_sentences.wav")


@pytest.fixture(scope="module")
def transcriber():
    return Transcriber.load(device="cpu")


@pytest.fixture(scope="module")
def clips():
    """Speech of different lengths, the last longer than a window of 3 s."""
    sentence, two = load_audio(SENTENCE), load_audio(TWO)
    half = replace(sentence, samples=sentence.samples[: len(sentence.samples) // 2], source="half")
    return [half, sentence, two]


def test_of_many_recordings_one_that_fails_stops_no_other(transcriber, tmp_path):
    (tmp_path / "text.wav").write_text("hello, I am a text")
    audio = [SENTENCE, tmp_path / "none.wav", tmp_path / "text.wav", load_audio(SENTENCE, 8000)]
    outcomes = list(transcriber.transcribe_many(iter([*audio, load_audio(SENTENCE)])))
    kinds = [None, "missing", "not audio", "unusable audio", None]
    assert [outcome.error_kind for outcome in outcomes] == kinds
    assert outcomes[0].result.text == outcomes[4].result.text != ""
    assert "none.wav' does not exist" in str(outcomes[1].error)


def heard(result):
    """Return all that is promised not to depend on what shared a batch."""
    words = [(word.text, word.start_s, word.end_s) for word in result.words]
    segments = [(s.text, s.start_s, s.end_s, s.tokens, s.temperature) for s in result.segments]
    return result.tokens, segments, words, result.coverage, result.windows, result.language


@pytest.mark.parametrize(
    "settings",
    [
        TranscriptionSettings(chunk_length_s=3.0, batch_size=4, timestamps="word"),
        TranscriptionSettings(mode="chunked", chunk_length_s=3.0, batch_size=4),
        TranscriptionSettings(mode="chunked", batch_size=4, temperatures=(0.8,), seed=5),
    ],
    ids=["transcribe", "chunked", "drawn"],
)
def test_a_recording_gives_the_same_whatever_shares_its_batches(transcriber, clips, settings):
    alone = [transcriber.transcribe(clip, settings) for clip in clips]
    many = [outcome.result for outcome in transcriber.transcribe_many(clips, settings)]
    assert list(map(heard, many)) == list(map(heard, alone))
    assert all(result.text for result in many)
    for one, other in zip(alone, many, strict=True):
        scores = [s.avg_logprob for s in one.segments]
        assert [s.avg_logprob for s in other.segments] == pytest.approx(scores, rel=1e-4)
        settings_differ = {k for k in one.settings if one.settings[k] != other.settings[k]}
        assert not settings_differ


def test_a_run_is_not_disturbed_by_what_is_transcribed_between_its_outcomes(transcriber, clips):
    half, _, two = clips
    settings = TranscriptionSettings(mode="chunked", batch_size=4)
    alone = {clip.source: heard(transcriber.transcribe(clip, settings)) for clip in (half, two)}
    for clip, outcome in zip(
        [half, two, two], transcriber.transcribe_many([half, two, two], settings), strict=True
    ):
        assert heard(outcome.unwrap()) == alone[clip.source]
        between = list(transcriber.transcribe_many([half, half, half], settings))
        assert [heard(each.unwrap()) for each in between] == [alone[half.source]] * 3


def test_runs_may_take_turns(transcriber, clips):
    settings = TranscriptionSettings(mode="chunked", batch_size=2)
    alone = [heard(transcriber.transcribe(clip, settings)) for clip in clips]
    runs = [transcriber.transcribe_many(clips, settings) for _ in range(2)]
    for expected, *found in zip(alone, *runs, strict=True):
        assert [heard(each.unwrap()) for each in found] == [expected] * 2


def test_an_abandoned_run_ends_its_threads(transcriber, clips):
    before = set(threading.enumerate())
    run = transcriber.transcribe_many(clips, TranscriptionSettings(batch_size=1))
    assert next(run).ok
    assert set(threading.enumerate()) != before
    run.close()
    assert set(threading.enumerate()) == before


def test_what_is_prepared_is_transcribed_once(transcriber, clips):
    prepared = transcriber.prepare(clips[0])
    assert transcriber.transcribe(prepared).text
    with pytest.raises(UsageError, match="'half' was transcribed before: prepare it again"):
        transcriber.transcribe(prepared)


def test_many_take_no_more_recordings_than_fill_a_batch(transcriber, clips):
    taken = []

    def recordings():
        for number in range(100):
            taken.append(number)
            yield clips[0]

    outcomes = transcriber.transcribe_many(recordings(), TranscriptionSettings(batch_size=2))
    assert not taken
    assert next(outcomes).ok
    assert taken == [0, 1]


def test_many_that_fail_are_told_before_more_are_taken(transcriber, tmp_path):
    missing = iter([tmp_path / "none.wav"] * 100)
    assert next(transcriber.transcribe_many(missing)).error_kind == "missing"
    assert len(list(missing)) >= 98


def test_prepared_recordings_are_known_by_their_keys_and_keep_their_languages(transcriber, clips):
    settings = TranscriptionSettings(batch_size=4)
    own = replace(settings, language="en")
    inputs = [
        ("sentence", transcriber.prepare(clips[1], settings), settings),
        (("half", 1), transcriber.prepare(clips[0], own), own),
        ("unknown", transcriber.prepare(clips[0]), replace(settings, language="klingon")),
        ("other", transcriber.prepare(clips[0]), replace(settings, seed=7)),
    ]
    done = dict(transcriber.transcribe_prepared_many(inputs))
    assert done["sentence"].result.settings["language"] is None
    assert done["half", 1].result.settings["language"] == "en"
    assert "klingon" in str(done["unknown"].error)
    assert isinstance(done["other"].error, ValueError)
    shared = [done[key].result.stage_times_s["encoder"] for key in ("sentence", ("half", 1))]
    assert shared[0] == shared[1]


def test_a_run_that_is_stopped_takes_no_more(transcriber, clips):
    stop = threading.Event()
    settings = TranscriptionSettings(batch_size=1)
    prepared = transcriber.prepare(clips[0], settings)
    taken = []

    def inputs():
        for number in range(9):
            taken.append(number)
            yield number, prepared, settings

    done = transcriber.transcribe_prepared_many(inputs(), stop)
    assert next(done)[0] == 0
    stop.set()
    assert list(done) == []
    assert taken == [0]


def test_without_inputs_there_is_nothing(transcriber):
    assert list(transcriber.transcribe_prepared_many([])) == []
