"""The compiled loops of the search: cached, vectorised, and loaded only where they are needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_a_second_process_loads_the_compiled_loops_from_disk():
    code = """
from speech_toolkit.alignment.search.kernels import advance, retrace
print([sum(f.stats.cache_hits.values()) for f in (advance, retrace)])
print([sum(f.stats.cache_misses.values()) for f in (advance, retrace)])
"""
    assert run_python(code).split("\n")[:2] == ["[1, 1]", "[0, 0]"]


def test_short_clips_need_neither_numba_nor_torch():
    code = """
import sys
import speech_toolkit.alignment
print("numpy" in sys.modules)
from speech_toolkit.alignment import forced_align
import numpy as np
forced_align(np.zeros((250, 31)), np.arange(41) % 29 + 1)
print("numba" in sys.modules, "torch" in sys.modules)
"""
    assert run_python(code).split("\n")[:2] == ["False", "False False"]


def test_the_package_has_no_other_names():
    import speech_toolkit.alignment

    with pytest.raises(AttributeError, match="no attribute 'backward_align'"):
        _ = speech_toolkit.alignment.backward_align


LONG_SEARCH = """
import numpy as np
from speech_toolkit.alignment import forced_align
print(len(forced_align(np.zeros((9000, 5)), np.arange(900) % 4 + 1)[0]))
"""


def test_settings_of_numba_do_not_reach_the_loops(monkeypatch):
    """Each of these made the import fail, ended the process, or printed to stdout."""
    hostile = {
        "NUMBA_NUM_THREADS": "0",
        "NUMBA_CPU_FEATURES": "evil",
        "NUMBA_DEBUG": "1",
        "NUMBA_DISABLE_JIT": "1",
    }
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    kept = "import os; print(os.environ['NUMBA_NUM_THREADS'])"
    assert run_python(LONG_SEARCH + kept).split() == ["9000", "0"]


@pytest.mark.slow
def test_a_full_disk_for_the_cache_is_no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    assert run_python(full + LONG_SEARCH).split() == ["9000"]


@pytest.mark.slow
def test_damaged_files_in_the_cache_are_no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    run_python(LONG_SEARCH)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[:100])
    assert run_python(LONG_SEARCH).split() == ["9000"]


@pytest.mark.slow
def test_without_a_directory_to_cache_in_the_loops_are_compiled_anew():
    code = """
from numba.core import caching
caching.CacheImpl._locator_classes = []
import numpy as np
from speech_toolkit.alignment import forced_align
print(len(forced_align(np.zeros((9000, 5)), np.arange(900) % 4 + 1)[0]))
"""
    assert run_python(code).strip() == "9000"


@pytest.mark.slow
def test_the_inner_loop_is_made_of_vector_instructions():
    code = """
from numba import njit
from speech_toolkit.alignment.search import kernels
advance = njit(kernels.advance.signatures[0], **kernels._OPTIONS)(kernels.advance.py_func)
print(*advance.inspect_asm().values())
"""
    assembly = run_python(code)
    assert "vmaxpd" in assembly or "maxpd" in assembly or "fmaxnm" in assembly
