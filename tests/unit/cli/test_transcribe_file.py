"""One file through a model, which here is a stand-in that needs no weights."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.cli import transcribe_file as jobs
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import plan_jobs
from speech_toolkit.device import Device
from speech_toolkit.errors import AudioError, UsageError
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.result import Stretch
from speech_toolkit.transcription.transcriber import Transcriber
from tests.unit.formats.conftest import make_result, make_segment

STEM = "transcription_result_DEVICE"
CPU = Device("cpu", None, "cpu", "asked for by name")


class FakeTranscriber:
    """Says of each recording how long it is; `fail_at` names files that it cannot take.

    `changes` are made to every result.
    """

    model_load_s = 1.0

    def __init__(self):
        self.fail_at = {}
        self.changes = {}
        self.heard = []

    def transcribe(self, audio, settings, reporter):
        self.heard.append(Path(audio.source).name)
        failure = self.fail_at.get(self.heard[-1])
        if failure is not None:
            raise failure
        text = f"{audio.duration_s:.1f} seconds"
        result = make_result(make_segment(0, audio.duration_s, text))
        return replace(
            result,
            audio_path=audio.source,
            stage_times_s={"decode_audio": audio.load_s, "tokens": 0.25},
            coverage=(Stretch(0, 1), Stretch(1, 1.5, "silence"), Stretch(1.5, 2, "silence")),
            warnings=audio.warnings,
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
