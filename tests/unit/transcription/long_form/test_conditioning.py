"""Text before a window as its prompt, against transformers' own generate over several windows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from speech_toolkit.transcription.long_form.listening import Listener
from speech_toolkit.transcription.long_form.one_file import Heard, LongForm
from speech_toolkit.transcription.long_form.retakes import Retakes
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.windows.features import FeatureMaker, PreparedWindow
from speech_toolkit.transcription.windows.window import Piece, Window
from tests.unit.transcription.random_whisper import (
    EOT,
    GENERATION,
    IDS,
    MEL_BINS,
    MEL_FRAMES,
    POSITIONS,
    PREV,
    SOT,
    TIMESTAMP_BEGIN,
    generate_long,
    random_model,
)
from tests.unit.transcription.scripted_decoder import decoded

RATE, HOP = 16_000, 160
LIMIT = 30
START = [SOT, IDS["<|en|>"], IDS["<|transcribe|>"]]
ROOM = POSITIONS // 2 - 1
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
SILENT = 0.001  # of these random models: some windows lie above, some below
UNLIKELY = -2.08
HINTS = {"no prompt": None, "prompt": "Anna, Bob", "long prompt": "to be or not " * 9}


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

    def next(self, from_sample, index):
        return next(iter(self.windows_of_generate[index:]), None)

    def samples(self, window):
        return window.samples(self._samples)

    def speech_s(self, from_sample, to_sample):
        """As for generate, none is missed."""
        return 0.0

    def release(self, before_sample):
        """Nothing is kept beside the array."""


class GivenFeatures:
    """Cuts features out of those of the whole recording; the samples say where they stand."""

    def __init__(self, features_MF):
        self.features_MF = features_MF

    def prepare(self, samples):
        first = int(samples[0]) // HOP
        part = self.features_MF[:, first : first + MEL_FRAMES]
        values = torch.nn.functional.pad(part, (0, MEL_FRAMES - part.shape[1]))
        return PreparedWindow(values, fingerprint=0, seconds=0.0)


@pytest.fixture(autouse=True)
def go_back_after_any_progress(monkeypatch):
    """As generate does."""
    monkeypatch.setattr(Retakes, "allow", lambda self, window, time_s: True)


def blank_tokens(decoder):
    return [token for token in range(EOT) if not decoder.text([token])]


class Recording:
    """Random features, what generate makes of them, and a long form over the same windows."""

    def __init__(self, make_decoder, monkeypatch, seed, settings=SETTINGS, **options):
        model = random_model(seed, eot_bias=0.5)
        # generate prompts segments of nothing but spaces, openai/whisper does not: have none
        suppressed = [*GENERATION["suppress_tokens"], *blank_tokens(make_decoder())]
        model.generation_config.suppress_tokens = suppressed
        self.settings, self.decoder = settings, make_decoder(model, suppress_ids=tuple(suppressed))
        generator = torch.Generator().manual_seed(seed)
        self.features_MF = torch.randn(MEL_BINS, 7 * MEL_FRAMES + 70, generator=generator)
        if settings.prompt:
            text = " " + settings.prompt.strip()
            ids = self.decoder.tokenizer(text, add_special_tokens=False)["input_ids"]
            options["prompt_ids"] = torch.tensor([PREV, *ids])
        self.expected = generate_long(
            model,
            self.features_MF,
            monkeypatch,
            **{
                "condition_on_prev_tokens": settings.condition_on_previous_text,
                "max_new_tokens": LIMIT,
                "temperature": 0.0,
            }
            | options,
        )
        samples = np.arange(self.features_MF.shape[1] * HOP, dtype=np.float64)
        planner = GivenSeeks([each.seek for each in self.expected], samples)
        features = FeatureMaker(GivenFeatures(self.features_MF), ahead=False)
        self.long_form = LongForm(self.decoder, features, settings, planner, batch_size=1)

    def ask(self):
        """Yield the windows that are asked for, one after the other; none while one is heard."""
        while not self.long_form.is_through:
            asked = self.long_form.ask(1)
            self.prompts += [list(self.long_form.prompt(request.history)) for request in asked]
            yield asked

    def hear(self, answers=None):
        """Take the windows; return the prompt of each and what was found."""
        self.prompts, asked = [], self.ask()
        if answers:
            for (request,), answer in zip(asked, answers, strict=True):
                self.long_form.hear(request, answer)
        else:
            listener = Listener(self.decoder, self.settings, batch_size=1)
            for heard in listener.hear(lambda most: next(asked, None)):
                for request, outcome in heard:
                    self.long_form.hear(request, outcome.unwrap())
        return self.prompts, self.long_form.found


def same_as_generate(recording):
    """Check prompts and tokens of all windows; return both."""
    prompts, found = recording.hear()
    tokens = [item.decoded.tokens for item in found]
    assert prompts == [each.prompt for each in recording.expected]
    assert tokens == [each.tokens for each in recording.expected]
    assert len(found) > 5
    return prompts, found


@pytest.mark.parametrize(
    ("seed", "hint"), [(0, "no prompt"), (3, "no prompt"), (2, "prompt"), (3, "long prompt")]
)
def test_prompts_and_tokens_are_those_of_generate(make_decoder, monkeypatch, seed, hint):
    settings = replace(SETTINGS, prompt=HINTS[hint])
    prompts, _ = same_as_generate(Recording(make_decoder, monkeypatch, seed, settings))
    longest = [prompt for prompt in prompts if len(prompt) == 1 + ROOM + len(START)]
    assert all(prompt[0] == PREV for prompt in longest)
    assert any(token >= TIMESTAMP_BEGIN for prompt in longest for token in prompt)
    assert (prompts[0][0] == PREV) == (hint != "no prompt")


def test_without_the_text_before_prompts_and_tokens_are_those_of_generate(
    make_decoder, monkeypatch
):
    settings = replace(SETTINGS, prompt="Anna, Bob", condition_on_previous_text=False)
    prompts, _ = same_as_generate(Recording(make_decoder, monkeypatch, 2, settings))
    assert prompts == [prompts[0]] * len(prompts)
    assert prompts[0][0] == PREV


def test_a_silent_window_leaves_the_prompt_as_generate_does(make_decoder, monkeypatch):
    settings = replace(SETTINGS, logprob_threshold=0.0, no_speech_threshold=SILENT)
    thresholds = {"logprob_threshold": 0.0, "no_speech_threshold": SILENT}
    recording = Recording(make_decoder, monkeypatch, 0, settings, **thresholds)
    prompts, found = same_as_generate(recording)
    between = [i for i, item in enumerate(found) if item.silent and 0 < i < len(found) - 1]
    assert any(prompts[i] == prompts[i + 1] != prompts[0] for i in between)
    assert not all(item.silent for item in found)


def test_text_of_a_high_temperature_prompts_no_later_window(make_decoder, monkeypatch):
    """Here generate differs: the window after the next is prompted with that text again."""
    options = {"temperature": (0.0, 0.6), "logprob_threshold": UNLIKELY}
    recording = Recording(make_decoder, monkeypatch, 2, **options)
    answers = [
        Heard(decoded(*each.tokens, temperature=(0.0, 0.6)[each.tries - 1]))
        for each in recording.expected
    ]
    prompts, found = recording.hear(answers)
    is_hot = [item.decoded.temperature > 0 for item in found]
    assert True in is_hot
    assert False in is_hot[is_hot.index(True) :]
    since = []
    for index, item in enumerate(found):
        before = [PREV, *since[-ROOM:]] if since else []
        assert prompts[index] == [*before, *START]
        if not any(is_hot[: index - 1]) or is_hot[index - 1]:
            assert prompts[index] == recording.expected[index].prompt
        last = item.segments[-1]
        since += item.decoded.tokens[: last.last + last.closed]
        since = [] if is_hot[index] else since
