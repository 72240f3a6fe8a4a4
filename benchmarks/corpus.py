#!/usr/bin/env python3
"""How many files a second, and how much memory, does a run over many recordings take?

    python benchmarks/corpus.py
    python benchmarks/corpus.py --ways "loaded,corpus,two workers" --rounds 3
    python benchmarks/corpus.py --memory 2000

Each way runs in processes of its own, in turn: a process for each file, a loaded model that is
given one file after the other, the corpus run of inference_mms.py, and the same with one worker of
one thread and with two.
Files a second are those between the first and the last fifth, when all is loaded; "whole" counts
from the command to its end. Memory is that of all processes of a run (Linux).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.ratios import ratio_text
from speech_toolkit.cli.arguments import comma_separated, number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import RUNS, TEST_CASES
from tools.make_corpus import MANIFEST, make_corpus

PER_FILE = "process per file"
LOADED = "loaded"
CORPUS = "corpus"
ONE_BY_ONE = """
import json, sys
from pathlib import Path
from speech_toolkit.alignment import Aligner
folder, output = map(Path, sys.argv[1:])
output.mkdir()
aligner = Aligner.load(device="cpu")
rows = map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines())
with (output / "journal.jsonl").open("w") as journal:
    for row in rows:
        result = aligner.align(folder / row["audio"], row["text"]).to_dict()
        path = output / (row["id"] + ".json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(result, ensure_ascii=False, indent=2), encoding="utf-8")
        print(row["id"], file=journal, flush=True)
"""
SCRIPT = str(REPOSITORY / "inference_mms.py")
_LOOKS_EVERY_S = 0.02


@dataclass(frozen=True)
class Pace:
    """How a run got on.

    Attributes:
        steady: files a second between the first fifth and the last.
        whole: files a second from the command to its end.
        memory_bytes: resident memory of its processes at each count of files that was asked for.
    """

    steady: float
    whole: float
    memory_bytes: Mapping[int, int]


def corpus_command(folder: Path, output: Path, *more: str) -> list[str]:
    """Return the command of a run over a corpus."""
    manifest = str(folder / MANIFEST)
    return [sys.executable, SCRIPT, "--manifest", manifest, "--output_dir", str(output), *more]


WAYS: dict[str, Callable[[Path, Path], list[str]]] = {
    LOADED: lambda folder, output: [sys.executable, "-c", ONE_BY_ONE, str(folder), str(output)],
    CORPUS: lambda folder, output: corpus_command(folder, output, "--device", "cpu"),
    "one worker, one thread": lambda folder, output: [
        *("env", "OMP_NUM_THREADS=1"),
        *corpus_command(folder, output, "--devices", "cpu"),
    ],
    "two workers": lambda folder, output: corpus_command(folder, output, "--devices", "cpu,cpu"),
}


def pace_of(
    command: Sequence[str], output: Path, files: int, memory_at: Sequence[int] = ()
) -> Pace:
    """Run a command that writes a line of a journal for each file, and watch it."""
    seen: list[tuple[float, int]] = []
    memory: dict[int, int] = {}
    journal = output / "journal.jsonl"
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        while process.poll() is None:
            time.sleep(_LOOKS_EVERY_S)
            done = journal.read_bytes().count(b"\n") if journal.exists() else 0
            seen.append((time.perf_counter(), done))
            for count in memory_at:
                if count not in memory and done >= count:
                    memory[count] = tree_bytes(process.pid)
        errors = process.stderr.read().decode(errors="replace")
    whole_s = time.perf_counter() - started
    if process.returncode != EXIT_DONE:
        raise RuntimeError(errors)
    (first_s, first), (last_s, last) = (
        next((at, done) for at, done in seen if done >= share * files) for share in (0.2, 0.8)
    )
    return Pace((last - first) / (last_s - first_s), files / whole_s, memory)


def tree_bytes(pid: int) -> int:
    """Return the resident memory of a process and all that descend from it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line), 0)
    return own * 1024 + sum(tree_bytes(int(child)) for child in children)


def pace_per_file(folder: Path, files: int) -> float:
    """Return the files a second of a process for each of the first few."""
    rows = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()[:files]
    started = time.perf_counter()
    for row in map(json.loads, rows):
        command = [sys.executable, SCRIPT, "--audio", str(folder / row["audio"])]
        command += ["--transcript", row["text"], "--device", "cpu", "--output", "-"]
        subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
    return len(rows) / (time.perf_counter() - started)


def measure(arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Return the files a second of each way, round by round."""
    found: dict[str, list[float]] = {name: [] for name in (PER_FILE, *arguments.ways)}
    whole: dict[str, list[float]] = {f"{name}, whole": [] for name in arguments.ways}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "corpus"
        make_corpus(folder, arguments.items, 0)
        for turn in range(arguments.rounds):
            found[PER_FILE].append(pace_per_file(folder, arguments.single_files))
            for name in arguments.ways if turn % 2 else reversed(arguments.ways):
                output = Path(scratch) / f"{name} {turn}"
                pace = pace_of(WAYS[name](folder, output), output, arguments.items)
                found[name].append(pace.steady)
                whole[f"{name}, whole"].append(pace.whole)
    return found | whole


def show_pace(found: Mapping[str, Sequence[float]]) -> None:
    """Print the table."""
    print(f"{'':<30} {'files/s':>9}  {'against ' + PER_FILE:<28} against {LOADED}")
    for name, rates in found.items():
        base = found.get(f"{LOADED}, whole" if name.endswith("whole") else LOADED)
        against = "" if base is None or name == PER_FILE else ratio_text(rates, base)
        print(
            f"{name:<30} {statistics.median(rates):>9.2f}  "
            f"{ratio_text(rates, found[PER_FILE]):<28} {against}"
        )


def show_memory(files: int, ways: Sequence[str]) -> dict[str, Mapping[int, int]]:
    """Run the ways over many files, and print the memory that they take on the way."""
    counts = [count for count in (100, 500, 1000, 2000, 5000) if count <= files]
    found = {}
    print(f"{'resident, MB':<22} " + "".join(f"{f'file {count:,}':>12}" for count in counts))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "corpus"
        make_corpus(folder, files, 0)
        for name in ways:
            output = Path(scratch) / name
            pace = pace_of(WAYS[name](folder, output), output, files, counts)
            found[name] = pace.memory_bytes
            sizes = "".join(f"{pace.memory_bytes.get(c, 0) / 1e6:>12.0f}" for c in counts)
            print(f"{name:<22} {sizes}")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=number(TEST_CASES), default=500, help="default: 500")
    parser.add_argument("--rounds", type=number(RUNS), default=3, help="default: 3")
    parser.add_argument(
        "--single_files", type=number(RUNS), default=5, help="for a process each (default: 5)"
    )
    parser.add_argument(
        "--ways",
        type=comma_separated(str),
        default=tuple(WAYS),
        help=f"of {', '.join(WAYS)} (default: all)",
    )
    parser.add_argument(
        "--memory", type=number(TEST_CASES), metavar="FILES", help="show memory over so many files"
    )
    parser.add_argument("--json", help="write the figures to this file")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.ways) - set(WAYS):
        parser.error(f"--ways {', '.join(unknown)}: choose among {', '.join(WAYS)}")
    if arguments.memory:
        figures = show_memory(arguments.memory, arguments.ways)
    else:
        figures = measure(arguments)
        show_pace(figures)
    if arguments.json:
        write_json(arguments.json, figures)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
