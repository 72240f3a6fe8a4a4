"""Build the emulated NPU once per torch and source, and lay the stand-in package out for a test.

A script started with the directory that :func:`install` returns on PYTHONPATH sees the emulated
cards. The library and the packages live in the user's cache directory, outside the repository.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
SOURCES = ("cards.cpp", "operators.cpp", "arithmetic.cpp")
TORCH_RELEASE = torch.__version__.split("+")[0]
FLAGS = ("-std=c++20", "-O1", "-fPIC", "-w", "-DAT_PER_OPERATOR_HEADERS")


def compiler() -> str | None:
    """Return the path of g++, None where there is none."""
    return shutil.which("g++")


def install(version: str = TORCH_RELEASE) -> Path:
    """Return a directory that holds torch_npu and its metadata, built if it is not there yet.

    Args:
        version: what the package's metadata say; another one than torch's is a mismatch.
    """
    library = _library()
    package_files = sorted((HERE / "package").rglob("*.py"))
    key = _digest([library.name.encode(), *(file.read_bytes() for file in package_files)])
    site = _cache() / f"site-{version}-{key}"
    with _lock():
        if not site.exists():
            unfinished = site.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(
                HERE / "package", unfinished, ignore=shutil.ignore_patterns("__pycache__")
            )
            shutil.copy(library, unfinished / "torch_npu/libemulated_npu.so")
            _write_metadata(unfinished / f"torch_npu-{version}.dist-info", version)
            unfinished.rename(site)
    return site


def _library() -> Path:
    sources = sorted((HERE / "backend").iterdir())
    parts = [torch.__version__.encode(), " ".join(FLAGS).encode()]
    path = _cache() / f"libemulated_npu-{_digest([*parts, *(s.read_bytes() for s in sources)])}.so"
    with _lock():
        if not path.exists():
            _compile(path)
    return path


def _compile(path: Path) -> None:
    torch_home = Path(torch.__file__).parent
    objects = [path.with_suffix(f".{source}.o") for source in SOURCES]

    def compile_one(source: str, target: Path) -> None:
        include = f"-I{torch_home / 'include'}"
        _run([compiler(), *FLAGS, include, "-c", HERE / "backend" / source, "-o", target])

    with ThreadPoolExecutor() as pool:
        list(pool.map(compile_one, SOURCES, objects))
    unfinished = path.with_suffix(".unfinished")
    libraries = [f"-L{torch_home / 'lib'}", "-ltorch_cpu", "-lc10"]
    _run([compiler(), "-shared", *objects, *libraries, "-o", unfinished])
    for file in objects:
        file.unlink()
    unfinished.rename(path)


def _run(command: list[str | Path]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{finished.stderr}")


def _write_metadata(directory: Path, version: str) -> None:
    directory.mkdir()
    (directory / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: torch_npu\nVersion: {version}\n", encoding="utf-8"
    )
    (directory / "entry_points.txt").write_text(
        "[torch.backends]\ntorch_npu = torch_npu:_autoload\n", encoding="utf-8"
    )


def _cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = base / "speech-toolkit" / "emulated-npu"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


class _lock:
    """Let one process of a parallel test run build while the others wait."""

    def __enter__(self) -> None:
        self.file = (_cache() / "lock").open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *exception: object) -> None:
        self.file.close()


def _digest(parts: list[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
