"""inference_whisper.py and inference.py from the command line, and run_inference from Python."""

import itertools
import json
import os
import re

import jsonschema
import pytest
import soundfile

from speech_toolkit.evaluation.metrics.text import compare_texts, pool_comparisons
from tests.end_to_end.corpus_results import OWN_FILES
from tests.end_to_end.support import (
    REPOSITORY,
    WHISPER,
    run_many,
    run_python,
)
from tests.end_to_end.whisper_commands import (
    COMMANDS,
    FORMATS,
    IN_OTHER_FORMS,
    NO_SPEECH,
    PUBLISHED,
    SAMPLE_OF,
)
from tests.end_to_end.whisper_material import RECOGNITION, SENTENCE, TALK, make_recordings, truth

SCHEMA = json.loads((REPOSITORY / "results" / "schemas" / "transcription.schema.json").read_text())

REPORT = re.compile(
    r"""={60}
Running inference on: cpu
={60}
(\[INFO\] .*\n)*\[INFO\] Loading model from: .+
\[INFO\] Target device: cpu, dtype: torch\.float32
\[TIME\] Model load: \d+\.\d\ds
\[TIME\] Audio load: \d+\.\d\ds \(duration: \d+\.\d\ds\)
\[TIME\] Transcription: \d+\.\d\ds \(RTF: \d+\.\d{3}\)
\[RESULT\] Transcribed (?P<count>\d+) segments \(language: en.*\)
(\[INFO\] Not transcribed: .+\n)?
\[TRANSCRIPTION RESULTS\]
(?P<rows>( +\d+\.\d\ds - +\d+\.\d\ds  \S.*\n|\.\.\. \d+ more \.\.\.\n)*)
\[INFO\] Results saved to: (?P<output>.+)
"""
)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    directory = tmp_path_factory.mktemp("material")
    make_recordings(directory)
    samples, rate_hz = soundfile.read(SENTENCE)
    soundfile.write(directory / "sentence.wav", samples, rate_hz)
    return directory


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    directory = tmp_path_factory.mktemp("workplace")
    (directory / "distil-large-v3").symlink_to(WHISPER)
    (directory / "sample.flac").symlink_to(SENTENCE)
    (directory / "long_audio.flac").symlink_to(TALK)
    return directory


@pytest.fixture(scope="module")
def finished(material, workplace):
    """All commands, run in one process: name -> what it left."""
    commands = {
        name: (f"{line} --output {file_name(name)} --device cpu", stdin)
        for name, (line, stdin) in COMMANDS.items()
    }
    commands |= {name: (f"{line} --device cpu", None) for name, line in IN_OTHER_FORMS.items()}
    commands |= {name: (line, None) for name, line in PUBLISHED.items()}
    names = {path.stem: path for path in RECOGNITION.glob("*.[fw]*")} | {"dir": material}
    runs = []
    for name, (line, stdin) in commands.items():
        script = "inference.py" if name in PUBLISHED else "inference_whisper.py"
        arguments = [part.format(**names) for part in line.split(" ")]
        runs.append((script, arguments, stdin.format(**names) if stdin else os.devnull))
    return dict(zip(commands, run_many(runs, cwd=workplace), strict=True))


@pytest.fixture(scope="module")
def results(finished, workplace):
    """Name -> the JSON it wrote."""
    found = {name: read_json(workplace / file_name(name)) for name in COMMANDS}
    return found | {"chunks": read_json(workplace / "transcription_result_cpu.json")}


def file_name(name):
    return name.replace(" ", "_") + ".json"


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_command_ends_with_its_exit_code(finished):
    codes = {"some fail": 3, "all fail": 3}
    for name, run in finished.items():
        assert run.code == codes.get(name, 0), f"{name}: {run.stderr}"
        assert "Traceback" not in run.stderr, name


@pytest.mark.parametrize("name", [*COMMANDS, "chunks"])
def test_every_result_follows_the_schema(results, name):
    validator = jsonschema.Draft202012Validator(SCHEMA)

    assert [error.message for error in validator.iter_errors(results[name])] == []


@pytest.mark.parametrize("name", [*COMMANDS, "chunks"])
def test_times_are_in_order_and_within_the_audio(results, name):
    result = results[name]
    duration_s = result["audio_duration_s"]
    for spans in (result["segments"], result["words"]):
        for span in spans:
            assert 0 <= span["start_s"] <= span["end_s"] <= duration_s + 0.001
        for first, second in itertools.pairwise(spans):
            assert first["start_s"] <= second["start_s"]


@pytest.mark.parametrize("name", [*COMMANDS, "chunks"])
def test_every_second_is_accounted_for(results, name):
    result = results[name]
    coverage = result["coverage"]
    stretches = coverage["stretches"]

    assert stretches[0]["start_s"] == 0
    assert stretches[-1]["end_s"] == result["audio_duration_s"]
    for first, second in itertools.pairwise(stretches):
        assert first["end_s"] == second["start_s"]
    total_s = coverage["transcribed_s"] + coverage["skipped_s"]
    assert total_s == pytest.approx(result["audio_duration_s"], abs=0.002)


def test_report_has_the_shape_of_the_other_scripts(finished, results):
    found = REPORT.fullmatch(finished["plain"].stdout)

    assert found, finished["plain"].stdout
    assert found["output"] == "plain.json"
    assert "No --model_path given: using the bundled tiny-whisper" in found[0]
    segments = results["plain"]["segments"]
    assert int(found["count"]) == len(segments)
    assert found["rows"].splitlines() == [
        f"{s['start_s']:8.2f}s - {s['end_s']:8.2f}s  {s['text']}" for s in segments
    ]


def test_published_command_lines(finished, results):
    for name, path in {"published": "sample.flac", "published chunks": "long_audio.flac"}.items():
        assert REPORT.fullmatch(finished[name].stdout), finished[name].stdout
        assert "[INFO] Loading model from: ./distil-large-v3\n" in finished[name].stdout, path
    assert results["chunks"]["audio_path"] == "long_audio.flac"
    assert results["chunks"]["device"] == "cpu"


def test_stdout_holds_the_result_alone_and_stderr_the_report(finished, results):
    assert json.loads(finished["stdout"].stdout)["text"] == results["plain"]["text"]
    assert finished["text on stdout"].stdout == "".join(
        f"{segment['text']}\n" for segment in results["plain"]["segments"]
    )
    assert "[RESULT] Transcribed" in finished["stdout"].stderr


def test_quiet_prints_nothing(finished, workplace):
    assert finished["quiet"].stdout == ""
    assert finished["quiet"].stderr == ""
    assert "-->" in (workplace / "quiet.srt").read_text(), "the suffix names the format"


def test_one_file_in_all_formats(workplace, results):
    written = {f: (workplace / "formats" / f"sentence.{f}").read_text() for f in FORMATS}
    segments = results["plain"]["segments"]

    assert read_json(workplace / "formats" / "sentence.json")["segments"] == segments
    assert written["txt"].splitlines() == [segment["text"] for segment in segments]
    assert written["srt"].count(" --> ") == written["vtt"].count(" --> ") == len(segments)
    assert written["vtt"].startswith("WEBVTT\n\n00:")
    assert written["tsv"].splitlines()[0] == "start\tend\ttext"


def test_files_of_the_same_name_have_results_of_their_own(workplace, finished):
    results = {path for path in (workplace / "many").iterdir() if path.name not in OWN_FILES}
    written = {path.name: read_json(path) for path in results}

    assert {name: result["audio_path"].rsplit("/", 1)[1] for name, result in written.items()} == {
        "sentence.flac.json": "sentence.flac",
        "sentence.wav.json": "sentence.wav",
        "two_sentences.json": "two_sentences.wav",
    }
    assert "[RESULT] 3 of 3 recordings done, 0 failed, 0 left" in finished["many"].stdout
    assert finished["many"].stdout.count("[TIME] Model load") == 1


def test_a_file_that_fails_is_reported_and_the_others_are_done(finished, workplace, results):
    run = finished["some fail"]

    results = {path.name for path in (workplace / "some").iterdir()} - OWN_FILES
    assert results == {"sentence.txt"}
    errors = run.stderr.splitlines()
    assert len(errors) == 2
    assert "'absent.wav' does not exist" in errors[0]
    assert "holds text, not audio" in errors[1]
    assert "[RESULT] 1 of 3 recordings done, 2 failed, 0 left" in run.stdout
    assert "[RESULT] 0 of 2 recordings done, 2 failed, 0 left" in finished["all fail"].stdout


def test_nothing_is_left_but_the_results(finished, workplace):
    files = (path for path in workplace.rglob("*") if path.is_file())
    left = {str(path.relative_to(workplace)) for path in files if not path.is_symlink()}

    expected = {file_name(name) for name in COMMANDS}
    expected |= {"transcription_result_cpu.json", "quiet.srt", "some/sentence.txt"}
    expected |= {f"formats/sentence.{name}" for name in FORMATS}
    expected |= {f"many/{name}.json" for name in ("sentence.flac", "sentence.wav", "two_sentences")}
    expected |= {f"{run}/{name}" for run in ("many", "some", "none") for name in OWN_FILES}
    assert left == expected


@pytest.mark.parametrize(
    "name", ["audio on stdin", "language", "eager attention", "no graph", "everything heard"]
)
def test_how_it_is_called_does_not_change_the_text(results, name):
    assert results[name]["text"] == results["plain"]["text"]
    assert results[name]["segments"][0]["tokens"] == results["plain"]["segments"][0]["tokens"]


@pytest.mark.parametrize("name", NO_SPEECH)
def test_no_text_is_invented_where_nobody_speaks(results, name):
    result = results[name]

    assert result["text"] == ""
    assert result["segments"] == []


def test_silence_is_never_sent_to_the_model(results):
    result = results["silence"]

    assert result["windows"] == 0
    assert {s["reason"] for s in result["coverage"]["stretches"]} == {"silence"}


def test_few_windows_are_encoded(results):
    """One for a short recording; at most 1.1 for every 30 s of a long one."""
    assert results["plain"]["windows"] == 1
    assert results["chunks"]["windows"] <= -(-1.1 * results["chunks"]["audio_duration_s"] // 30)


def test_words_have_times_only_where_they_were_asked_for(results):
    assert results["plain"]["words"] == []
    words = [word["text"] for word in results["two sentences"]["words"]]
    assert words == results["two sentences"]["text"].split()


def test_without_timestamps_the_text_is_one_segment_a_window(results):
    result = results["no timestamps"]

    assert len(result["segments"]) == result["windows"] == 1


def test_settings_say_what_shaped_the_result(results):
    assert results["chunks"]["settings"]["mode"] == "chunked"
    assert results["chunks"]["settings"]["batch_size"] == 4
    assert results["plain"]["settings"]["temperatures"] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert results["bfloat16"]["dtype"] == "torch.bfloat16"
    assert set(results["plain"]["stage_times_s"]) >= {"decode_audio", "features", "encoder"}


def sample_path(name):
    """Return the recording that a command was given."""
    return next(RECOGNITION.glob(f"{SAMPLE_OF.get(name, 'sentence')}.[fw]*"))


def word_error_rate(results, names):
    """Pool the word errors of results against what is said in their recordings."""
    comparisons = [
        compare_texts(truth(sample_path(name))["transcript"], results[name]["text"])
        for name in names
    ]
    return pool_comparisons(comparisons).wer


def test_clean_sentences_are_recognised(results):
    names = ("plain", "two sentences", "stereo", "telephone", "numbers", "british")

    assert word_error_rate(results, names) <= 0.10


@pytest.mark.parametrize("name", ["talk", "chunks", "noisy", "no timestamps"])
def test_long_and_noisy_speech_is_recognised(results, name):
    assert word_error_rate(results, [name]) <= 0.15


@pytest.mark.parametrize("name", ["quiet speech", "loud speech", "bfloat16", "prompt"])
def test_other_roads_lead_to_nearly_the_same_text(results, name):
    assert compare_texts(results["plain"]["text"], results[name]["text"]).wer <= 0.2


def test_segments_end_where_their_sentences_do(results):
    result, sample = results["two sentences"], truth(sample_path("two sentences"))

    ends_s = [segment["end_s"] for segment in result["segments"]]
    assert ends_s == pytest.approx([sentence["end_s"] for sentence in sample["sentences"]], abs=0.3)


def test_nothing_is_heard_in_a_long_silence(results):
    ends_s = [sentence["end_s"] for sentence in truth(sample_path("silence inside"))["sentences"]]
    starts_s = [s["start_s"] for s in truth(sample_path("silence inside"))["sentences"]]
    gap_s, start_s = max((b - a, a) for a, b in zip(ends_s, starts_s[1:], strict=False))
    inside = (start_s + 2, start_s + gap_s - 2)

    assert gap_s > 15
    for segment in results["silence inside"]["segments"]:
        assert segment["end_s"] <= inside[0] or segment["start_s"] >= inside[1]


PYTHON_FORM = """
import json, sys
import torch
import inference

model, audio = sys.argv[1:]
results = [
    inference.run_inference(model, audio, device_type="cpu", dtype=torch.float32),
    inference.run_inference(None, audio, torch.device("cpu"), mode="chunked", timestamps="word"),
]
print(json.dumps(results))
"""


@pytest.mark.slow
def test_run_inference_returns_the_same_as_the_command_line(results, tmp_path):
    program = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{PYTHON_FORM}"

    run = run_python("-c", program, WHISPER, SENTENCE, cwd=tmp_path)

    assert run.code == 0, run.stderr
    plain, chunked = json.loads(run.stdout)
    jsonschema.validate(plain, SCHEMA)
    assert plain["segments"] == results["plain"]["segments"]
    assert chunked["settings"]["mode"] == "chunked"
    assert chunked["words"] != []
    assert list(tmp_path.iterdir()) == []
