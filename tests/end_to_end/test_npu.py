"""The alignment scripts on the emulated NPU: same results, right card, clear errors.

Each test starts the scripts as a user does, where torch_npu is the stand-in of tests/emulated_npu.
The chip is a 910B, whose float32 is the CPU's by the toolkit's defaults, unless a test says
otherwise.
"""

import json
import os

import pytest

from tests.end_to_end.support import MODEL, REPOSITORY, RUN_MANY, SAMPLES, Finished

pytestmark = pytest.mark.usefixtures("emulated_npu")

BUNDLED = ("--model_path", MODEL)
DEMO = (*BUNDLED, "--audio", SAMPLES / "demo.wav", "--transcript_file", SAMPLES / "demo.txt")
STORY = (*BUNDLED, "--audio", SAMPLES / "story.flac", "--transcript_file", SAMPLES / "story.txt")
WINDOWS = ("--window_s", 4, "--context_s", 1)
SHORT_WINDOWS = ("--window_s", 0.5, "--context_s", 0.25)
WAITS_PER_RUN = 1  # after the weights are loaded: what is copied to the host waits by itself
TRIED_ON_OPENING = 2  # GELU and a product


@pytest.fixture
def align(emulated_npu, tmp_path):
    """Return a function that runs inference.py and returns what it left, JSON result included."""

    def run(*arguments, output="result.json", **variables):
        command = [REPOSITORY / "inference.py", *arguments, "--output", output]
        finished = emulated_npu.python(*command, cwd=tmp_path, **variables)
        text = finished.stdout if output == "-" else (tmp_path / output).read_text("utf-8")
        return finished, json.loads(text)

    return run


@pytest.fixture
def run_all(emulated_npu, tmp_path):
    """Return a function that runs several command lines in one process with emulated cards."""

    def run(commands, **variables):
        listing = [
            (str(REPOSITORY / "inference.py"), [*map(str, command)], os.devnull)
            for command in commands
        ]
        finished = emulated_npu.python(
            "-c", RUN_MANY, cwd=tmp_path, stdin=json.dumps(listing), **variables
        )
        assert finished.code == 0, finished.stderr
        rows = json.loads(finished.stdout.splitlines()[-1])
        return [Finished(*row) for row in rows], finished.report

    return run


def times(result, part="segments"):
    return [(span["start_time"], span["end_time"]) for span in result[part]]


def scores(result):
    return [span["score"] for span in result["segments"]]


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory):
    """Return the CPU's results, whole and in windows, made without torch_npu."""
    from tests.end_to_end.support import run_many

    directory = tmp_path_factory.mktemp("cpu")
    commands = [
        ("inference.py", [*DEMO, "--device", "cpu", "--output", "demo.json"]),
        ("inference.py", [*STORY, *WINDOWS, "--device", "cpu", "--output", "story.json"]),
        ("inference.py", [*DEMO, *SHORT_WINDOWS, "--device", "cpu", "--output", "short.json"]),
    ]
    for finished in run_many(commands, cwd=directory):
        assert finished.code == 0, finished.stderr
    names = ("demo", "story", "short")
    return {name: json.loads((directory / f"{name}.json").read_text()) for name in names}


def check_like_cpu(result, reference):
    assert times(result) == times(reference)
    assert times(result, "words") == times(reference, "words")
    assert scores(result) == pytest.approx(scores(reference), abs=3e-4)


def check_clean(counters, batches):
    """No float64 and no other card; one copy to the host per batch; no wait in between.

    GELU and a product are tried once when the card is opened, which is a copy each.
    """
    assert not [name for name in counters if name.startswith("float64")]
    assert counters.get("fallback", 0) == 0
    assert counters.get("copy_between_cards", 0) == 0
    assert counters["copy_to_host"] == batches + TRIED_ON_OPENING
    assert counters["synchronize"] == WAITS_PER_RUN
    assert counters.get("implicit_synchronize", 0) == 0


@pytest.mark.parametrize(("device", "card", "named"), [("npu", 0, "npu"), ("cuda:1", 1, "npu:1")])
def test_published_command(align, on_cpu, device, card, named):
    finished, result = align(*DEMO, "--device", device, EMULATED_NPU_POISON="1")
    assert finished.code == 0, finished.stderr
    check_like_cpu(result, on_cpu["demo"])
    check_clean(finished.counters, batches=1)
    assert result["device"] == named
    assert result["environment"]["device"] == f"npu:{card}"
    assert finished.report["transferred"]
    assert not [name for name in finished.counters if "weight_norm" in name]  # folded on the host
    used, other = (finished.report["cards"][index] for index in (card, 1 - card))
    memory = result["environment"]["memory"]
    assert memory["peak_allocated_bytes"] == used["peak_allocated"] > 1e6
    assert other["peak_allocated"] == 0
    assert "Traceback" not in finished.stderr
    assert result["environment"]["env"]["PYTORCH_NPU_ALLOC_CONF"] == {
        "value": "expandable_segments:True",
        "set_by": "toolkit",
    }


def test_published_command_from_the_model_directory(emulated_npu, tmp_path):
    command = (
        f"--model_path . --audio {SAMPLES / 'demo.wav'} --transcript hello --device npu "
        f"--output {tmp_path / 'alignment_result.json'}"
    )
    finished = emulated_npu.python(REPOSITORY / "inference.py", *command.split(" "), cwd=MODEL)
    assert finished.code == 0, finished.stderr
    result = json.loads((tmp_path / "alignment_result.json").read_text())
    assert [span["token"] for span in result["segments"]] == list("hello")
    assert result["environment"]["device_name"] == "Emulated Ascend910B2"


def test_other_names_and_dtypes_on_a_910b(run_all, on_cpu, tmp_path):
    names = {
        "auto": ("--device", "auto"),
        "npu:0": ("--device", "npu:0"),
        "npu:1": ("--device", "npu:1"),
        "cuda:0": ("--device", "cuda:0"),
        "float16": ("--device", "npu", "--dtype", "float16"),
        "bfloat16": ("--device", "npu", "--dtype", "bfloat16"),
    }
    commands = [[*DEMO, *options, "--output", f"{name}.json"] for name, options in names.items()]
    runs, report = run_all(commands)
    results = {}
    for name, finished in zip(names, runs, strict=True):
        assert finished.code == 0, finished.stderr
        results[name] = json.loads((tmp_path / f"{name}.json").read_text())
    assert "npu:0" in runs[0].stdout
    assert "an NPU is auto's first choice" in runs[0].stdout + runs[0].stderr
    assert results["auto"]["environment"]["hf32"] == {"matmul": False, "conv": False}
    assert results["auto"]["environment"]["float32_precision"] == "highest"
    assert results["auto"]["environment"]["gelu"] == "exact"
    assert results["float16"]["dtype"] == "torch.float16"
    assert not [name for name in report["counters"] if name.startswith("float64")]
    assert [results[name]["device"] for name in names] == [
        *("npu", "npu:0", "npu:1", "npu:0", "npu", "npu")
    ]
    for name, result in results.items():
        check_close(result, on_cpu["demo"], bound=0.2 if name == "bfloat16" else 0.02)


def check_close(result, reference, bound):
    """Hold word times to one frame in 95 % of the boundaries, and mean scores to a bound."""
    stride_s = reference["frame_stride_s"]
    pairs = zip(times(result, "words"), times(reference, "words"), strict=True)
    shifts = [abs(a - b) for word, other in pairs for a, b in zip(word, other, strict=True)]
    assert sum(shift > stride_s * 1.01 for shift in shifts) <= 0.05 * len(shifts)
    means = [sum(scores(each)) / len(scores(each)) for each in (result, reference)]
    assert means[0] == pytest.approx(means[1], abs=bound)


def test_windows_are_copied_once_per_batch(align, on_cpu):
    finished, result = align(*STORY, *WINDOWS, "--device", "npu", "--batch_size", 3)
    check_like_cpu(result, on_cpu["story"])
    windows = -(-result["num_frames"] // round(4 / result["frame_stride_s"]))
    assert windows > 6
    check_clean(finished.counters, batches=-(-windows // 3))
    assert result["settings"]["batch_size"] == 3


def test_out_of_memory_halves_the_batch(align, run_all, on_cpu, tmp_path):
    arguments = (*DEMO, *SHORT_WINDOWS, "--device", "npu")
    run_all([[*arguments, "--batch_size", n, "--output", f"{n}.json"] for n in (1, 8)])
    results = [json.loads((tmp_path / f"{n}.json").read_text()) for n in (1, 8)]
    peaks = [result["environment"]["memory"]["peak_allocated_bytes"] for result in results]
    room = str(sum(peaks) // 2)
    finished, halved = align(*arguments, "--batch_size", 8, EMULATED_NPU_MEMORY_BYTES=room)
    assert finished.code == 0, finished.stderr
    assert finished.counters["out_of_memory"] >= 1
    assert halved["settings"]["batch_size"] == 4
    assert any("out of memory: batch_size is now 4" in text for text in halved["warnings"])
    assert "[WARNING]" in finished.stderr
    check_like_cpu(halved, on_cpu["short"])


@pytest.mark.slow
def test_out_of_memory_in_the_middle_loses_nothing(align, on_cpu):
    finished, result = align(
        *(*STORY, *WINDOWS, "--device", "npu", "--batch_size", 3),
        EMULATED_NPU_OUT_OF_MEMORY_OP="aten::convolution_overrideable@30",
    )
    assert finished.counters["out_of_memory"] == 1
    assert result["settings"]["batch_size"] == 1
    assert len([text for text in result["warnings"] if "out of memory" in text]) == 1
    check_like_cpu(result, on_cpu["story"])


@pytest.mark.slow
def test_out_of_memory_with_a_single_window(emulated_npu, tmp_path):
    weights = sum(path.stat().st_size for path in MODEL.glob("*.safetensors"))
    for room, said in ((weights * 2, "out of memory with a batch of 1"), (1 << 16, "weights")):
        finished = emulated_npu.python(
            *(REPOSITORY / "inference.py", *STORY, "--device", "npu", "--output", "x.json"),
            cwd=tmp_path,
            EMULATED_NPU_MEMORY_BYTES=str(room),
        )
        assert finished.code == 2
        error = finished.stderr.strip().splitlines()[-1]
        assert error.startswith("error: npu:0: out of memory")
        assert said in error
        assert "MiB" in error
        assert "Traceback" not in finished.stderr
        assert not (tmp_path / "x.json").exists()


BROKEN = {
    "no CANN": ({"EMULATED_NPU_NO_CANN": "1"}, "CANN was not found (libhccl.so"),
    "no card": ({"EMULATED_NPU_CARDS": "0"}, "no npu device is visible"),
    "mismatch": ({"version": "2.1.0.post3"}, "torch_npu 2.1.0.post3 does not match torch"),
    "busy": ({"EMULATED_NPU_BUSY_CARD": "0"}, "npu:0 cannot be opened (npuSetDevice"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_npu(run_all, on_cpu, tmp_path, name):
    variables, message = BROKEN[name]
    commands = [
        [*DEMO, "--device", device, "--output", f"{index}.json"]
        for index, device in enumerate(("cpu", "npu", "cuda:0", "auto"))
    ]
    (cpu, npu, cuda, auto), _ = run_all(commands, **variables)
    assert cpu.code == 0
    assert json.loads((tmp_path / "0.json").read_text())["segments"] == on_cpu["demo"]["segments"]
    for refused in (npu, cuda):
        assert refused.code == 2
        assert message in refused.stderr.splitlines()[-1]
        assert refused.stderr.splitlines()[-1].startswith("error: ")
        assert "Traceback" not in refused.stderr
    assert auto.code == 0
    assert "Using cpu: torch_npu is installed but gives no NPU" in auto.stderr
    assert message in auto.stderr
    result = json.loads((tmp_path / "3.json").read_text())
    assert result["device"] == "cpu"
    check_like_cpu(result, on_cpu["demo"])


def test_autoload_that_the_user_asks_for(run_all, tmp_path):
    broken = {"EMULATED_NPU_NO_CANN": "1", "TORCH_DEVICE_BACKEND_AUTOLOAD": "1"}
    (refused,), _ = run_all([[*DEMO, "--device", "cpu", "--output", "x.json"]], **broken)
    assert refused.code == 2
    assert "unset TORCH_DEVICE_BACKEND_AUTOLOAD" in refused.stderr


def test_wrong_index_and_missing_dtype(run_all):
    (index, mapped, dtype), _ = run_all(
        [
            [*DEMO, "--device", "npu:2"],
            [*DEMO, "--device", "cuda:2"],
            [*DEMO, "--device", "npu", "--dtype", "bfloat16"],
        ],
        EMULATED_NPU_CHIP="Ascend310P3",
    )
    assert [run.code for run in (index, mapped, dtype)] == [2, 2, 2]
    assert "npu:2 is out of range: 2 visible (npu:0 to npu:1)" in index.stderr
    assert "npu:2 is out of range" in mapped.stderr
    assert "npu:0 (Emulated Ascend310P3) has no bfloat16: use float16 or float32" in dtype.stderr


def test_json_on_stdout_stays_clean_and_own_variables_win(align, on_cpu):
    own = {
        "PYTORCH_NPU_ALLOC_CONF": "max_split_size_mb:64",
        "TASK_QUEUE_ENABLE": "2",
        "ASCEND_RT_VISIBLE_DEVICES": "1",
    }
    finished, result = align(*DEMO, "--device", "npu", output="-", EMULATED_NPU_NOISE="1", **own)
    check_like_cpu(result, on_cpu["demo"])
    assert "ASCENDCL" in finished.stderr
    assert "ASCEND_HOME_PATH environment variable is not set" in finished.stderr
    assert "***" not in finished.stderr
    recorded = result["environment"]["env"]
    for name, value in own.items():
        assert recorded[name] == {"value": value, "set_by": "user"}
    assert recorded["TORCHDYNAMO_DISABLE"] == {"value": "1", "set_by": "toolkit"}
    assert len(finished.report["cards"]) == 1


PYTHON_FORM = """
import json, sys
from inference import run_inference
import torch
from speech_toolkit.alignment import Aligner

model, audio, text = *sys.argv[1:3], open(sys.argv[3]).read()
results = [
    run_inference(model_path=model, audio_path=audio, transcript=text, device_type=device,
                  dtype=torch.float32)
    for device in ("cpu", "npu", "cpu")
]
aligner = Aligner.load(model, device="npu:1")
results += [result.to_dict() for result in aligner.align_files([(audio, text)] * 2)]
print(json.dumps(results))
"""


@pytest.mark.slow
def test_python_form(emulated_npu, on_cpu):
    audio, text = SAMPLES / "demo.wav", SAMPLES / "demo.txt"
    finished = emulated_npu.python("-c", PYTHON_FORM, MODEL, audio, text, cwd=REPOSITORY)
    assert finished.code == 0, finished.stderr
    results = json.loads(finished.stdout.splitlines()[-1])
    assert [each["device"] for each in results] == ["cpu", "npu", "cpu", "npu:1", "npu:1"]
    for result in results:
        check_like_cpu(result, on_cpu["demo"])


@pytest.mark.slow
def test_operator_that_fails_or_falls_back_is_not_silent(run_all, tmp_path):
    convolution = "aten::convolution_overrideable"
    commands = [[*DEMO, "--device", "npu", "--output", f"{name}.json"] for name in "ab"]
    switches = {
        "EMULATED_NPU_RAISE_OP": f"{convolution}@3",
        "EMULATED_NPU_FALLBACK_OPS": "aten::native_layer_norm",
    }
    (failed, slow), report = run_all(commands, **switches)
    assert failed.code == 2
    assert f"call {convolution} failed" in failed.stderr
    assert "run again with ASCEND_LAUNCH_BLOCKING=1" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "a.json").exists()
    assert slow.code == 0
    told = [
        text
        for text in json.loads((tmp_path / "b.json").read_text())["warnings"]
        if "aten::native_layer_norm" in text
    ]
    assert len(told) == 1
    assert slow.stderr.count("the card has no aten::native_layer_norm") == 1
    assert report["counters"]["fallback"] > 0
