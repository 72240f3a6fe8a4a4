import re

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from speech_toolkit.bundled import CHECKOUT
from speech_toolkit.device.self_test import fits


def listed(name):
    lines = (CHECKOUT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if re.match(r"\w", line)]


def test_ranges_are_those_of_the_requirements():
    requirements = listed("requirements.txt") + listed("requirements-npu.txt")
    specifiers = {each.name: each.specifier for each in requirements}
    for package, (least, below) in fits.SUPPORTED.items():
        bounds = {(each.operator, each.version) for each in specifiers[package]}
        assert bounds == {(">=", least), *([("<", below)] if below else [])}


@pytest.mark.parametrize(
    ("package", "version", "fits_it"),
    [
        ("torch", "2.13.0+cpu", True),
        ("torch", "2.8.1", False),
        ("torch", "2.14.0", False),
        ("transformers", "4.57.1", True),
        ("transformers", "4.57.0", False),
        ("transformers", "5.23.0", True),
        ("numpy", "1.26.4", True),
        ("numpy", "3.0.0", False),
        ("soxr", "9", True),
    ],
)
def test_supported_versions(package, version, fits_it):
    assert (fits.why_unsupported(package, version) is None) == fits_it


def test_torch_npu_has_the_release_of_torch():
    assert fits.same_release("2.9.0+cpu", "2.9.0.post6")
    assert not fits.same_release("2.9.0", "2.9.1")


@pytest.mark.parametrize(
    ("cann", "python", "numpy", "fits_it"),
    [
        ("8.0.RC3", "3.11.9", "1.26.4", False),
        ("8.0.0", "3.11.4", "1.24.4", True),
        ("8.3.RC1", "3.11.9", "2.0.0", False),
        ("8.5.0", "3.11.9", "1.26.4", True),
        ("8.5.0", "3.13.1", "1.26.4", False),
        ("8.5.0", "3.13.1", "2.3.0", True),
        ("9.0.0", "3.11.9", "2.4.0", False),
        ("9.1.0", "3.11.9", "2.4.0", True),
        ("", "3.11.9", "2.4.0", True),
    ],
)
def test_numpy_of_cann(cann, python, numpy, fits_it):
    least, below, _ = fits.numpy_of(cann, python)
    assert (fits.why_outside(numpy, least, below) is None) == fits_it


def test_only_where_the_vendors_guides_differ_it_is_not_certain():
    certain = [fits.numpy_of(cann, "3.11.9")[2] for cann in ("8.0.0", "8.5.0", "9.0.0", "9.1.0")]
    assert certain == [True, True, False, True]


@pytest.mark.parametrize("suffix", [".md", ".zh-CN.md"])
def test_table_of_cann_is_that_of_the_documents(suffix):
    page = (CHECKOUT / f"docs/devices{suffix}").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (2\.[^|]+) \| [^|]+ \| (\d[\d.x]+) \|", page, re.M)
    told = {
        name: cann.removesuffix(".x") for names, cann in rows for name in re.split(", |、", names)
    }
    assert len(told) > 8
    assert {name: fits.cann_beside(name) for name in told} == told
    assert fits.cann_beside("2.13.0") is None


def test_later_releases_of_a_branch_are_that_cann():
    assert fits.is_that_cann("9.1.2", "9.1")
    assert not fits.is_that_cann("9.1.2", "9.1.0")
    assert not fits.is_that_cann("8.5.0", "9.1")


def test_newest_python():
    assert [fits.newest_python_of(cann) for cann in ("9.1.0", "8.5.0", "8.0.0", "7.0", "")] == [
        *("3.14", "3.13", "3.11"),
        *(None, None),
    ]
    assert Version(fits.PYTHON_AT_LEAST) == Version("3.11")
