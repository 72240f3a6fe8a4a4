#!/usr/bin/env python3
"""How long do weights take to the device, and how much host memory on their way?

    python benchmarks/loading.py
    python benchmarks/loading.py --device npu --dtypes float16 --runs 5
    python benchmarks/loading.py --model_path openai/whisper-small --json results/runs/loading.json

Two ways, each in a process of its own, in turn: "host": the whole model on the host, then
``model.to(device)``, as the toolkit does; "device_map": each tensor from the file to the device, as
``from_pretrained(device_map=...)`` does, which needs accelerate and is left out where that is not
installed. Without --model_path the model is random and of the size of whisper-small.

- imports: processor seconds of torch and the model's class; transformers imports accelerate
  wherever it is installed, whether or not it is used.
- load, processor: seconds of the clock and of all threads from the file to the device.
- host: highest memory of the process's own above what it had before. Pages of a file that is mapped
  are not the process's own, the memory of an emulated card is.
- weights: what the model holds on the device in the end.

An emulated card says nothing of a card's own copies. Exit codes: 0 measured, 2 wrong usage.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.device.environment import prepare_environment
from speech_toolkit.device.select import select_device
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import RUNS

HOST, DEVICE_MAP = "host", "device_map"
DTYPES = ("float32", "float16", "bfloat16")
CHILD = (
    "import json, sys; from benchmarks.loading import load_once; "
    "print(json.dumps(load_once(*sys.argv[1:])))"
)
COLUMNS = {
    "imports_s": "imports s",
    "load_s": "load s",
    "processor_s": "processor s",
    "host_mib": "host MiB",
    "weights_mib": "weights MiB",
}
_SAMPLED_EVERY_S = 0.01


def make_model(directory: Path, dtype_name: str) -> None:
    """Save a random Whisper of the size of whisper-small: 242 million parameters."""
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    layers = {"encoder_layers": 12, "decoder_layers": 12}
    heads = {"encoder_attention_heads": 12, "decoder_attention_heads": 12}
    widths = {"encoder_ffn_dim": 3072, "decoder_ffn_dim": 3072}
    config = WhisperConfig(vocab_size=51865, d_model=768, **layers, **heads, **widths)
    model = WhisperForConditionalGeneration(config).to(getattr(torch, dtype_name))
    model.save_pretrained(directory)


def own_memory_kib() -> int:
    """Return the memory of this process that is no file's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon:")))


def load_once(way: str, model_path: str, device_name: str, dtype_name: str) -> dict[str, float]:
    """Load a model in this process, which has imported nothing of it, and return the figures."""
    prepare_environment(device_name)
    started = time.process_time()
    import torch
    from transformers.models.whisper.modeling_whisper import WhisperForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    imports_s = time.process_time() - started
    device = select_device(device_name)
    torch.zeros(1, device=device.name)  # starts the card
    before_kib, peak_kib, done = own_memory_kib(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLED_EVERY_S):
            peak_kib[0] = max(peak_kib[0], own_memory_kib())

    watcher = threading.Thread(target=watch)
    watcher.start()
    wall, processor = time.perf_counter(), time.process_time()
    options = {"device_map": {"": device.name}} if way == DEVICE_MAP else {}
    model = WhisperForConditionalGeneration.from_pretrained(
        model_path, dtype=getattr(torch, dtype_name), **options
    ).to(device.name)
    device.synchronize()
    figures = {
        "imports_s": imports_s,
        "load_s": time.perf_counter() - wall,
        "processor_s": time.process_time() - processor,
    }
    done.set()
    watcher.join()
    return figures | {
        "host_mib": (max(peak_kib[0], own_memory_kib()) - before_kib) / 2**10,
        "weights_mib": sum(parameter.nbytes for parameter in model.parameters()) / 2**20,
    }


def load_in_a_process(way: str, model_path: str, device: str, dtype: str) -> dict[str, float]:
    """Return the figures of :func:`load_once` in a fresh process."""
    command = [sys.executable, "-c", CHILD, way, model_path, device, dtype]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    return json.loads(done.stdout.splitlines()[-1])


def measure(arguments: argparse.Namespace, model_path: str) -> list[dict[str, Any]]:
    """Load in every way and dtype in turn, after one round that is not counted."""
    ways = (HOST, DEVICE_MAP) if importlib.util.find_spec("accelerate") else (HOST,)
    cases = [(way, dtype) for dtype in arguments.dtypes for way in ways]
    runs: dict[tuple[str, str], list[dict[str, float]]] = {case: [] for case in cases}
    for round_number in range(arguments.runs + 1):
        for way, dtype in cases:
            figures = load_in_a_process(way, model_path, arguments.device, dtype)
            if round_number:
                runs[way, dtype].append(figures)
    return [{"way": way, "dtype": dtype, "runs": found} for (way, dtype), found in runs.items()]


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model_path", help="a Whisper checkpoint (default: a random one)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or npu (default: cpu)")
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=["float32", "float16"])
    parser.add_argument(
        "--stored", choices=DTYPES, default="float32", help="of the random model (default: float32)"
    )
    parser.add_argument("--runs", type=number(RUNS), default=3, help="counted rounds (default: 3)")
    parser.add_argument("--json", metavar="FILE", help="write the raw figures there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.model_path is None:
            make_model(Path(scratch), arguments.stored)
        rows = measure(arguments, arguments.model_path or scratch)
    print(f"Medians of {arguments.runs} runs in turn on {arguments.device}")
    print(f"{'':<21}" + "".join(f"{name:>12}" for name in COLUMNS.values()))
    for row in rows:
        medians = {key: statistics.median(run[key] for run in row["runs"]) for key in COLUMNS}
        shown = (f"{value:>12.{0 if value > 9 else 2}f}" for value in medians.values())
        print(f"{row['dtype']:<9}{row['way']:<12}{''.join(shown)}")
    if arguments.json:
        write_json(arguments.json, rows)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
