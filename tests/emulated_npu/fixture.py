"""The fixture `emulated_npu`: run Python where torch_npu is the stand-in over two emulated cards.

tests/conftest.py makes it known to every test. The pytest process itself stays without torch_npu.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.emulated_npu import build

REPOSITORY = Path(__file__).resolve().parents[2]
_LONGEST_RUN_S = 900  # on a busy machine; what takes longer hangs
_OWN_PREFIXES = ("TORCH", "PYTORCH", "ASCEND", "EMULATED_NPU", "TASK_QUEUE", "CUDA")


@dataclass(frozen=True)
class Finished:
    """What a process left behind.

    Attributes:
        code: exit code.
        stdout: all that it printed.
        stderr: all that it logged.
        report: counters and memory of the cards (`_emulator.report`), None if it never had one.
    """

    code: int
    stdout: str
    stderr: str
    report: dict | None = field(repr=False)

    @property
    def counters(self) -> dict[str, int]:
        """The counters of the report."""
        return self.report["counters"]


@dataclass(frozen=True)
class EmulatedNpu:
    """Starts processes that see the emulated cards.

    Attributes:
        scratch: a directory for reports.
    """

    scratch: Path

    def environment(self, version: str = build.TORCH_RELEASE, **variables: str) -> dict[str, str]:
        """Return the environment of such a process; nothing of the device's is inherited."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(_OWN_PREFIXES)
        }
        paths = [str(build.install(version)), str(REPOSITORY)]
        own = {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        return inherited | own | variables

    def python(
        self,
        *arguments: object,
        cwd: Path | None = None,
        stdin: str = "",
        version: str = build.TORCH_RELEASE,
        **variables: str,
    ) -> Finished:
        """Run Python with arguments and environment variables, in a directory."""
        report = self.scratch / "report.json"
        report.unlink(missing_ok=True)
        environment = self.environment(version, **variables)
        finished = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=environment | {"EMULATED_NPU_REPORT": str(report)},
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_LONGEST_RUN_S,
            check=False,
        )
        content = json.loads(report.read_text()) if report.exists() else None
        return Finished(finished.returncode, finished.stdout, finished.stderr, content)


@pytest.fixture(scope="session")
def _emulated_npu_is_built() -> None:
    if build.compiler() is None:
        pytest.skip("no g++: the emulated NPU cannot be built")
    build.install()


@pytest.fixture
def emulated_npu(_emulated_npu_is_built, tmp_path) -> EmulatedNpu:
    """Return a starter of processes with emulated cards; skips where there is no g++."""
    return EmulatedNpu(tmp_path)
