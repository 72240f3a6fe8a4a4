"""inference_whisper.py on the emulated NPU: same tokens, right card, right dtype, clear errors.

Each test starts the scripts as a user does, where torch_npu is the stand-in of tests/emulated_npu.
The chip is a 310P, which computes float32 as the CPU does, unless a test says otherwise.
"""

import json
import os
import shutil

import pytest

from tests.end_to_end.support import REPOSITORY, RUN_MANY, WHISPER, Finished, run_many
from tests.end_to_end.whisper_material import GREETING, TALK

pytestmark = pytest.mark.usefixtures("emulated_npu")

CHIP = {"EMULATED_NPU_CHIP": "Ascend310P3"}
CONVOLUTION = "aten::convolution_overrideable"
CONVOLUTIONS_A_WINDOW = 2
PLAIN = ("--audio", GREETING)
CHUNKS = ("--audio", TALK, "--mode", "chunked", "--chunk_length", 12)


@pytest.fixture
def run_all(emulated_npu, tmp_path):
    """Return a function that runs several command lines in one process with emulated cards."""

    def run(commands, **variables):
        listing = [
            (str(REPOSITORY / "inference_whisper.py"), [*map(str, command)], os.devnull)
            for command in commands
        ]
        finished = emulated_npu.python(
            "-c", RUN_MANY, cwd=tmp_path, stdin=json.dumps(listing), **(CHIP | variables)
        )
        assert finished.code == 0, finished.stderr
        rows = json.loads(finished.stdout.splitlines()[-1])
        return [Finished(*row) for row in rows], finished.report

    return run


@pytest.fixture
def transcribe(run_all, tmp_path):
    """Return a function that runs one command line; it yields the JSON and the cards' report."""

    def run(*arguments, **variables):
        (finished,), report = run_all([[*arguments, "--output", "result.json"]], **variables)
        assert finished.code == 0, finished.stderr
        return json.loads((tmp_path / "result.json").read_text()), report

    return run


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory):
    """The CPU's results, made without torch_npu."""
    directory = tmp_path_factory.mktemp("cpu")
    commands = {"plain": PLAIN, "chunks": (*CHUNKS, "--batch_size", 3)}
    runs = run_many(
        [
            ("inference_whisper.py", [*command, "--device", "cpu", "--output", f"{name}.json"])
            for name, command in commands.items()
        ],
        cwd=directory,
    )
    for finished in runs:
        assert finished.code == 0, finished.stderr
    return {name: json.loads((directory / f"{name}.json").read_text()) for name in commands}


def check_like_cpu(result, reference):
    """Expect the same tokens, so the same text, at the same times."""
    for key in ("text", "language"):
        assert result[key] == reference[key]
    for one, other in zip(result["segments"], reference["segments"], strict=True):
        for key in ("tokens", "start_s", "end_s", "temperature"):
            assert one[key] == other[key]
        assert one["avg_logprob"] == pytest.approx(other["avg_logprob"], abs=1e-3)


def check_clean(report, result):
    """Hold to no float64, no other card, no operator on the CPU, one encoding a window."""
    counters = report["counters"]
    assert not [name for name in counters if name.startswith("float64")]
    assert counters.get("fallback", 0) == 0
    assert counters.get("copy_between_cards", 0) == 0
    encoded = counters[f"operator.{CONVOLUTION}"] / CONVOLUTIONS_A_WINDOW
    assert encoded <= result["windows"]


def test_published_command_lines(emulated_npu, tmp_path, on_cpu):
    """Word for word, beside a model of the published name."""
    (tmp_path / "distil-large-v3").symlink_to(WHISPER)
    shutil.copy(GREETING, tmp_path / "sample.flac")
    shutil.copy(TALK, tmp_path / "long_audio.flac")
    for line in (
        "--model_path ./distil-large-v3 --audio sample.flac --device npu:0 --mode transcribe",
        "--model_path ./distil-large-v3 --audio long_audio.flac --device npu:0 --mode chunked "
        "--chunk_length 30 --batch_size 4",
    ):
        finished = emulated_npu.python(
            REPOSITORY / "inference.py", *line.split(" "), cwd=tmp_path, **CHIP
        )

        assert finished.code == 0, finished.stderr
        assert "Traceback" not in finished.stderr
        assert "Running inference on: npu:0\n" in finished.stdout
        assert "[INFO] Target device: npu:0, dtype: torch.float16\n" in finished.stdout
        result = json.loads((tmp_path / "transcription_result_npu_0.json").read_text())
        assert (result["device"], result["dtype"]) == ("npu:0", "torch.float16")
        assert result["environment"]["device_name"] == "Emulated Ascend310P3"
        assert result["memory"]["peak_allocated_bytes"] > 1e6
        check_clean(finished.report, result)


@pytest.mark.parametrize(("device", "card"), [("npu", 0), ("cuda:1", 1)])
def test_float32_gives_the_tokens_of_the_cpu(transcribe, on_cpu, device, card):
    result, report = transcribe(
        *PLAIN, "--device", device, "--dtype", "float32", EMULATED_NPU_POISON="1"
    )

    check_like_cpu(result, on_cpu["plain"])
    check_clean(report, result)
    assert result["environment"]["device"] == f"npu:{card}"
    assert report["cards"][1 - card]["peak_allocated"] == 0


def test_the_host_does_not_wait_for_each_token(transcribe, on_cpu):
    result, report = transcribe(*CHUNKS, "--batch_size", 3, "--device", "npu", "--dtype", "float32")

    check_like_cpu(result, on_cpu["chunks"])
    check_clean(report, result)
    counters = report["counters"]
    tokens = sum(len(segment["tokens"]) for segment in result["segments"])
    waits = counters["copy_to_host"] + counters.get("implicit_synchronize", 0)
    assert tokens > 150
    assert waits < tokens / 2


def test_out_of_memory_halves_the_batch(transcribe, on_cpu):
    result, report = transcribe(
        *(*CHUNKS, "--batch_size", 3, "--device", "npu", "--dtype", "float32"),
        EMULATED_NPU_OUT_OF_MEMORY_OP=f"{CONVOLUTION}@3",
    )

    assert report["counters"]["out_of_memory"] == 1
    assert [text for text in result["warnings"] if "out of memory" in text]
    check_like_cpu(result, on_cpu["chunks"])


def test_memory_stays_flat_over_many_files(run_all, tmp_path):
    for copy in range(4):
        shutil.copy(GREETING, tmp_path / f"{copy}.flac")
    files = [f"{copy}.flac" for copy in range(4)]

    (finished,), _ = run_all([["--audio", *files, "--device", "npu", "--output_dir", "out"]])

    assert finished.code == 0, finished.stderr
    peaks = [
        json.loads((tmp_path / "out" / f"{copy}.json").read_text())["memory"] for copy in range(4)
    ]
    assert len({peak["peak_allocated_bytes"] for peak in peaks[1:]}) == 1
    assert len({peak["allocated_bytes"] for peak in peaks[1:]}) == 1


REFUSED = {
    "index": (("--device", "npu:2"), "npu:2 is out of range: 2 visible"),
    "dtype": (("--device", "npu", "--dtype", "bfloat16"), "has no bfloat16"),
    "graph": (("--device", "npu", "--decode_graph", "on"), "--decode_graph"),
}


def test_what_the_card_lacks_is_one_line(run_all, tmp_path):
    runs, _ = run_all([[*PLAIN, *arguments] for arguments, _ in REFUSED.values()])

    for finished, (_, message) in zip(runs, REFUSED.values(), strict=True):
        assert finished.code == 2
        assert message in finished.stderr.splitlines()[-1]
        assert "Traceback" not in finished.stderr
    assert list(tmp_path.glob("transcription*")) == []


BROKEN = {
    "no CANN": ({"EMULATED_NPU_NO_CANN": "1"}, "CANN was not found (libhccl.so"),
    "no card": ({"EMULATED_NPU_CARDS": "0"}, "no npu device is visible"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_npu(run_all, on_cpu, tmp_path, name):
    variables, message = BROKEN[name]
    commands = [
        [*PLAIN, "--device", device, "--output", f"{device}.json"]
        for device in ("cpu", "npu", "auto")
    ]

    (cpu, npu, auto), _ = run_all(commands, **variables)

    assert (cpu.code, npu.code, auto.code) == (0, 2, 0)
    assert message in npu.stderr.splitlines()[-1]
    assert "Using cpu: torch_npu is installed but gives no NPU" in auto.stderr
    for device in ("cpu", "auto"):
        result = json.loads((tmp_path / f"{device}.json").read_text())
        assert (result["device"], result["dtype"]) == ("cpu", "torch.float32")
        check_like_cpu(result, on_cpu["plain"])
    assert not (tmp_path / "npu.json").exists()


def test_an_operator_that_fails_is_one_line_and_one_that_falls_back_is_said(run_all, tmp_path):
    (failed, slow), report = run_all(
        [[*PLAIN, "--device", "npu", "--output", f"{name}.json"] for name in "ab"],
        EMULATED_NPU_RAISE_OP=f"{CONVOLUTION}@1",
        EMULATED_NPU_FALLBACK_OPS="aten::gelu",
    )

    assert failed.code == 2
    assert f"call {CONVOLUTION} failed" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "a.json").exists()
    assert slow.code == 0
    assert report["counters"]["fallback"] > 0


def test_json_on_stdout_stays_clean(emulated_npu, tmp_path):
    command = (REPOSITORY / "inference_whisper.py", *PLAIN, "--device", "npu", "--output", "-")
    finished = emulated_npu.python(*command, cwd=tmp_path, EMULATED_NPU_NOISE="1", **CHIP)

    assert finished.code == 0, finished.stderr
    assert json.loads(finished.stdout)["device"] == "npu"
    assert "ASCENDCL" in finished.stderr


PYTHON_FORM = """
import json, sys
from inference import run_inference
import torch

model, audio = sys.argv[1:]
results = [
    run_inference(model_path=model, audio_path=audio, device_type=device, dtype=dtype)
    for device, dtype in (("cpu", None), ("npu", torch.float32), ("npu:1", None))
]
print(json.dumps(results))
"""


def test_python_form(emulated_npu, on_cpu):
    finished = emulated_npu.python("-c", PYTHON_FORM, WHISPER, GREETING, cwd=REPOSITORY, **CHIP)

    assert finished.code == 0, finished.stderr
    results = json.loads(finished.stdout.splitlines()[-1])
    assert [result["device"] for result in results] == ["cpu", "npu", "npu:1"]
    assert [result["dtype"] for result in results] == [
        *("torch.float32", "torch.float32", "torch.float16")
    ]
    for result in results[:2]:
        check_like_cpu(result, on_cpu["plain"])
