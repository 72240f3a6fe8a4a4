"""Whatever stands on a command line: a result or one line of error, for every script.

Each attempt gives one or two options of a script an odd value. The scripts run in this process; a
model is loaded once, and what would start processes or repeat runs ends where it would start.
"""

import importlib
import io
import random

import pytest
import soundfile

from speech_toolkit.errors import ToolkitError
from tests.end_to_end.support import REPOSITORY
from tests.unit.odd_values import Outcomes, bounded_memory

SCRIPTS = {
    "inference": ["--audio", "a.wav", "--transcript", "hello", "--output", "out.json"],
    "inference_mms": ["--audio", "a.wav", "--transcript", "hello", "--output", "out.json"],
    "inference_whisper": ["--audio", "a.wav", "--output", "out.json", "--max_new_tokens", "2"],
    "evaluate": ["--devices", "cpu,cpu:bfloat16", "--audio", "a.wav", "--output", "out.json"],
    "eval_accuracy": ["--devices", "cpu,cpu", "--num_test_cases", "2", "--source", "samples"],
    "eval_perf": ["--devices", "cpu", "--duration", "1", "--audio", "a.wav", "--runs", "1"],
}
NUMBERS = (
    *("0", "1", "2", "-1", "-0.0", "0.5", "1e-300", "1e12", "1e300", "-1e300", "1e400", "inf"),
    *("-inf", "nan", "9" * 5000, "-" + "9" * 5000, "1_000", "0x10", " 3", "3 ", "\u0663", "1,2"),
    *("1,", ",", "1,nan", "1e3", "2147483648", "9223372036854775808", "1000000000000000000000000"),
)
WORDS = (
    *("", " ", "evil", "none", "auto", "en", "eng", "german", "klingon", "zh", "float16", "int8"),
    *(
        "cpu",
        "cpu:1",
        "cuda",
        "cuda:0",
        "npu",
        "npu:99",
        "npu:" + "9" * 5000,
        "cpu,cpu",
        "cpu,",
        "=",
    ),
    *(
        "x=1",
        "=1",
        "x=inf",
        "score=nan",
        "wer=1e400",
        "wer=" + "9" * 5000,
        "a\nb",
        "\udce9",
        "\u202e",
    ),
    *(
        "x" * 5000,
        "x" * 300,
        "/" * 5000,
        "~",
        ".",
        "..",
        "./",
        "a.wav",
        "missing.wav",
        "folder",
        "a/b",
    ),
    *(
        "nobody/nothing",
        "a.wav/x",
        "out.srt",
        "out.json",
        "text.txt",
        "empty",
        "{}",
        "[1]",
        "--",
        "-x",
    ),
    *(
        "\u6f22\u5b57",
        "e\u0301",
        "\U0001f600",
        "%s%n",
        "$(id)",
        "*",
        "transcribe",
        "benchmark",
        "compare",
    ),
)


class Reached(ToolkitError):
    """The point where a script would start to compute."""


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """Run scripts in a folder with some files, models loaded once and no further process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    samples, rate = soundfile.read(REPOSITORY / "samples" / "demo.wav", frames=24_000)
    soundfile.write("a.wav", samples, rate)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "text.txt").write_text("hello")
    keep_loaded(monkeypatch, "speech_toolkit.alignment.aligner", "load_ctc_model")
    keep_loaded(monkeypatch, "speech_toolkit.transcription.decoding.decoder", "load_whisper_model")
    for place in (
        "speech_toolkit.processes.runner._started",
        "speech_toolkit.evaluation.speed.one_file.run_benchmark",
    ):
        monkeypatch.setattr(place, stop)
    return tmp_path


def keep_loaded(monkeypatch, module, name):
    """Make a module load each model once for each dtype and attention kernel."""
    load, loaded = getattr(importlib.import_module(module), name), {}

    def load_once(checkpoint, *how):
        key = (checkpoint.directory, *map(str, how))
        if key not in loaded:
            loaded[key] = load(checkpoint, *how)
        return loaded[key]

    monkeypatch.setattr(f"{module}.{name}", load_once)


def stop(*_, **__):
    raise Reached("it would compute now")


def options_of(script):
    """Return the options of a script that take a value, and those that take none."""
    if script == "inference":
        return options_of("inference_mms")
    actions = importlib.import_module(script).build_parser()._actions
    named = [action for action in actions if action.option_strings and action.dest != "help"]
    return [a for a in named if a.nargs != 0], [a for a in named if a.nargs == 0]


def odd_value(action, rng):
    """Return a value for an option, nearly always of its kind: the parser is to let some pass."""
    if rng.random() < 0.1:
        return rng.choice(NUMBERS + WORDS)
    if action.choices:
        return rng.choice([*action.choices])
    return rng.choice(WORDS if action.type is None else NUMBERS)


def odd_command_line(script, rng):
    """Return a command line with some options of odd values."""
    valued, flags = options_of(script)
    arguments = list(SCRIPTS[script])
    for action in rng.sample(valued, rng.choice((1, 1, 2, 3))):
        option, value = action.option_strings[-1], odd_value(action, rng)
        if option in arguments:
            arguments[arguments.index(option) + 1] = value
        else:
            arguments += rng.choice(([option, value], [f"{option}={value}"]))
        if rng.random() < 0.05:
            arguments += [option]
    for action in rng.sample(flags, rng.choice((0, 0, 0, 1))):
        arguments.append(action.option_strings[-1])
    return arguments


def attempt_many(script, count, seed, folder):
    module = importlib.import_module(script)
    outcomes = Outcomes()
    with bounded_memory():
        for number in range(count):
            arguments = odd_command_line(script, random.Random(f"{script} {seed} {number}"))
            shown = " ".join(part if len(part) < 60 else f"{part[:20]}..." for part in arguments)
            with outcomes.attempt(f"#{number} {script}.py {shown}", usage_errors=True):
                module.main(arguments)
    outcomes.assert_foreseen()
    assert (folder / "a.wav").stat().st_size > 40_000, "the audio is as it was"


@pytest.mark.parametrize("script", SCRIPTS)
def test_odd_options_end_in_a_result_or_one_line(script, scripts):
    attempt_many(script, 12, "default", scripts)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_many_odd_options_end_in_a_result_or_one_line(script, scripts):
    attempt_many(script, 350, "slow", scripts)
