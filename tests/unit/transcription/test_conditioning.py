"""Text before a window as its prompt, against transformers' own generate over several windows."""

from contextlib import suppress

import numpy as np
import pytest
import torch

from speech_toolkit.transcription import long_form
from speech_toolkit.transcription.listening import Listener
from speech_toolkit.transcription.long_form import LongForm
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.windows.features import FeatureMaker
from speech_toolkit.transcription.windows.window import Piece, Window
from tests.unit.transcription.random_whisper import (
    MEL_BINS,
    MEL_FRAMES,
    POSITIONS,
    PREV,
    TIMESTAMP_BEGIN,
    generate_long,
    random_model,
)

RATE, HOP = 16_000, 160
LIMIT = 30
SETTINGS = TranscriptionSettings(
    language="en",
    temperatures=(0.0,),
    compression_ratio_threshold=None,
    logprob_threshold=None,
    no_speech_threshold=None,
    condition_on_previous_text=True,
    max_new_tokens=LIMIT,
    skip_silence=False,
)


class GivenSeeks:
    """Plans the windows that generate took, wherever the one before stopped."""

    def __init__(self, seeks, samples):
        self._samples = samples
        num_frames = len(samples) // HOP
        self.windows_of_generate = [
            Window(
                index,
                (Piece(seek * HOP, min(seek + MEL_FRAMES, num_frames) * HOP, 0),),
                cut=True,
                sample_rate_hz=RATE,
            )
            for index, seek in enumerate(seeks)
        ]

    def windows(self, from_sample, index):
        return iter(self.windows_of_generate[index:])

    def samples(self, window):
        return window.samples(self._samples)

    def release(self, before_sample):
        """Nothing is kept beside the array."""


class GivenFeatures:
    """Cuts features out of those of the whole recording; the samples say where they stand."""

    def __init__(self, features_MF):
        self.features_MF = features_MF

    def extract(self, windows):
        first = int(windows[0][0]) // HOP
        part = self.features_MF[:, first : first + MEL_FRAMES]
        return torch.nn.functional.pad(part, (0, MEL_FRAMES - part.shape[1]))[None]


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_prompts_and_tokens_are_those_of_generate(make_decoder, monkeypatch, seed):
    model = random_model(seed, eot_bias=0.5)
    decoder = make_decoder(model)
    generator = torch.Generator().manual_seed(seed)
    features_MF = torch.randn(MEL_BINS, 7 * MEL_FRAMES + 70, generator=generator)
    expected = generate_long(
        model,
        features_MF,
        monkeypatch,
        condition_on_prev_tokens=True,
        max_new_tokens=LIMIT,
        temperature=0.0,
    )
    prompts = []
    decode = decoder.decode

    def record(encoded, given, options):
        prompts.append(list(given[0]))
        return decode(encoded, given, options)

    monkeypatch.setattr(decoder, "decode", record)
    # generate goes back after any progress; all of these windows are shorter than the least here
    monkeypatch.setattr(long_form, "_LEAST_PROGRESS_S", 0.0)
    samples = np.arange(features_MF.shape[1] * HOP, dtype=np.float64)
    planner = GivenSeeks([seek for seek, _, _ in expected], samples)
    features = FeatureMaker(GivenFeatures(features_MF), ahead=False)
    run = LongForm(decoder, features, SETTINGS, planner)
    listener, course = Listener(decoder, SETTINGS), run.course(batch_size=1)
    with suppress(StopIteration):
        asked = next(course)
        while True:
            asked = course.send(listener.hear(asked))
    found = [item.decoded.tokens for item in run.found]

    assert prompts == [prompt for _, prompt, _ in expected]
    assert found == [tokens for _, _, tokens in expected]
    assert len(found) > 5
    longest = max(prompts, key=len)
    assert longest[0] == PREV
    assert len(longest) == POSITIONS // 2 + 3
    assert any(token >= TIMESTAMP_BEGIN for token in longest)
