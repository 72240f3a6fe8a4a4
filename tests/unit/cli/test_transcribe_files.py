"""Many files through one model, which here is a stand-in that needs no weights."""

import io
import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.cli import transcribe_files as jobs
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import plan_jobs
from speech_toolkit.device import Device
from speech_toolkit.errors import AudioError, DeviceError, ToolkitError, UsageError
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.result import Stretch
from speech_toolkit.transcription.transcriber import Transcriber
from tests.unit.formats.conftest import make_result, make_segment

STEM = "transcription_result_DEVICE"
CPU = Device("cpu", None, "cpu", "asked for by name")


class FakeTranscriber:
    """Says of each waveform how long it is; `fail_at` names files that it cannot take.

    `changes` are made to every result.
    """

    model_load_s = 1.0

    def __init__(self):
        self.fail_at = {}
        self.changes = {}
        self.heard = []

    def transcribe(self, waveform, settings, reporter):
        self.heard.append(Path(waveform.source).name)
        failure = self.fail_at.get(self.heard[-1])
        if failure is not None:
            raise failure
        text = f"{waveform.duration_s:.1f} seconds"
        result = make_result(make_segment(0, waveform.duration_s, text))
        return replace(
            result,
            audio_path=waveform.source,
            stage_times_s={"decode_audio": 0.0, "tokens": 0.25},
            coverage=(Stretch(0, 1), Stretch(1, 1.5, "silence"), Stretch(1.5, 2, "silence")),
            warnings=waveform.warnings,
            **self.changes,
        )


@pytest.fixture
def transcriber(monkeypatch):
    fake = FakeTranscriber()

    def load(
        name, device, dtype, attn_implementation, decode_graph, *, float32_precision, on_device
    ):
        on_device(CPU, dtype or "float32")
        return fake

    monkeypatch.setattr(Transcriber, "load", load)
    return fake


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with three recordings and a text file that claims to be one."""
    monkeypatch.chdir(tmp_path)
    for name, seconds in (("a.wav", 1), ("b.wav", 2), ("c.wav", 3)):
        soundfile.write(tmp_path / name, np.full(16_000 * seconds, 0.1), 16_000)
    (tmp_path / "text.wav").write_text("hello")
    return tmp_path


def request_for(*paths):
    return WhisperRequest(model_path=None, audio_path=paths[0], device="cpu")


def run(*paths, formats=("json",), reporter=None):
    planned = plan_jobs(paths, formats, None, "out", STEM)
    return jobs.run_jobs(
        request_for(*paths), planned, SubtitleOptions(), reporter or Reporter(quiet=True)
    )


def names_in(directory):
    return sorted(path.name for path in directory.iterdir())


def text_of(path):
    return json.loads(path.read_text())["text"]


def test_each_file_has_its_results(transcriber, folder):
    assert run("a.wav", "c.wav", formats=("json", "txt")) == 0

    assert text_of(folder / "out" / "a.json") == "1.0 seconds"
    assert (folder / "out" / "c.txt").read_text() == "3.0 seconds\n"
    assert names_in(folder / "out") == ["a.json", "a.txt", "c.json", "c.txt"]


def test_a_file_that_fails_does_not_stop_the_others(transcriber, folder, capsys):
    transcriber.fail_at["b.wav"] = DeviceError("cpu: out of memory")

    assert run("text.wav", "a.wav", "b.wav", "c.wav") == 3

    assert names_in(folder / "out") == ["a.json", "c.json"]
    lines = capsys.readouterr().err.splitlines()
    assert "holds text, not audio" in lines[0]
    assert lines[1:] == [
        "error: cpu: out of memory",
        "[WARNING] 2 of 4 files failed: text.wav, b.wav",
    ]


def test_no_file_at_all_is_an_error(transcriber, folder):
    with pytest.raises(ToolkitError, match="none of the 2 files could be transcribed"):
        run("text.wav", "absent.wav")


def test_an_interrupt_keeps_what_is_done(transcriber, folder, capsys):
    transcriber.fail_at["b.wav"] = KeyboardInterrupt()
    threads_before = threading.active_count()

    with pytest.raises(KeyboardInterrupt):
        run("a.wav", "b.wav", "c.wav")

    assert names_in(folder / "out") == ["a.json"]
    assert transcriber.heard == ["a.wav", "b.wav"]
    assert "interrupted: 1 of 3 files are done and written" in capsys.readouterr().err
    wait_until = time.monotonic() + 10  # an interrupt does not wait for what is being decoded
    while threading.active_count() > threads_before and time.monotonic() < wait_until:
        time.sleep(0.01)
    assert threading.active_count() == threads_before


def test_one_file_is_decoded_ahead_and_no_more(transcriber, folder, monkeypatch):
    decoded, load_audio = [], jobs.load_audio
    monkeypatch.setattr(
        jobs,
        "load_audio",
        lambda audio, rate: decoded.append(audio.name) or load_audio(audio, rate),
    )
    ahead = []
    spoken = transcriber.transcribe
    transcriber.transcribe = lambda *given: ahead.append(len(decoded)) or spoken(*given)

    run("a.wav", "b.wav", "c.wav")

    assert decoded == ["a.wav", "b.wav", "c.wav"]
    assert all(count <= done + 2 for done, count in enumerate(ahead))


def test_one_file_is_reported_in_the_published_shape(transcriber, folder):
    stream = io.StringIO()
    (job,) = plan_jobs(["b.wav"], None, None, None, STEM)

    assert jobs.run_job(request_for("b.wav"), job, SubtitleOptions(), Reporter(stream=stream)) == 0

    lines = stream.getvalue().splitlines()
    assert lines[1] == "Running inference on: cpu"
    assert lines[3].startswith("[INFO] No --model_path given: using the bundled tiny-whisper")
    assert lines[5] == "[INFO] Target device: cpu, dtype: torch.float32"
    assert [line.split(":")[0] for line in lines[6:9]] == [
        "[TIME] Model load",
        "[TIME] Audio load",
        "[TIME] Transcription",
    ]
    assert lines[9:] == [
        "[RESULT] Transcribed 1 segments (language: en, detected with probability 0.99)",
        "[INFO] Not transcribed: 1.00s silence",
        "",
        "[TRANSCRIPTION RESULTS]",
        "    0.00s -     2.00s  2.0 seconds",
        "",
        "[INFO] Results saved to: transcription_result_cpu.json",
    ]


@pytest.mark.parametrize(
    ("language", "settings", "shown"),
    [
        ("en", {"language_source": "asked for", "task": "transcribe"}, " (language: en)"),
        (
            "hi",
            {
                "language_source": "config.json (forced_decoder_ids)",
                "task": "translate",
                "task_source": "generation_config.json (task)",
            },
            " (language: hi, from config.json (forced_decoder_ids); "
            "task: translate, from generation_config.json (task))",
        ),
        (None, {}, ""),
    ],
)
def test_what_the_checkpoint_decides_is_shown(transcriber, folder, language, settings, shown):
    stream = io.StringIO()
    (job,) = plan_jobs(["b.wav"], None, None, None, STEM)
    transcriber.changes = {"language": language, "language_probability": None, "settings": settings}
    jobs.run_job(request_for("b.wav"), job, SubtitleOptions(), Reporter(stream=stream))
    assert f"[RESULT] Transcribed 1 segments{shown}\n" in stream.getvalue()


def test_the_time_to_decode_audio_is_part_of_the_result(transcriber, folder):
    result = jobs.transcribe_file(request_for("a.wav"), Reporter(quiet=True))

    assert list(result.stage_times_s) == ["decode_audio", "tokens"]
    assert result.stage_times_s["decode_audio"] > 0


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"audio_path": "absent.wav"}, AudioError, "does not exist"),
        ({"device": "tpu"}, UsageError, "unknown device"),
        ({"settings": {"language": "klingon"}}, UsageError, "klingon"),
        ({"settings": {"chunk_length_s": 31.0}}, UsageError, "hears at most 30 s"),
    ],
)
def test_what_is_wrong_is_found_before_the_model_loads(
    monkeypatch, folder, changes, error, message
):
    monkeypatch.delattr(Transcriber, "load")
    request = request_for("a.wav")
    settings = replace(request.settings, **changes.pop("settings", {}))

    with pytest.raises(error, match=message):
        jobs.transcribe_file(replace(request, settings=settings, **changes), Reporter(quiet=True))
