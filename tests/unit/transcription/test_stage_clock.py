import pytest

from speech_toolkit.device import Device
from speech_toolkit.transcription.stage_clock import StageClock


@pytest.mark.parametrize(
    ("device", "exact", "kind"),
    [
        ("cpu", False, "synchronised"),
        ("npu", True, "synchronised"),
        ("npu", False, "launch"),
        ("cuda", False, "launch"),
    ],
)
def test_what_the_seconds_of_a_stage_are(device, exact, kind):
    assert StageClock(Device(device, 0, device, "a test"), exact=exact).kind == kind
