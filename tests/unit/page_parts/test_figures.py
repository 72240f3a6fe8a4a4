import pytest

from speech_toolkit.page_parts.figures import length


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (90, "1.5 min"),
        (3600, "1.0 h"),
        (36e7, "100,000.0 h"),
    ],
)
def test_length_of_audio(seconds, text):
    assert length(seconds) == text
