import platform

import pytest

from speech_toolkit.device.self_test import installed
from speech_toolkit.device.self_test.results import FAIL, PASS, TOLD, WARN

ON_ASCEND = {
    **{"speech_toolkit": "0.1.0", "python": "3.11.9", "torch": "2.9.0+cpu"},
    **{"torch_npu": "2.9.0", "transformers": "4.57.1", "numpy": "1.26.4"},
    **{"numba": "0.61.0", "soundfile": "0.13.0", "av": "18.0.0", "soxr": "0.5.0"},
}


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that tells what is found where some of an Ascend host is otherwise."""
    monkeypatch.setenv("ASCEND_HOME_PATH", str(tmp_path))
    monkeypatch.setattr(installed, "_DRIVER_FILE", str(tmp_path / "version.info"))

    def check(cann="8.5.0", **other):
        monkeypatch.setattr(installed, "versions", lambda: ON_ASCEND | other)
        return {each.about: each for each in installed.check_installed(cann)}

    return check


def test_what_fits_passes(machine):
    found = machine()
    assert {each.verdict for each in found.values()} <= {PASS, TOLD}
    assert found["CANN"].text == "8.5.0, the one for torch_npu 2.9.0"
    assert found["NumPy for CANN"].verdict == PASS


@pytest.mark.parametrize(
    ("other", "about", "verdict", "said"),
    [
        ({"torch_npu": "2.9.1"}, "torch_npu", FAIL, "pip install torch_npu==2.9.0"),
        ({"torch": None}, "torch", FAIL, "pip install -r requirements.txt"),
        ({"torch": "2.8.0"}, "torch", FAIL, "has to be 2.9 or newer and below 2.14"),
        ({"transformers": "6.0"}, "transformers", FAIL, "below 6"),
        ({"python": "3.10.2"}, "Python", FAIL, "has to be 3.11 or newer"),
        ({"numpy": "2.4.0"}, "NumPy for CANN", FAIL, "has to be below 2 for CANN 8.5.0"),
        ({"numpy": "2.4.0", "cann": "9.0.0"}, "NumPy for CANN", WARN, "some editions"),
        ({"python": "3.14.0"}, "Python", WARN, "supports 3.13 at most"),
        ({"cann": "9.0.0"}, "CANN", WARN, "the vendor puts 8.5.0 beside torch_npu 2.9.0"),
        ({"cann": None}, "CANN", TOLD, "of unknown version"),
    ],
)
def test_what_does_not_fit_is_named(machine, other, about, verdict, said):
    found = machine(**other)[about]
    assert found.verdict == verdict
    assert said in found.text


def test_without_a_trace_of_ascend_nothing_is_said_of_it(machine, monkeypatch):
    monkeypatch.delenv("ASCEND_HOME_PATH")
    monkeypatch.setattr(installed, "_CANN_FOLDERS", ())
    found = machine(cann=None, torch_npu=None)
    assert found["torch_npu"].verdict == TOLD
    assert not {"CANN", "driver", "cards"} & found.keys()


def test_variables_of_cann_that_are_missing(machine, monkeypatch):
    monkeypatch.delenv("ASCEND_HOME_PATH")
    assert machine()["CANN"].verdict == WARN
    assert "ASCEND_HOME_PATH is unset" in machine()["CANN"].text


def test_versions_of_files(machine, tmp_path):
    folder = tmp_path / f"{platform.machine()}-linux"
    folder.mkdir()
    (folder / "ascend_toolkit_install.info").write_text("package_name=x\nversion=8.5.0\n")
    (tmp_path / "version.info").write_text("Version=25.0.rc1\nother=1\n")
    found = machine(cann=None)
    assert found["CANN"].verdict == PASS
    assert found["driver"].text == "25.0.rc1"
