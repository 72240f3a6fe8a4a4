#!/usr/bin/env python3
"""Run the tests once on the lowest versions that the requirements allow.

    python tools/test_lowest_versions.py
    python tools/test_lowest_versions.py --pin torch==2.9.0 --pin transformers==5.0.0 -- -k device

An environment of its own is made in ``.venv-lowest`` and kept. torch stays at the version of
constraints.txt unless ``--pin`` says otherwise, as its old builds for x86-64 are those for CUDA.
What follows ``--`` goes to pytest.

Exit codes: that of pip or pytest where one fails, 2 wrong usage.
"""

import argparse
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-lowest"
TESTED_WITH = ("pytest", "pytest-xdist", "hypothesis")
_LOWEST = re.compile(r"^([\w-]+)>=([\w.]+)")
_PIN = re.compile(r"[\w-]+==[\w.]+")


def lowest_versions(lines: Iterable[str]) -> dict[str, str]:
    """Return the lower bound of every requirement that has one, by package."""
    return {found[1]: found[2] for line in lines if (found := _LOWEST.match(line))}


def pins(given: Iterable[str]) -> list[str]:
    """Return what is installed: the lower bounds, torch as tested, and what the user pinned."""
    chosen: dict[str, str] = {}
    for name in ("requirements-dev.txt", "requirements.txt"):
        chosen |= lowest_versions((ROOT / name).read_text(encoding="utf-8").splitlines())
    tested = dict(_pinned((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()))
    chosen |= {"torch": tested["torch"]} | {name: tested[name] for name in TESTED_WITH}
    return [
        f"{name}=={version}"
        for name, version in (chosen | dict(_pinned(given))).items()
        if name != "pre-commit"
    ]


def _pinned(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    return (
        (name, version)
        for name, _, version in (line.partition("==") for line in lines if _PIN.fullmatch(line))
    )


def _a_pin(text: str) -> str:
    if not _PIN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form package==version")
    return text


def main() -> int:
    """Make the environment, install, test, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument(
        "--pin",
        action="append",
        default=[],
        type=_a_pin,
        metavar="PACKAGE==VERSION",
        help="install this version instead; may be given again",
    )
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    arguments = parser.parse_args()
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    wanted = pins(arguments.pin)
    print("\n".join(wanted), flush=True)
    install = [python, "-m", "pip", "install", "--quiet", *wanted]
    code = subprocess.run([*install, "--only-binary=:all:", "--no-binary=docopt"]).returncode
    if code:
        return code
    command = [python, "-m", "pytest", "-n", "2", "-m", "not slow", *arguments.pytest]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode


if __name__ == "__main__":
    sys.exit(main())
