"""What is installed on this machine, and what of it fits together. Imports no torch.

Everything is read from the metadata of packages and from small files of the system, so that it can
be said where torch, torch_npu or CANN cannot be loaded.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from speech_toolkit.device.host import cpu_model, read_system_file
from speech_toolkit.device.memory import host_free_bytes, host_total_bytes, shown_size
from speech_toolkit.device.self_test import fits
from speech_toolkit.device.self_test.results import FAIL, PASS, TOLD, WARN, Finding
from speech_toolkit.versions import versions

_CANN_HOME = "ASCEND_HOME_PATH"
_CANN_FOLDERS = ("/usr/local/Ascend/ascend-toolkit/latest", "/usr/local/Ascend/cann")
_DRIVER_FILE = "/usr/local/Ascend/driver/version.info"


def check_installed(cann: str | None = None, driver: str | None = None) -> list[Finding]:
    """Hold what is installed against what the toolkit supports and what the vendor asks for.

    Args:
        cann: version of CANN as torch_npu tells it; None to read it from CANN's own files.
        driver: version of the Ascend driver, likewise.
    """
    found = versions()
    cann, driver = cann or cann_version(), driver or driver_version()
    return [
        Finding("speech_toolkit", found["speech_toolkit"]),
        Finding("system", f"{platform.platform()}, {cpu_model()}, {os.cpu_count()} cores"),
        Finding("memory", _host_memory()),
        _check_python(found["python"], cann if found["torch_npu"] else None),
        *(_check_package(package, found) for package in fits.SUPPORTED),
        *_check_ascend(found, cann, driver),
    ]


def cann_version() -> str | None:
    """Return the version of CANN that its own files tell, None where there are none."""
    home = os.environ.get(_CANN_HOME)
    for folder in [home] if home else _CANN_FOLDERS:
        path = Path(folder) / f"{platform.machine()}-linux" / "ascend_toolkit_install.info"
        found = re.search(r"^version=(\S+)", read_system_file(str(path)), re.M)
        if found:
            return found[1]
    return None


def driver_version() -> str | None:
    """Return the version of the Ascend driver that its own file tells, None where it is missing."""
    found = re.search(r"^Version=(\S+)", read_system_file(_DRIVER_FILE), re.M)
    return found[1] if found else None


def _host_memory() -> str:
    free_bytes = host_free_bytes()
    free = "" if free_bytes is None else f", {shown_size(free_bytes)} free"
    return f"{shown_size(host_total_bytes())}{free}"


def _check_python(version: str, cann: str | None) -> Finding:
    if why := fits.why_outside(version, fits.PYTHON_AT_LEAST, None):
        return Finding("Python", f"{version}: {why}", FAIL)
    newest = fits.newest_python_of(cann) if cann else None
    if newest and fits.release(version)[:2] > fits.release(newest):
        return Finding("Python", f"{version}: CANN {cann} supports {newest} at most", WARN)
    return Finding("Python", version, PASS)


def _check_package(package: str, found: Mapping[str, str | None]) -> Finding:
    version = found[package]
    if version is None:
        needed = package not in fits.OF_TORCHS_RELEASE
        advice = ": pip install -r requirements.txt" if needed else ", needed for an NPU alone"
        return Finding(package, f"not installed{advice}", FAIL if needed else TOLD)
    if why := fits.why_unsupported(package, version):
        return Finding(package, f"{version}: {why}", FAIL)
    torch = found["torch"]
    is_bound = torch is not None and package in fits.OF_TORCHS_RELEASE
    if is_bound and not fits.same_release(torch, version):
        wanted = ".".join(map(str, fits.release(torch)[:3]))
        return Finding(
            package,
            f"{version} does not match torch {torch}: pip install {package}=={wanted}",
            FAIL,
        )
    return Finding(package, version, PASS)


def _check_ascend(
    found: Mapping[str, str | None], cann: str | None, driver: str | None
) -> Iterator[Finding]:
    """Yield what there is to say of CANN, driver and cards; nothing where there is no trace."""
    nodes = sorted(Path("/dev").glob("davinci[0-9]*"))
    torch_npu = found["torch_npu"]
    if torch_npu is None and cann is None and driver is None and not nodes:
        return
    yield _check_cann(torch_npu, cann)
    if cann and found["numpy"]:
        yield _check_numpy(cann, found["numpy"], found["python"])
    yield Finding("driver", driver or f"unknown: {_DRIVER_FILE} cannot be read")
    closed = sum(not os.access(node, os.R_OK | os.W_OK) for node in nodes)
    text = f"{len(nodes)} of /dev/davinci*"
    if closed:
        text += f", {closed} closed to this user (who has to be of the group HwHiAiUser)"
    yield Finding("cards", text, WARN if closed else TOLD)


def _check_cann(torch_npu: str | None, cann: str | None) -> Finding:
    shown = cann or "of unknown version"
    if _CANN_HOME not in os.environ and torch_npu:
        advice = "source its set_env.sh, usually /usr/local/Ascend/ascend-toolkit/set_env.sh"
        return Finding("CANN", f"{shown}, and {_CANN_HOME} is unset: {advice}", WARN)
    if cann is None:
        return Finding("CANN", shown)
    wanted = fits.cann_beside(torch_npu) if torch_npu else None
    if wanted is None:
        return Finding("CANN", cann)
    if fits.is_that_cann(cann, wanted):
        return Finding("CANN", f"{cann}, the one for torch_npu {torch_npu}", PASS)
    return Finding("CANN", f"{cann}; the vendor puts {wanted} beside torch_npu {torch_npu}", WARN)


def _check_numpy(cann: str, numpy: str, python: str) -> Finding:
    least, below, is_certain = fits.numpy_of(cann, python)
    if why := fits.why_outside(numpy, least, below):
        said = f"{numpy} {why} for CANN {cann} and Python {python}"
        if is_certain:
            return Finding("NumPy for CANN", f"{said}, see docs/devices.md", FAIL)
        return Finding("NumPy for CANN", f"{said}, as some editions of its guide say", WARN)
    return Finding("NumPy for CANN", f"{numpy} fits CANN {cann}", PASS)
