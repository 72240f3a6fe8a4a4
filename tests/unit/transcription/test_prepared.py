"""Recordings that are read while they are heard: the same as read at once, and left when closed."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.errors import AudioError, TruncatedAudioError
from speech_toolkit.transcription import Transcriber, TranscriptionSettings
from speech_toolkit.transcription.prepared import prepare_audio, usual_waveform
from speech_toolkit.transcription.windows import level, recording
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.recording import known_recording
from speech_toolkit.transcription.windows.speech import SpeechRegion, find_speech
from tests.unit.transcription.windows.planned import planned

RATE_HZ = 16_000
TALK = Path(__file__).parents[3] / "samples" / "recognition" / "talk.flac"


@pytest.fixture(autouse=True)
def little_ahead(monkeypatch):
    """Read 20 s ahead, so that a talk of 99 s is read in a thread."""
    monkeypatch.setattr(recording, "_AHEAD_S", 20.0)


@pytest.fixture(scope="module")
def talk():
    return load_audio(TALK)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "recording"]


def heard(prepared, max_window_s=30.0):
    """Return the windows of a recording, and the samples of each."""
    planner, found = prepared.planner(max_window_s), []
    for window in planned(planner):
        found.append((window, planner.samples(window)))
        planner.release(window.end_sample)
    return found


def assert_heard_as_whole(prepared, waveform, regions, max_window_s=30.0):
    planner = WindowPlanner(known_recording(waveform.samples, regions, RATE_HZ), max_window_s)
    found = heard(prepared, max_window_s)
    assert [window for window, _ in found] == list(planned(planner))
    for window, samples in found:
        np.testing.assert_array_equal(samples, planner.samples(window))
    assert prepared.num_samples == len(waveform.samples)
    assert prepared.warnings == waveform.warnings
    assert not threads()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("skip_silence", [True, False])
def test_a_file_is_heard_as_if_it_had_been_read_at_once(tmp_path, talk, rate_hz, skip_silence):
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.stack([talk.samples, talk.samples / 2], axis=1), rate_hz)
    prepared = prepare_audio(path, RATE_HZ, skip_silence=skip_silence)
    whole = usual_waveform(path, RATE_HZ)
    regions = (SpeechRegion(0, len(whole.samples)),)
    if skip_silence:
        regions = find_speech(whole.samples, RATE_HZ)
    assert not prepared.is_read
    assert prepared.num_samples < len(whole.samples)
    assert prepared.expected_s == pytest.approx(whole.duration_s, abs=1e-4)
    assert_heard_as_whole(prepared, whole, regions)
    assert prepared.stage_times_s()["decode_audio"] > 0


@pytest.mark.parametrize(("scale", "subtype"), [(2e-3, "PCM_24"), (32768, "FLOAT"), (1, "FLOAT")])
def test_of_ten_minutes_the_level_is_that_of_the_whole(tmp_path, talk, scale, subtype):
    path = tmp_path / "talk.wav"
    samples = talk.samples * np.float32(scale)
    samples[:RATE_HZ] *= np.float32(1e-4)  # which would be taken for an odd level of another kind
    soundfile.write(path, samples, RATE_HZ, subtype=subtype)
    whole = usual_waveform(path, RATE_HZ)
    prepared = prepare_audio(path, RATE_HZ, skip_silence=True)
    assert_heard_as_whole(prepared, whole, find_speech(whole.samples, RATE_HZ), 20.0)


def test_a_part_of_a_waveform_and_of_a_file_are_the_same(talk):
    part = AudioPart(start_s=10.5, end_s=72.25)
    of_file = prepare_audio(AudioSource(str(TALK), part=part), RATE_HZ, skip_silence=True)
    samples = talk.samples[round(10.5 * RATE_HZ) : round(72.25 * RATE_HZ)]
    waveform = Waveform(samples, RATE_HZ, "part", RATE_HZ, 1, ("odd",), part)
    of_array = prepare_audio(waveform, RATE_HZ, skip_silence=True)
    for (one, ours), (other, theirs) in zip(heard(of_file), heard(of_array), strict=True):
        assert one == other
        np.testing.assert_array_equal(ours, theirs)
    assert of_file.part == of_array.part == part
    assert (of_array.source, of_array.warnings) == ("part", ("odd",))
    assert of_array.expected_s == of_file.duration_s == 61.75


def test_a_file_that_ends_early_is_used_with_its_warning(tmp_path):
    path = tmp_path / "cut.flac"
    path.write_bytes(TALK.read_bytes()[:900_000])
    prepared = prepare_audio(path, RATE_HZ, skip_silence=True)
    assert prepared.warnings == ()
    whole = usual_waveform(path, RATE_HZ)
    assert "cut short" in whole.warnings[0]
    assert_heard_as_whole(prepared, whole, find_speech(whole.samples, RATE_HZ))


def test_what_is_wrong_near_the_end_is_the_same_error(tmp_path, talk, monkeypatch):
    monkeypatch.setattr(level, "_JUDGED_S", 30.0)
    path = tmp_path / "nan.wav"
    samples = talk.samples.copy()
    samples[[80 * RATE_HZ, 90 * RATE_HZ]] = np.nan
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")
    prepared = prepare_audio(path, RATE_HZ, skip_silence=False)
    with pytest.raises(AudioError) as expected:
        load_audio(path)
    assert "holds 2 NaN" in str(expected.value)
    with pytest.raises(AudioError) as found:
        heard(prepared)
    assert str(found.value) == str(expected.value)
    assert not threads()


def test_what_somebody_does_not_take_is_an_error_at_the_end(tmp_path):
    path = tmp_path / "cut.flac"
    path.write_bytes(TALK.read_bytes()[:900_000])

    def check(facts):
        if facts.is_cut_short:
            raise TruncatedAudioError(facts.warnings[0])

    prepared = prepare_audio(path, RATE_HZ, skip_silence=True, check=check)
    with pytest.raises(TruncatedAudioError, match="cut short"):
        heard(prepared)


@pytest.mark.parametrize("content", [b"", b"hello, I am a text", TALK.read_bytes()[:60]])
def test_what_is_of_no_use_from_its_start_is_found_at_once(tmp_path, content):
    path = tmp_path / "talk.flac"
    path.write_bytes(content)
    with pytest.raises(AudioError) as expected:
        load_audio(path)
    with pytest.raises(AudioError) as found:
        prepare_audio(path, RATE_HZ, skip_silence=True)
    assert str(found.value) == str(expected.value)


@pytest.fixture(scope="module")
def transcriber():
    return Transcriber.load(device="cpu")


@pytest.mark.parametrize("mode", ["transcribe", "chunked"])
def test_a_run_that_is_interrupted_or_left_leaves_no_thread(transcriber, mode):
    settings = TranscriptionSettings(mode=mode, chunk_length_s=10.0, max_new_tokens=2)

    def interrupt(batch):
        assert threads()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transcriber.transcribe(TALK, settings, on_batch=interrupt)
    assert not threads()
    inputs = [(key, transcriber.prepare(TALK, settings), settings) for key in range(3)]
    stop, seen = threading.Event(), []

    def look(window):
        seen.append(len(threads()))
        stop.set()

    assert [key for key, _ in transcriber.transcribe_prepared_many(inputs, stop, look)] == [0]
    assert seen[0] == 1
    run = transcriber.transcribe_prepared_many(
        [("left", transcriber.prepare(TALK, settings), settings)], on_window=lambda window: 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        next(run)[1].unwrap()
    assert not threads()


def test_stages_and_length_of_a_recording_are_in_its_result(transcriber, talk):
    settings = TranscriptionSettings(max_new_tokens=2, temperatures=(0.0,))
    result = transcriber.transcribe(transcriber.prepare(TALK, settings), settings)
    assert list(result.stage_times_s)[:2] == ["decode_audio", "find_speech"]
    assert min(result.stage_times_s["decode_audio"], result.stage_times_s["find_speech"]) > 0
    assert result.audio_duration_s == talk.duration_s == result.coverage[-1].end_s
    assert not threads()


_PEAK = """
import sys
from pathlib import Path

from speech_toolkit.transcription.prepared import prepare_audio

prepared = prepare_audio(sys.argv[1], 16_000, skip_silence=True)
planner = prepared.planner(30.0)
window = planner.next(0, 0)
while window:
    planner.samples(window)
    planner.release(window.end_sample)
    window = planner.next(window.end_sample, window.index + 1)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").open())
print(prepared.duration_s, int(status["VmHWM"].split()[0]) >> 10)
"""


@pytest.mark.slow
def test_two_hours_take_the_memory_of_ten_minutes(tmp_path, talk):
    peaks_mb = []
    for minutes in (10, 120):
        path = tmp_path / f"{minutes}.flac"
        with soundfile.SoundFile(path, "w", RATE_HZ, 1) as file:
            for _ in range(minutes):
                file.write(talk.samples[: 60 * RATE_HZ])
        ran = subprocess.run(
            [sys.executable, "-c", _PEAK, path], capture_output=True, text=True, check=True
        )
        duration_s, peak_mb = ran.stdout.split()
        assert float(duration_s) == minutes * 60
        peaks_mb.append(int(peak_mb))
    assert peaks_mb[1] < peaks_mb[0] + 20  # two hours of samples are 460 MB
