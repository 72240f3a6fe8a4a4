"""What pyproject.toml says, held against the files that say it too."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import speech_toolkit
from speech_toolkit.bundled import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(name):
    lines = (CHECKOUT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


@pytest.mark.parametrize(
    ("file", "listed"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-npu.txt", PROJECT["optional-dependencies"]["npu"]),
        ("requirements-plot.txt", PROJECT["optional-dependencies"]["plot"]),
        ("requirements-languages.txt", PROJECT["optional-dependencies"]["languages"]),
        ("requirements-cluster.txt", PROJECT["optional-dependencies"]["cluster"]),
    ],
)
def test_dependencies_are_those_of_the_requirements(file, listed):
    assert listed == requirements(file)


def test_every_dependency_has_a_tested_pin_within_its_range():
    from packaging.requirements import Requirement

    pins = dict(line.split("==") for line in requirements("constraints.txt"))
    for text in [*PROJECT["dependencies"], *requirements("requirements-dev.txt")]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name]), text


def test_a_command_for_every_script():
    scripts = {path.stem for path in CHECKOUT.glob("*.py")}
    assert {name.replace("-", "_") for name in PROJECT["scripts"]} == scripts
    for target in PROJECT["scripts"].values():
        module, _, function = target.partition(":")
        assert callable(getattr(import_module(module), function))


def test_version_is_written_once():
    assert "version" in PROJECT["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", speech_toolkit.__version__)


def test_scripts_at_the_top_only_call():
    for path in CHECKOUT.glob("*.py"):
        code = Path(path).read_text(encoding="utf-8").split('"""')[2]
        assert f"from speech_toolkit.cli.scripts.{path.stem} import" in code
        assert "def " not in code
