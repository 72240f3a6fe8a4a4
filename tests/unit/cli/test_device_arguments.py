"""``--devices``: for many recordings only, and in place of ``--device`` and ``--ray``."""

import pytest

from speech_toolkit.cli.scripts import inference_mms, inference_whisper
from speech_toolkit.errors import UsageError

SCRIPTS = pytest.mark.parametrize("script", [inference_mms, inference_whisper])
MANY = ("--audio", "a.wav", "b.wav", "--output_dir", "out")


@SCRIPTS
def test_one_device_or_several(script, capsys):
    with pytest.raises(SystemExit):
        script.build_parser().parse_args([*MANY, "--devices", "cpu,cpu", "--device", "cpu"])
    assert "argument --device: not allowed with argument --devices" in capsys.readouterr().err


def test_names_may_come_several_times():
    parsed = inference_mms.build_parser().parse_args([*MANY, "--devices", "cpu, cpu,npu:all"])
    assert parsed.devices == ("cpu", "cpu", "npu:all")
    assert inference_mms.build_parser().parse_args(MANY).devices is None


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        (inference_mms, ("--audio", "a.wav", "--transcript", "x"), "no effect with one recording"),
        (inference_whisper, ("--audio", "a.wav"), "no effect with one recording"),
        (inference_whisper, ("--audio", "a.wav", "--mode", "compare"), "no effect with one"),
        (inference_whisper, (*MANY[:3], "--mode", "benchmark"), "takes one --audio file"),
        (inference_mms, (*MANY, "--ray", "local"), "--devices is for this machine"),
    ],
)
def test_where_several_devices_are_refused(script, arguments, said):
    with pytest.raises(UsageError, match=said):
        script.main([*arguments, "--devices", "cpu,cpu"])


@pytest.mark.parametrize("names", ["auto", "cpu,", "gpu:all", "cpu:1"])
@SCRIPTS
def test_names_are_checked_before_anything_is_read(script, names):
    with pytest.raises(UsageError, match="unknown device|auto names one device"):
        script.main([*MANY, "--devices", names])
