from dataclasses import replace

import pytest

from speech_toolkit.transcription.decoded import DecodedWindow
from speech_toolkit.transcription.decoding.fallback import decode_with_fallback, needs_fallback
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


class Batch:
    """Encoded windows that know which they are, and count how often some were picked out."""

    def __init__(self, windows):
        self.windows = list(windows)

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, which):
        return Batch(self.windows[index] for index in which)


class ScriptedDecoder:
    """Yields a good text for a window from the temperature that the script names."""

    def __init__(self, good_from):
        self.good_from = good_from
        self.calls = []
        self.batches = []

    def decode(self, encoded, prompts, options):
        self.calls.append((options.temperature, encoded.windows, list(prompts)))
        self.batches.append(encoded)
        return [
            replace(
                GOOD if options.temperature >= self.good_from[window] else REPETITIVE,
                temperature=options.temperature,
                tokens=(window,),
            )
            for window in encoded.windows
        ]


def test_only_failing_windows_are_decoded_again():
    decoder = ScriptedDecoder([0.0, 0.4, 0.2, 0.0, 9.0])
    prompts = [[window] for window in range(5)]
    settings = TranscriptionSettings(temperatures=(0.0, 0.2, 0.4, 0.6))
    found = decode_with_fallback(decoder, Batch(range(5)), prompts, settings)
    assert decoder.calls == [
        (0.0, [0, 1, 2, 3, 4], prompts),
        (0.2, [1, 2, 4], [[1], [2], [4]]),
        (0.4, [1, 4], [[1], [4]]),
        (0.6, [4], [[4]]),
    ]
    assert [w.tokens for w in found] == [(0,), (1,), (2,), (3,), (4,)]
    assert [w.temperature for w in found] == [0.0, 0.4, 0.2, 0.0, 0.6]


def test_windows_that_go_on_failing_are_picked_out_once():
    decoder = ScriptedDecoder([0.0, 9.0, 9.0])
    decode_with_fallback(decoder, Batch(range(3)), [[0]] * 3, TranscriptionSettings())
    whole, *parts = decoder.batches
    assert whole.windows == [0, 1, 2]
    assert len(parts) == 5
    assert all(part is parts[0] for part in parts)


def test_result_does_not_depend_on_the_neighbours(decoder):
    import torch

    from tests.unit.transcription.random_whisper import MEL_BINS, MEL_FRAMES

    features = torch.randn(5, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(3))
    encoded = decoder.encode(features)
    start = list(decoder.checkpoint.sot_sequence("en", "transcribe", True))
    settings = TranscriptionSettings(logprob_threshold=-2.065, max_new_tokens=20)
    together = decode_with_fallback(decoder, encoded, [start] * 5, settings)
    alone = [
        decode_with_fallback(decoder, encoded[index : index + 1], [start], settings)[0]
        for index in range(5)
    ]
    assert [w.tokens for w in together] == [w.tokens for w in alone]
    assert len({w.temperature for w in together}) > 1
