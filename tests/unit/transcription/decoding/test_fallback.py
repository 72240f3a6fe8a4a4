from dataclasses import replace

import pytest

from speech_toolkit.transcription.decoded import DecodedWindow
from speech_toolkit.transcription.decoding.fallback import needs_fallback
from speech_toolkit.transcription.settings import TranscriptionSettings

GOOD = DecodedWindow((1,), (-0.1,), -0.1, 0.0, 1.0, 0.0, True)
UNLIKELY = replace(GOOD, avg_logprob=-1.5)
REPETITIVE = replace(GOOD, compression_ratio=3.0)
SILENT = replace(UNLIKELY, no_speech_prob=0.9)


@pytest.mark.parametrize(
    ("window", "changes", "expected"),
    [
        (GOOD, {}, False),
        (UNLIKELY, {}, True),
        (UNLIKELY, {"logprob_threshold": None}, False),
        (REPETITIVE, {}, True),
        (REPETITIVE, {"compression_ratio_threshold": None}, False),
        (replace(GOOD, avg_logprob=-1.0, compression_ratio=2.4, no_speech_prob=0.6), {}, False),
        (SILENT, {}, False),
        (SILENT, {"no_speech_threshold": None}, True),
        (replace(SILENT, compression_ratio=3.0), {}, False),
        (replace(GOOD, no_speech_prob=0.9, compression_ratio=3.0), {}, True),
        (replace(UNLIKELY, no_speech_prob=None), {}, True),
    ],
)
def test_tests_of_openai_whisper(window, changes, expected):
    assert needs_fallback(window, TranscriptionSettings(**changes)) == expected
