import math

import numpy as np
import pytest

from speech_toolkit.alignment.preparation import AlignmentSettings
from speech_toolkit.errors import UsageError
from speech_toolkit.ranges import Range
from speech_toolkit.transcription.settings import TranscriptionSettings


@pytest.mark.parametrize(
    ("within", "inside", "outside", "shown"),
    [
        (Range(0, 2), (0, 1, 2, 0.5, np.float32(1)), (-1, 2.1, math.nan, "1", None), "0 to 2"),
        (Range(0, 2, above=True), (1e-9, 2), (0, -0.0), "above 0, up to 2"),
        (Range(1, 9, whole=True), (1, 9, np.int64(3)), (1.0, 0, 10, True, 10**5000), "1 to 9"),
        (Range(0.1, 2, or_zero=True), (0, 0.1, 2), (0.05, -1), "0, or 0.1 to 2"),
    ],
)
def test_what_a_range_holds(within, inside, outside, shown):
    assert [value in within for value in inside] == [True] * len(inside)
    assert [value in within for value in outside] == [False] * len(outside)
    assert str(within) == shown


@pytest.mark.parametrize(
    ("settings", "name", "values"),
    [
        (AlignmentSettings, "window_s", (0, -1, math.inf, math.nan, 1e12, "30")),
        (AlignmentSettings, "context_s", (-1, math.inf, 1e12)),
        (AlignmentSettings, "batch_size", (0, 10**30, 10**5000, 1.5, True)),
        (TranscriptionSettings, "chunk_length_s", (0, math.nan, 1e300)),
        (TranscriptionSettings, "batch_size", (0, 10**30)),
        (TranscriptionSettings, "max_new_tokens", (0, 10**30)),
        (TranscriptionSettings, "seed", (-1, 2**64)),
        (TranscriptionSettings, "compression_ratio_threshold", (-1, math.inf)),
        (TranscriptionSettings, "logprob_threshold", (1, -math.inf)),
        (TranscriptionSettings, "no_speech_threshold", (-0.1, 1.1)),
    ],
)
def test_settings_from_python_are_held_to_the_ranges_of_the_command_line(settings, name, values):
    for value in values:
        with pytest.raises(UsageError, match=f"{name} .*: must be a ") as error:
            settings(**{name: value})
        assert len(str(error.value)) < 200


@pytest.mark.parametrize("temperatures", [(), (0, 1e300), (-1,), (0.0, 1e-30), (math.nan,)])
def test_temperatures_are_held_to_their_range(temperatures):
    with pytest.raises(UsageError, match="temperature"):
        TranscriptionSettings(temperatures=temperatures)
