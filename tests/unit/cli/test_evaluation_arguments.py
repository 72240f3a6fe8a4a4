import argparse

import pytest

from speech_toolkit.cli.evaluation_arguments import percentage
from speech_toolkit.ranges import REGRESSION_PERCENT


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0%", 0), (" 2.5% ", 0.025)])
def test_percentage(text, share):
    assert percentage(REGRESSION_PERCENT)(text) == pytest.approx(share)


@pytest.mark.parametrize(
    "text", ["10", "0.1", "%", "ten%", "-1%", "nan%", "inf%", "10%x", "1e300%"]
)
def test_no_percentage(text):
    with pytest.raises(argparse.ArgumentTypeError):
        percentage(REGRESSION_PERCENT)(text)
