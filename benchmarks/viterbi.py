"""Time and memory of the CTC Viterbi search on dense speech, beside other programs.

    python benchmarks/viterbi.py
    python benchmarks/viterbi.py --cases "5 s" "30 min" --threads 1
    python benchmarks/viterbi.py --cases "10 h" --programs forced_align --json > viterbi.json

Every row is measured in a process of its own. A label-cell is one label in one frame: T frames and
L labels make T * L label-cells, whether or not a program skips those that no path can reach. Added
memory is the peak of the resident set during the search over what it was before, with the
emissions and the program loaded. The first call is that of a fresh process, imports included.

ctc-forced-aligner and torchaudio are measured if they are installed. The NumPy loop finds the best
score and no path, and so tells what the others should reach.

Exit codes: 0 measured, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

VOCABULARY = 31
FRAMES_PER_S = 50
CHUNK_FRAMES = 10_000

Search = Callable[[np.ndarray, np.ndarray], float]  # emissions (T, V), targets (L,) -> score


@dataclass(frozen=True)
class Case:
    """A length of speech: T frames and L labels, and how often a search is timed."""

    frames: int
    labels: int
    repeats: int


CASES = {
    "5 s": Case(249, 41, 21),
    "2 min": Case(120 * FRAMES_PER_S, 1_667, 11),
    "30 min": Case(1800 * FRAMES_PER_S, 25_000, 3),
    "2 h": Case(7200 * FRAMES_PER_S, 100_000, 1),
    "10 h": Case(36_000 * FRAMES_PER_S, 500_000, 1),
}
DEFAULT_CASES = ("5 s", "2 min", "30 min", "2 h")


@dataclass(frozen=True)
class Program:
    """Something that aligns: the module it needs, and the most T * L that it is given."""

    module: str
    threads: tuple[int, ...] = (1,)
    most_cells: float = float("inf")
    limit: str = ""


EMPTY_CACHE = "forced_align, never compiled"
PROGRAMS = {
    "forced_align": Program("numba", (1, 2)),
    EMPTY_CACHE: Program("numba", (1,), 3e7, "only the first call differs"),
    "NumPy loop, score only": Program("numpy", (1,), 3e9, "takes many minutes"),
    "ctc-forced-aligner": Program("ctc_forced_aligner", (1,), 3e9, "takes minutes"),
    "torchaudio": Program("torchaudio", (1,), 2**30, "its index overflows at 2^31 states"),
}


@dataclass(frozen=True)
class Measurement:
    """What one process found.

    Attributes:
        program: its name.
        case: length of the speech.
        frames: T.
        labels: L.
        threads: as asked for.
        first_call_s: imports and first search.
        times_s: wall time of every later search, or of the only one.
        cpu_s: processor time of the median search, all threads together.
        added_bytes: peak resident memory over that before the search; None if not known.
        score: sum of the path's log-probabilities, in float64.
        cells_per_s: T * L over the median time.
    """

    program: str
    case: str
    frames: int
    labels: int
    threads: int
    first_call_s: float
    times_s: list[float]
    cpu_s: float
    added_bytes: int | None
    score: float
    cells_per_s: float


def dense_speech(case: Case, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return emissions (T, V), peaked at evenly scattered labels as a model's are, and targets."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(1, VOCABULARY, case.labels)
    spoken = np.zeros(case.frames, np.int64)
    spoken[np.linspace(0, case.frames - 1, case.labels).astype(np.int64)] = targets
    log_probs = np.empty((case.frames, VOCABULARY), np.float32)
    for start in range(0, case.frames, CHUNK_FRAMES):
        chunk = log_probs[start : start + CHUNK_FRAMES]
        chunk[:] = rng.normal(0, 1.5, chunk.shape)
        chunk[np.arange(len(chunk)), spoken[start : start + CHUNK_FRAMES]] += 5
        chunk -= np.log(np.exp(chunk).sum(axis=1, keepdims=True))
    return log_probs, targets


def load_forced_align(case: Case, threads: int) -> Search:
    """Return this project's search."""
    from speech_toolkit.alignment import forced_align
    from speech_toolkit.alignment.search.viterbi import preload

    preload(case.frames, case.labels)

    def score(log_probs: np.ndarray, targets: np.ndarray) -> float:
        _, scores = forced_align(log_probs, targets, threads=threads)
        return float(scores.sum(dtype=np.float64))

    return score


def load_ctc_forced_aligner(case: Case, threads: int) -> Search:
    """Return the C++ search of ctc-forced-aligner."""
    from ctc_forced_aligner.ctc_forced_aligner import forced_align

    def score(log_probs: np.ndarray, targets: np.ndarray) -> float:
        path, _ = forced_align(log_probs[None], targets[None], 0)
        return float(log_probs[np.arange(len(log_probs)), np.ravel(path)].sum(dtype=np.float64))

    return score


def load_torchaudio(case: Case, threads: int) -> Search:
    """Return the search of torchaudio."""
    import torch
    from torchaudio.functional import forced_align

    torch.set_num_threads(threads)

    def score(log_probs: np.ndarray, targets: np.ndarray) -> float:
        _, scores = forced_align(torch.from_numpy(log_probs)[None], torch.from_numpy(targets)[None])
        return scores.double().sum().item()

    return score


def load_numpy_loop(case: Case, threads: int) -> Search:
    """Return the plain recurrence over frames in float64."""
    return numpy_loop


def numpy_loop(log_probs: np.ndarray, targets: np.ndarray) -> float:
    """Return the score of the best path."""
    penalty = np.where(np.diff(targets, prepend=-1) == 0, -np.inf, 0.0)
    blank = np.full(len(targets) + 1, -np.inf)
    label = np.full(len(targets) + 1, -np.inf)  # label[j + 1] is the j-th, label[0] none
    blank[0] = 0.0
    for scores in log_probs:
        best = np.maximum(np.maximum(label[1:], blank[:-1]), label[:-1] + penalty)
        blank = np.maximum(blank, label) + float(scores[0])
        label[1:] = best + scores[targets]
    return float(max(blank[-1], label[-1]))


LOADERS = {
    "forced_align": load_forced_align,
    EMPTY_CACHE: load_forced_align,
    "NumPy loop, score only": load_numpy_loop,
    "ctc-forced-aligner": load_ctc_forced_aligner,
    "torchaudio": load_torchaudio,
}


def resident_bytes(field: str) -> int | None:
    """Return VmRSS or VmHWM (the peak) of this process; None where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def reset_peak() -> None:
    """Make the present resident set the peak so far, where there is /proc."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", encoding="ascii")


def measure(program: str, case_name: str, threads: int) -> Measurement:
    """Time a program in this process, which has not yet imported it."""
    case = CASES[case_name]
    log_probs, targets = dense_speech(case)
    started = time.perf_counter()
    search = LOADERS[program](case, threads)
    load_s = time.perf_counter() - started
    before = resident_bytes("VmRSS")
    reset_peak()
    runs = []
    for _ in range(case.repeats):
        started, cpu_started = time.perf_counter(), time.process_time()
        score = search(log_probs, targets)
        runs.append((time.perf_counter() - started, time.process_time() - cpu_started))
    peak = resident_bytes("VmHWM")
    later = runs[1:] or runs
    wall_s = statistics.median(wall for wall, _ in later)
    return Measurement(
        program=program,
        case=case_name,
        frames=case.frames,
        labels=case.labels,
        threads=threads,
        first_call_s=load_s + runs[0][0],
        times_s=[wall for wall, _ in later],
        cpu_s=statistics.median(cpu for _, cpu in later),
        added_bytes=None if peak is None or before is None else peak - before,
        score=score,
        cells_per_s=case.frames * case.labels / wall_s,
    )


def measure_apart(program: str, case_name: str, threads: int) -> Measurement | str:
    """Measure in a new process; return why not, where that fails."""
    arguments = [program, case_name, str(threads)]
    with tempfile.TemporaryDirectory() as empty:
        cache = {"NUMBA_CACHE_DIR": empty} if program == EMPTY_CACHE else {}
        child = subprocess.run(
            [sys.executable, __file__, "--measure", *arguments],
            env={**os.environ, "OMP_NUM_THREADS": "1", **cache},
            capture_output=True,
            text=True,
        )
    if child.returncode:
        return (child.stderr.strip() or f"ended with code {child.returncode}").splitlines()[-1]
    return Measurement(**json.loads(child.stdout))


def reason_to_skip(program: str, case_name: str) -> str | None:
    """Return why a program is not measured on a case, if it is not."""
    needs, case = PROGRAMS[program], CASES[case_name]
    if importlib.util.find_spec(needs.module) is None:
        return "not installed"
    if case.frames * case.labels > needs.most_cells:
        return needs.limit
    return None


def print_heading() -> None:
    """Print the machine and the table's heading."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(
        f"{'speech':7}{'program':30}{'threads':>8}{'first call':>12}{'median':>12}"
        f"{'CPU':>10}{'G cells/s':>11}{'added MB':>10}{'score':>15}"
    )


def print_row(row: Measurement) -> None:
    """Print one row of the table."""
    added = "-" if row.added_bytes is None else f"{row.added_bytes / 1e6:.1f}"
    print(
        f"{row.case:7}{row.program:30}{row.threads:8}{row.first_call_s:10.3f} s"
        f"{statistics.median(row.times_s):10.4f} s{row.cpu_s:8.3f} s{row.cells_per_s / 1e9:11.3f}"
        f"{added:>10}{row.score:15.3f}",
        flush=True,
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=DEFAULT_CASES)
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--threads", nargs="+", type=int, choices=(1, 2), default=(1, 2))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    return parser


def main() -> int:
    """Measure all that was asked for, one row after the other."""
    arguments = build_parser().parse_args()
    if arguments.measure:
        program, case_name, threads = arguments.measure
        print(json.dumps(asdict(measure(program, case_name, int(threads)))))
        return 0
    if not arguments.json:
        print_heading()
    rows = []
    for case_name, program in itertools.product(arguments.cases, arguments.programs):
        reason = reason_to_skip(program, case_name)
        for threads in PROGRAMS[program].threads:
            if threads not in arguments.threads:
                continue
            row = reason or measure_apart(program, case_name, threads)
            if isinstance(row, str):
                print(f"{case_name}, {program}: left out, {row}", file=sys.stderr)
                continue
            rows.append(asdict(row))
            if not arguments.json:
                print_row(row)
    if arguments.json:
        print(json.dumps({"machine": platform.machine(), "cores": os.cpu_count(), "rows": rows}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
