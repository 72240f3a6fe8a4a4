"""inference_mms.py and inference.py from the command line, and run_inference from Python."""

import itertools
import json
import shutil

import jsonschema
import numpy as np
import pytest
import soundfile

from tests.end_to_end.alignment_results import REPORT, SCHEMA, true_words
from tests.end_to_end.support import (
    SAMPLES,
    run_many,
)

DEMO = SAMPLES / "demo.wav"
STORY = SAMPLES / "story.flac"
DEMO_TEXT = (SAMPLES / "demo.txt").read_text(encoding="utf-8").strip()
ODD_TEXT = '"Well…" said Zoë, №7: it’s 21\u00a0past — 😀 ok?\r\nFine!'


# Name, arguments beside the model and the device, and the file on standard input.
COMMANDS = {
    "plain": ("--audio {demo} --transcript_file {demo_txt} --output plain.json", None),
    "default output": ("--audio {demo} --transcript_file {demo_txt}", None),
    "stdout": ("--audio {demo} --transcript_file {demo_txt} --output -", None),
    "quiet": ("--audio {demo} --transcript_file {demo_txt} --output quiet.json --quiet", None),
    "audio on stdin": ("--audio - --transcript_file {demo_txt} --output s.json", "{demo}"),
    "text on stdin": ("--audio {demo} --transcript_file - --output t.json", "{demo_txt}"),
    "odd text": ("--audio {demo} --transcript_file {odd} --output odd.json", None),
    "odd names": ("--audio {dir}/größe\u00a0語音.wav --transcript a --output new/ü.json", None),
    "stereo": ("--audio {dir}/stereo.wav --transcript_file {demo_txt} --output st.json", None),
    "cut short": ("--audio {dir}/cut.wav --transcript_file {demo_txt} --output cut.json", None),
    "silence": ("--audio {dir}/silence.wav --transcript hello --output sil.json", None),
    "small windows": (
        "--audio {demo} --transcript_file {demo_txt} --output w.json "
        "--window_s 1 --context_s 0.5 --batch_size 3",
        None,
    ),
    "star at the edges": (
        "--audio {demo} --transcript_file {demo_txt} --output e.json --star edges",
        None,
    ),
    "star everywhere": (
        "--audio {demo} --transcript_file {demo_txt} --output g.json --star segments",
        None,
    ),
    "middle of a story": (
        "--audio {story} --transcript_file {dir}/middle.txt --output m.json --star edges",
        None,
    ),
    "story with gaps": (
        "--audio {story} --transcript_file {dir}/gaps.txt --output p.json --star segments",
        None,
    ),
    "bfloat16": (
        "--audio {demo} --transcript_file {demo_txt} --output b.json --dtype bfloat16",
        None,
    ),
    "eager attention": (
        "--audio {demo} --transcript_file {demo_txt} --output a.json --attn_implementation eager",
        None,
    ),
}
OUTPUTS = {
    "plain": "plain.json",
    "default output": "alignment_result_cpu.json",
    "quiet": "quiet.json",
    "audio on stdin": "s.json",
    "text on stdin": "t.json",
    "odd text": "odd.json",
    "odd names": "new/ü.json",
    "stereo": "st.json",
    "cut short": "cut.json",
    "silence": "sil.json",
    "small windows": "w.json",
    "star at the edges": "e.json",
    "star everywhere": "g.json",
    "middle of a story": "m.json",
    "story with gaps": "p.json",
    "bfloat16": "b.json",
    "eager attention": "a.json",
}


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Recordings and texts made from the demo: other formats, names, damage, silence."""
    directory = tmp_path_factory.mktemp("material")
    samples, rate_hz = soundfile.read(DEMO, dtype="float32")
    doubled = np.repeat(samples, 2)
    stereo = np.stack([doubled, 0.5 * doubled], axis=1)
    soundfile.write(directory / "stereo.wav", stereo, 2 * rate_hz, subtype="PCM_24")
    soundfile.write(directory / "silence.wav", np.zeros(16_000), 16_000)
    shutil.copy(DEMO, directory / "größe\u00a0語音.wav")
    content = DEMO.read_bytes()
    (directory / "cut.wav").write_bytes(content[: len(content) * 3 // 4])
    lines = STORY.with_suffix(".txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (directory / "middle.txt").write_text("".join(lines[4:8]), encoding="utf-8")
    (directory / "gaps.txt").write_text("".join(lines[1:3] + lines[6:9]), encoding="utf-8")
    (directory / "odd.txt").write_text("\ufeff" + ODD_TEXT, encoding="utf-8", newline="")
    return directory


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="module")
def finished(material, workplace):
    """All COMMANDS, run in one process: name -> what it left."""
    names = {
        "demo": DEMO,
        "demo_txt": SAMPLES / "demo.txt",
        "story": STORY,
        "odd": material / "odd.txt",
        "dir": material,
    }
    commands = []
    for line, stdin in COMMANDS.values():
        arguments = [part.format(**names) for part in line.split(" ")]
        command = ("inference_mms.py", [*arguments, "--device", "cpu"])
        commands.append((*command, stdin.format(**names)) if stdin else command)
    return dict(zip(COMMANDS, run_many(commands, cwd=workplace), strict=True))


@pytest.fixture(scope="module")
def results(finished, workplace):
    """Name -> the JSON it wrote."""
    found = {name: json.loads((workplace / path).read_text()) for name, path in OUTPUTS.items()}
    return found | {"stdout": json.loads(finished["stdout"].stdout)}


def test_every_command_succeeds(finished):
    for name, run in finished.items():
        assert run.code == 0, f"{name}: {run.stderr}"
        assert "Traceback" not in run.stderr, name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_result_follows_the_schema(results, name):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)

    assert [error.message for error in validator.iter_errors(results[name])] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_spans_are_ordered_and_quote_the_transcript(results, name):
    result = results[name]
    for level in ("segments", "words", "sentences"):
        spans = result[level]
        for span in spans:
            assert 0 <= span["start_time"] <= span["end_time"] <= result["audio_duration"] + 1e-6
            if "text" in span:
                assert span["text"] == result["transcript"][span["start_char"] : span["end_char"]]
        for first, second in itertools.pairwise(spans):
            assert first["end_time"] <= second["start_time"] + 1e-9, level
            assert first["start_char"] <= second["start_char"], level
    covered = {i for word in result["words"] for i in range(word["start_char"], word["end_char"])}
    spoken = {i for i, char in enumerate(result["transcript"]) if not char.isspace()}
    assert spoken - {i for i in spoken if result["transcript"][i] == "\ufeff"} <= covered


def test_report_has_the_published_shape(finished, results):
    found = REPORT.fullmatch(finished["plain"].stdout)
    assert "\n[QUALITY] good (confidence " in finished["plain"].stdout

    assert found, finished["plain"].stdout
    assert found["output"] == "plain.json"
    segments = results["plain"]["segments"]
    assert int(found["count"]) == len(segments)
    assert found["rows"].splitlines() == [
        f"{word['start_time']:8.3f}s - {word['end_time']:8.3f}s  {word['text']}"
        for word in results["plain"]["words"]
    ]


def test_the_bundled_model_is_named(finished):
    assert "[INFO] No --model_path given: using the bundled" in finished["plain"].stdout


def test_quiet_prints_nothing(finished):
    assert finished["quiet"].stdout == ""
    assert finished["quiet"].stderr == ""


def test_stdout_holds_the_json_alone_and_stderr_the_report(finished):
    json.loads(finished["stdout"].stdout)
    assert "[RESULT] Aligned" in finished["stdout"].stderr


def test_nothing_is_left_but_the_results(finished, workplace):
    left = {str(path.relative_to(workplace)) for path in workplace.rglob("*") if path.is_file()}

    assert left == set(OUTPUTS.values())


@pytest.mark.parametrize(
    "name", ["default output", "stdout", "quiet", "audio on stdin", "text on stdin"]
)
def test_how_it_is_called_does_not_change_the_times(results, name):
    for level in ("segments", "words", "sentences"):
        assert [span["start_time"] for span in results[name][level]] == [
            span["start_time"] for span in results["plain"][level]
        ]


@pytest.mark.parametrize("name", ["stereo", "small windows", "eager attention", "bfloat16"])
def test_other_roads_lead_to_nearly_the_same_times(results, name):
    starts, plain = (
        np.array([word["start_time"] for word in results[which]["words"]])
        for which in (name, "plain")
    )

    assert np.median(np.abs(starts - plain)) <= 0.02
    assert np.mean(np.abs(starts - plain) <= 0.1) >= 0.9


def test_text_that_cannot_be_spoken_keeps_its_place(results):
    result = results["odd text"]

    assert result["transcript"].replace("\r\n", "\n") == ODD_TEXT.replace("\r\n", "\n")
    words = {word["text"]: word for word in result["words"]}
    assert "Zoë," in words
    assert words["Zoë,"]["aligned"]
    (emoji,) = [word for word in result["words"] if "😀" in word["text"]]
    assert not emoji["aligned"]
    assert emoji["score"] is None
    assert emoji["spoken"] is False
    assert [s["text"] for s in result["sentences"]][-1] == "Fine!"


def test_warnings_reach_stderr_and_the_result(finished, results):
    for name, fragment in {"cut short": "cut short", "silence": "digital silence"}.items():
        assert any(fragment in warning for warning in results[name]["warnings"]), name
        assert fragment in finished[name].stderr, name


@pytest.mark.parametrize("name", ["middle of a story", "story with gaps"])
def test_a_wildcard_leaves_the_words_their_place(results, name):
    truth = iter(true_words(STORY.with_suffix(".json")))
    lines = STORY.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    start_s = {n: [next(truth)[1] for _ in line.split()] for n, line in enumerate(lines)}
    wanted = {"middle of a story": (4, 5, 6, 7), "story with gaps": (1, 2, 6, 7, 8)}[name]
    expected_s = [time_s for line in wanted for time_s in start_s[line]]

    found_s = [word["start_time"] for word in results[name]["words"]]

    assert len(found_s) == len(expected_s)
    assert np.mean(np.abs(np.subtract(found_s, expected_s)) <= 0.1) >= 0.8
