"""inference_whisper.py on the emulated NPU: same tokens, right card, right dtype, clear errors.

The scripts run as a user starts them, where torch_npu is the stand-in of tests/emulated_npu. The
chip is a 910B, whose float32 is the CPU's by the toolkit's defaults. Importing takes most of the
time, so that all command lines under the same conditions share a process.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.emulated_npu.fixture import EmulatedNpu
from tests.end_to_end.support import REPOSITORY, RUN_MANY, WHISPER, Finished, run_many
from tests.end_to_end.whisper_material import SENTENCE, TALK

pytestmark = pytest.mark.slow

CONVOLUTION = "aten::convolution_overrideable"
CONVOLUTIONS_A_WINDOW = 2
PLAIN = ("--audio", SENTENCE, "--mode", "transcribe")
CHUNKS = ("--audio", TALK, "--mode", "chunked", "--chunk_length", 12, "--batch_size", 3)
FLOAT32 = ("--dtype", "float32")
COPIES = [f"{number}.flac" for number in range(4)]

# Name, and arguments; the published ones word for word, beside a model of the published name.
COMMANDS = {
    "published": "--model_path ./distil-large-v3 --audio sample.flac --device npu:0 "
    "--mode transcribe",
    "published chunks": "--model_path ./distil-large-v3 --audio long_audio.flac --device npu:0 "
    "--mode chunked --chunk_length 30 --batch_size 4 --output chunks.json",
    "float32": (*PLAIN, *FLOAT32, "--device", "npu", "--output", "float32.json"),
    "other card": (*PLAIN, *FLOAT32, "--device", "cuda:1", "--output", "other_card.json"),
    "batches": (*CHUNKS, *FLOAT32, "--device", "npu", "--output", "batches.json"),
    "stdout": (*PLAIN, "--device", "npu", "--output", "-"),
    "many": ("--audio", *COPIES, "--mode", "transcribe", "--device", "npu", "--output_dir", "many"),
}
WINDOWS_OF_MEASURED = 2  # the warm-up that is always made, and the run
MEASURED = ("--audio", SENTENCE, "--mode", "benchmark", "--num_runs", 1, "--warmup", 0)
REFUSED = {
    "index": (("--device", "npu:2"), "npu:2 is out of range: 2 visible"),
    "graph": (("--device", "npu", "--decode_graph", "on"), "--decode_graph"),
}


def run_on_card(emulated_npu, commands, cwd, **variables):
    """Run command lines of inference.py in one process; return what each left, and the report."""
    listing = [
        (str(REPOSITORY / "inference.py"), [*map(str, command)], os.devnull) for command in commands
    ]
    finished = emulated_npu.python("-c", RUN_MANY, cwd=cwd, stdin=json.dumps(listing), **variables)
    assert finished.code == 0, finished.stderr
    rows = json.loads(finished.stdout.splitlines()[-1])
    return [Finished(*row) for row in rows], finished.report


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory):
    """The CPU's results, made without torch_npu."""
    directory = tmp_path_factory.mktemp("cpu")
    commands = {"plain": PLAIN, "batches": CHUNKS}
    runs = run_many(
        [
            ("inference_whisper.py", [*command, "--device", "cpu", "--output", f"{name}.json"])
            for name, command in commands.items()
        ],
        cwd=directory,
    )
    assert [run.code for run in runs] == [0, 0], runs
    return {name: read_json(directory / f"{name}.json") for name in commands}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    directory = tmp_path_factory.mktemp("workplace")
    (directory / "distil-large-v3").symlink_to(WHISPER)
    for name in ("sample.flac", *COPIES):
        (directory / name).symlink_to(SENTENCE)
    (directory / "long_audio.flac").symlink_to(TALK)
    return directory


@pytest.fixture(scope="module")
def on_card(_emulated_npu_is_built, tmp_path_factory, workplace):
    """All commands, good ones and refused ones: name -> what it left; and the cards' report.

    Fresh memory of the cards holds NaN, and native code prints to stdout.
    """
    commands = {
        name: command.split(" ") if isinstance(command, str) else command
        for name, command in COMMANDS.items()
    }
    commands["measured"] = [*MEASURED, "--device", "npu", "--output", "-"]
    commands |= {name: [*PLAIN, *extra] for name, (extra, _) in REFUSED.items()}
    runs, report = run_on_card(
        EmulatedNpu(tmp_path_factory.mktemp("report")),
        commands.values(),
        workplace,
        EMULATED_NPU_POISON="1",
        EMULATED_NPU_NOISE="1",
    )
    return dict(zip(commands, runs, strict=True)), report


@pytest.fixture(scope="module")
def results(on_card, workplace):
    """Name -> the JSON it wrote."""
    finished, _ = on_card
    paths = {
        "published": "transcription_result_npu_0.json",
        "published chunks": "chunks.json",
        "float32": "float32.json",
        "other card": "other_card.json",
        "batches": "batches.json",
    }
    paths |= {copy: f"many/{Path(copy).stem}.json" for copy in COPIES}
    found = {name: read_json(workplace / path) for name, path in paths.items()}
    return found | {"stdout": json.loads(finished["stdout"].stdout)}


def check_like_cpu(result, reference):
    """Expect the same tokens, so the same text, at the same times."""
    assert result["text"] == reference["text"] != ""
    for one, other in zip(result["segments"], reference["segments"], strict=True):
        for key in ("tokens", "start_s", "end_s", "temperature"):
            assert one[key] == other[key]
        assert one["avg_logprob"] == pytest.approx(other["avg_logprob"], abs=1e-3)


def test_every_command_ends_with_its_exit_code(on_card):
    finished, _ = on_card
    for name, run in finished.items():
        assert run.code == (2 if name in REFUSED else 0), f"{name}: {run.stderr}"
        assert "Traceback" not in run.stderr, name


def test_report_of_a_measurement_is_alone_on_stdout(on_card):
    finished, _ = on_card
    report = json.loads(finished["measured"].stdout)
    assert (report["kind"], report["environment"]["backend"]) == ("benchmark", "npu")


@pytest.mark.parametrize("name", ["published", "published chunks"])
def test_published_command_lines(on_card, results, name):
    finished, _ = on_card
    result = results[name]

    assert "Running inference on: npu:0\n" in finished[name].stdout
    assert "[INFO] Target device: npu:0, dtype: torch.float16\n" in finished[name].stdout
    assert (result["device"], result["dtype"]) == ("npu:0", "torch.float16")
    assert result["environment"]["device_name"] == "Emulated Ascend910B2"
    assert result["memory"]["peak_allocated_bytes"] > 1e6
    assert result["text"] != ""


@pytest.mark.parametrize(
    ("name", "reference"), [("float32", "plain"), ("other card", "plain"), ("batches", "batches")]
)
def test_float32_gives_the_tokens_of_the_cpu(results, on_cpu, name, reference):
    check_like_cpu(results[name], on_cpu[reference])


def test_the_card_asked_for_is_the_one_that_works(results):
    assert results["float32"]["environment"]["device"] == "npu:0"
    assert results["other card"]["environment"]["device"] == "npu:1"


def test_each_window_is_encoded_once_and_all_on_the_card(on_card, results):
    _, report = on_card
    counters = Counter(report["counters"])

    windows = sum(result["windows"] for result in results.values()) + WINDOWS_OF_MEASURED
    assert counters[f"operator.{CONVOLUTION}"] <= CONVOLUTIONS_A_WINDOW * windows
    assert not [name for name in counters if name.startswith("float64")]
    assert counters["fallback"] == counters["copy_between_cards"] == 0


def test_the_host_does_not_wait_for_each_token(on_card, results):
    _, report = on_card
    counters = Counter(report["counters"])

    tokens = sum(
        len(segment["tokens"]) for result in results.values() for segment in result["segments"]
    )
    assert tokens > 500
    assert counters["copy_to_host"] + counters["implicit_synchronize"] < tokens / 3


def test_memory_stays_flat_over_many_files(results):
    memories = [results[copy]["memory"] for copy in COPIES]

    for key in ("allocated_bytes", "peak_allocated_bytes"):
        assert len({memory[key] for memory in memories[1:]}) == 1, key


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_card_lacks_is_one_line(on_card, workplace, name):
    finished, _ = on_card

    assert REFUSED[name][1] in finished[name].stderr.splitlines()[-1]
    assert not (workplace / "transcription_result_npu.json").exists()


def test_a_dtype_that_the_chip_lacks_is_one_line(emulated_npu, tmp_path):
    (refused,), _ = run_on_card(
        emulated_npu,
        [[*PLAIN, "--device", "npu", "--dtype", "bfloat16"]],
        tmp_path,
        EMULATED_NPU_CHIP="Ascend310P3",
    )

    assert refused.code == 2
    assert "has no bfloat16" in refused.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("transcription_result*"))


def test_native_output_stays_out_of_the_json(on_card, results, on_cpu):
    finished, _ = on_card

    assert "ASCENDCL" in finished["stdout"].stderr
    assert results["stdout"]["device"] == "npu"


def test_out_of_memory_halves_the_batch(emulated_npu, on_cpu, tmp_path):
    (finished,), report = run_on_card(
        emulated_npu,
        [[*CHUNKS, *FLOAT32, "--device", "npu", "--output", "result.json"]],
        tmp_path,
        EMULATED_NPU_OUT_OF_MEMORY_OP=f"{CONVOLUTION}@3",
    )

    assert finished.code == 0, finished.stderr
    assert report["counters"]["out_of_memory"] == 1
    result = read_json(tmp_path / "result.json")
    assert [text for text in result["warnings"] if "out of memory" in text]
    check_like_cpu(result, on_cpu["batches"])


def test_an_operator_that_fails_is_one_line_and_one_that_falls_back_is_said(emulated_npu, tmp_path):
    (failed, slow), report = run_on_card(
        emulated_npu,
        [[*PLAIN, "--device", "npu", "--output", f"{name}.json"] for name in "ab"],
        tmp_path,
        EMULATED_NPU_RAISE_OP=f"{CONVOLUTION}@1",
        EMULATED_NPU_FALLBACK_OPS="aten::native_layer_norm",
    )

    assert failed.code == 2
    assert f"call {CONVOLUTION} failed" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "a.json").exists()
    assert slow.code == 0
    assert report["counters"]["fallback"] > 0
    assert [
        text
        for text in read_json(tmp_path / "b.json")["warnings"]
        if "aten::native_layer_norm" in text
    ]
    assert slow.stderr.count("the card has no aten::native_layer_norm") == 1


def test_a_broken_npu_is_an_error_by_name_and_passed_over_by_auto(emulated_npu, on_cpu, tmp_path):
    commands = [
        [*PLAIN, "--device", device, "--output", f"{device}.json"]
        for device in ("cpu", "npu", "auto")
    ]

    (cpu, npu, auto), _ = run_on_card(emulated_npu, commands, tmp_path, EMULATED_NPU_NO_CANN="1")

    assert (cpu.code, npu.code, auto.code) == (0, 2, 0)
    assert "CANN was not found (libhccl.so" in npu.stderr.splitlines()[-1]
    assert "Using cpu: torch_npu is installed but gives no NPU" in auto.stderr
    for device in ("cpu", "auto"):
        result = read_json(tmp_path / f"{device}.json")
        assert (result["device"], result["dtype"]) == ("cpu", "torch.float32")
        check_like_cpu(result, on_cpu["plain"])
    assert not (tmp_path / "npu.json").exists()
