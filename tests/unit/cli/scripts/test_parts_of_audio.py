"""A part of a long recording, in a container of its own: all times are those of the whole file."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.cli.scripts import inference_mms, inference_whisper
from speech_toolkit.errors import UsageError
from speech_toolkit.formats.timed_text import timed_text
from tests.unit.av_files import encode

ROOT = Path(__file__).parents[4]
DEMO, TEXT = ROOT / "samples/demo.wav", (ROOT / "samples/demo.txt").read_text()
SENTENCES = ROOT / "samples/recognition/two_sentences.wav"
BEFORE_S = 7.25


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Films whose second track holds a recording between two stretches of another."""
    folder = tmp_path_factory.mktemp("films")

    def film(path):
        speech = load_audio(path).samples
        other = load_audio(SENTENCES).samples[::-1]
        whole = np.concatenate([np.resize(other, round(BEFORE_S * 16_000)), speech, other])
        tracks = [np.zeros_like(whole), whole]
        return encode(folder / f"{path.stem}.mp4", "aac", tracks, 16_000, video=True)

    return {path.stem: film(path) for path in (DEMO, SENTENCES)}


def part_of(path):
    end_s = BEFORE_S + load_audio(path).duration_s
    return {"audio_track": 1, "start_s": BEFORE_S, "end_s": end_s}


def check_schema(result, name):
    jsonschema.validate(result, json.loads((ROOT / f"results/schemas/{name}").read_text()))


def test_alignment(films):
    alone = inference_mms.run_inference(None, DEMO, TEXT, "cpu")
    part = part_of(DEMO)

    result = inference_mms.run_inference(None, films["demo"], TEXT, "cpu", **part)

    for name in ("segments", "words", "sentences"):
        for edge in ("start_time", "end_time"):
            expected_s = [BEFORE_S + span[edge] for span in alone[name]]
            found_s = [span[edge] for span in result[name]]
            np.testing.assert_allclose(found_s, expected_s, atol=0.061)
    assert result["audio_duration"] == pytest.approx(alone["audio_duration"], abs=1e-4)
    assert {key: result["settings"][key] for key in part} == part
    assert not part.keys() & alone["settings"].keys()
    assert timed_text(result).duration_s == pytest.approx(part["end_s"], abs=1e-4)
    assert result["warnings"] == []
    check_schema(result, "alignment.schema.json")


def test_transcription(films):
    alone = inference_whisper.run_inference(None, SENTENCES, "cpu", timestamps="word")
    part = part_of(SENTENCES)

    result = inference_whisper.run_inference(
        None, films["two_sentences"], "cpu", timestamps="word", **part
    )

    assert result["text"] == alone["text"]
    stretches = result["coverage"]["stretches"]
    pairs = [(alone[name], result[name]) for name in ("segments", "words")]
    for expected, found in (*pairs, (alone["coverage"]["stretches"], stretches)):
        for edge in ("start_s", "end_s"):
            expected_s = [BEFORE_S + span[edge] for span in expected]
            np.testing.assert_allclose([span[edge] for span in found], expected_s, atol=0.1)
    assert stretches[0]["start_s"] == BEFORE_S
    assert stretches[-1]["end_s"] == pytest.approx(part["end_s"], abs=0.001)
    assert result["audio_duration_s"] == alone["audio_duration_s"]
    assert {key: result["settings"][key] for key in part} == part
    assert timed_text(result).duration_s == pytest.approx(part["end_s"], abs=0.001)
    check_schema(result, "transcription.schema.json")


@pytest.mark.parametrize("script", [inference_mms, inference_whisper])
def test_an_end_before_the_start(script, tmp_path):
    arguments = ["--audio", str(DEMO), "--start_s", "3", "--end_s", "2"]
    arguments += ["--output", str(tmp_path / "x.json")]
    if script is inference_mms:
        arguments += ["--transcript", "hello"]

    with pytest.raises(UsageError, match="end_s 2 is not after start_s 3"):
        script.main(arguments)
