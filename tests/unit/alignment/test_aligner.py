import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.cli.align_file import AlignmentRequest, align_file
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import AudioError, InfeasibleAlignmentError, TranscriptError, UsageError

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "results/schemas/alignment.schema.json").read_text()
)
SAMPLES = Path(__file__).parents[3] / "samples"
TEXT = "Hello, World! 🙂 It's 5 o'clock."


@pytest.fixture(scope="module")
def aligner(checkpoint_template):
    return Aligner.load(checkpoint_template, device="cpu")


def test_result_holds_against_its_schema(aligner, make_waveform):
    result = aligner.align(make_waveform(48000), TEXT).to_dict()
    jsonschema.validate(result, SCHEMA)
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_words_and_sentences_are_slices_of_the_transcript(aligner, make_waveform):
    result = aligner.align(make_waveform(48000), TEXT)
    assert [word.text for word in result.words] == TEXT.split()
    for span in (*result.words, *result.sentences):
        assert span.text == TEXT[span.start_char : span.end_char]
    assert result.sentences[0].text == "Hello, World! 🙂"


def test_word_without_letters_is_flagged_and_keeps_its_place(aligner, make_waveform):
    result = aligner.align(make_waveform(48000), TEXT)
    before, emoji, after = result.words[1:4]
    assert (emoji.aligned, emoji.score, emoji.probability) == (False, None, None)
    assert before.end_time <= emoji.start_time <= emoji.end_time <= after.start_time


def test_words_alone_say_what_is_spoken_for_them(aligner, make_waveform):
    result = aligner.align(make_waveform(48000), TEXT).to_dict()
    spoken = [word["spoken"] for word in result["words"]]
    assert spoken == ["hello", "world", False, "it's", "five", "o'clock"]
    assert not any("spoken" in span for span in (*result["segments"], *result["sentences"]))


@pytest.mark.parametrize("pause_s", [0.6, 1.2, 2.5])
def test_a_pause_inside_a_written_number_moves_none_of_its_parts(pause_s):
    """The parts of "7-42-90" stay where they were put, whichever part is the longest."""
    sample = load_audio(SAMPLES / "numbers.wav", 16000)
    truth = json.loads((SAMPLES / "numbers.json").read_text())["words"]
    blocks, parts = [np.zeros(8000, np.float32)], []
    for name in ("7", "42", "90"):
        (entry,) = [word for word in truth if word["text"] == name]
        start_s = sum(map(len, blocks)) / 16000
        blocks.append(sample.samples[int(entry["start_s"] * 16000) : int(entry["end_s"] * 16000)])
        parts.append((start_s, start_s + len(blocks[-1]) / 16000))
        blocks.append(np.zeros(int(pause_s * 16000), np.float32))
    result = Aligner.load(device="cpu").align(
        replace(sample, samples=np.concatenate(blocks)), "7-42-90"
    )
    (word,) = result.words
    assert (word.start_time, word.end_time) == pytest.approx((parts[0][0], parts[-1][1]), abs=0.1)
    letters = iter(result.segments)
    for (start_s, end_s), spoken in zip(parts, ("seven", "fortytwo", "ninety"), strict=True):
        own = [next(letters) for _ in spoken]
        assert "".join(letter.text for letter in own) == spoken
        times = (own[0].start_time, own[-1].end_time)
        assert times == pytest.approx((start_s, end_s), abs=0.1)


SPOKEN = st.sampled_from(["Go", "ab-c", "555-0123", "AT&T's", "25", "é", "now."])
UNSPOKEN = st.sampled_from(["#", "😀", "—", "...", "[x]", "٣", "\u0301", "\0", "\ud800", "(", "%"])
SEPARATOR = st.sampled_from([" ", " ", " ", ". ", "\n", "! [", ""])
TRANSCRIPTS = st.lists(st.tuples(st.one_of(SPOKEN, UNSPOKEN), SEPARATOR), min_size=1, max_size=12)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TRANSCRIPTS, st.sampled_from(["none", "edges", "segments"]))
def test_words_lie_in_order_inside_their_sentences(aligner, make_waveform, pieces, star):
    transcript = "Well " + "".join(word + separator for word, separator in pieces)
    result = aligner.align(make_waveform(240_000), transcript, AlignmentSettings(star=star))
    for spans in (result.segments, result.words, result.sentences):
        for span, following in pairwise(spans):
            assert span.start_time <= span.end_time <= following.start_time
        assert 0 <= spans[0].start_time <= spans[-1].end_time <= result.audio_duration
    for inner, outer in ((result.segments, result.words), (result.words, result.sentences)):
        for span in inner:
            (owner,) = [o for o in outer if o.start_char <= span.start_char < o.end_char]
            assert owner.start_time <= span.start_time <= span.end_time <= owner.end_time


def test_times_that_are_not_refined_are_multiples_of_the_stride_within_the_audio(
    aligner, make_waveform
):
    result = aligner.align(make_waveform(48000), TEXT, AlignmentSettings(refine=False))
    assert result.frame_stride_s == 0.02
    assert result.num_frames == (48000 - 400) // 320 + 1
    for segment in result.segments:
        assert segment.start_time / 0.02 == pytest.approx(round(segment.start_time / 0.02))
        assert 0 <= segment.start_time < segment.end_time <= result.audio_duration
    assert all(0 < segment.probability <= 1 for segment in result.segments)


def test_what_was_aligned_can_be_aligned_again_with_the_same_model(aligner, make_waveform):
    waveforms = [make_waveform(32000, seed) for seed in (1, 2, 1)]
    first, other, again = (aligner.align(waveform, "hello world") for waveform in waveforms)
    assert first.segments == again.segments
    assert first.segments != other.segments


def test_files_are_aligned_one_after_the_other_until_one_fails(aligner, make_waveform, tmp_path):
    import soundfile

    path = tmp_path / "a.wav"
    soundfile.write(path, make_waveform(32000).samples, 16000)
    results = aligner.align_files([(path, "hello"), (path, "world"), (path, "🙂")])
    assert next(results).words[0].text == "hello"
    assert next(results).words[0].text == "world"
    with pytest.raises(TranscriptError):
        next(results)


def test_of_many_pairs_one_that_fails_stops_no_other(aligner, make_waveform, tmp_path):
    waveform = make_waveform(32000)
    pairs = [
        (waveform, "hello"),
        (tmp_path / "none.wav", "hello"),
        (waveform, "🙂"),
        (make_waveform(4000), TEXT * 9),
        (waveform, "world"),
    ]
    outcomes = list(aligner.align_many(iter(pairs)))
    kinds = [None, "missing", "wrong text", "text too long for the audio", None]
    assert [outcome.error_kind for outcome in outcomes] == kinds
    assert [outcome.ok for outcome in outcomes] == [True, False, False, False, True]
    assert outcomes[4].result.words == aligner.align(waveform, "world").words


def test_star_column_does_not_reach_the_segments(aligner, make_waveform):
    result = aligner.align(
        make_waveform(64000), "Hello there. Good day.", AlignmentSettings(star="segments")
    )
    assert [segment.text for segment in result.segments] == list("hellotheregoodday")
    assert result.to_dict()["settings"]["star"] == "segments"


def test_transcript_longer_than_the_audio_gives_the_numbers(aligner, make_waveform):
    with pytest.raises(InfeasibleAlignmentError, match=r"\b24\b.*\b30\b|\b30\b.*\b24\b"):
        aligner.align(make_waveform(24 * 320 + 400 - 320), "abcdefghij" * 3)


def test_half_precision_is_reported(checkpoint_template, make_waveform):
    import torch

    half = Aligner.load(checkpoint_template, torch.device("cpu"), torch.bfloat16)
    result = half.align(make_waveform(32000), "hello world")
    assert result.dtype == "torch.bfloat16"
    assert result.device == "cpu"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"star": "all"}, "star 'all': use one of none, edges, segments"),
        ({"markup": "all"}, "markup 'all': use one of auto, keep, strip"),
        ({"window_s": 0}, "window_s 0: must be a number above 0, at most 3600"),
        ({"window_s": float("nan")}, "window_s nan: must be a number above 0"),
        ({"window_s": float("inf")}, "window_s inf: must be a number above 0, at most 3600"),
        ({"context_s": -1}, "context_s -1: must be a number of at least 0, at most 3600"),
        ({"batch_size": 0}, "batch_size 0: must be a whole number of at least 1, at most 4096"),
    ],
)
def test_settings_out_of_range(change, message):
    with pytest.raises(UsageError, match=message):
        AlignmentSettings(**change)


@pytest.fixture
def request_for(checkpoint_template, make_waveform, tmp_path):
    import soundfile

    path = tmp_path / "speech.wav"
    soundfile.write(path, make_waveform(32000).samples, 16000)
    return AlignmentRequest(
        model_path=str(checkpoint_template),
        audio_path=str(path),
        transcript="hello world",
        device="cpu",
        dtype="float32",
        attn_implementation=None,
        settings=AlignmentSettings(),
    )


def test_one_file_gives_what_the_loaded_model_gives(aligner, request_for, capsys):
    result = align_file(request_for, Reporter())
    assert result.segments == aligner.align(request_for.audio_path, "hello world").segments
    stages = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert stages == [
        "=" * 60,
        "Running inference on",
        "=" * 60,
        "[INFO] Loading model from",
        "[INFO] Target device",
        "[INFO] Running in eager mode (torch.compile disabled for stability)",
        "[TIME] Model load",
        "[TIME] Audio load",
        "[TIME] Inference",
        "[TIME] Alignment",
    ]


def test_warnings_appear_as_they_arise_and_in_the_result(request_for, tmp_path, capsys):
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / "silence.wav", np.zeros(32000), 16000)
    request = replace(
        request_for, audio_path=str(tmp_path / "silence.wav"), transcript="hello ∞ world"
    )
    result = align_file(request, Reporter(quiet=True))
    printed = capsys.readouterr().err.splitlines()
    assert printed == [f"[WARNING] {warning}" for warning in result.warnings]
    assert len(printed) == 2


def test_waveform_in_memory_needs_no_file(aligner, make_waveform):
    waveform = make_waveform(16000)
    assert isinstance(waveform, Waveform)
    assert aligner.align(waveform, "hi").audio_path == "noise.wav"


def test_waveform_at_another_rate_is_refused(aligner, make_waveform):
    with pytest.raises(AudioError, match=r"at 8000 Hz, the model takes 16000 Hz"):
        aligner.align(replace(make_waveform(48000), sample_rate_hz=8000), TEXT)
