"""A Whisper in evaluations: what is compared and read is what the product decodes."""

import numpy as np
import pytest
import torch

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.evaluation.models.family import load_model
from speech_toolkit.evaluation.models.protocol import ModelSettings
from tests.end_to_end.support import REPOSITORY, SAMPLES

CPU = ModelSettings(str(REPOSITORY / "models" / "tiny-whisper"), "cpu", "float32", batch_size=4)
TALK = REPOSITORY / "samples" / "recognition" / "talk.flac"


@pytest.mark.slow
def test_a_whispers_tokens_follow_from_its_teacher_forced_logits():
    loaded = load_model(CPU)
    inputs = loaded.make_inputs(load_audio(SAMPLES / "demo.wav").samples)
    assert inputs["mel"].shape[2] == 3000
    assert inputs["frames"] == 242  # 4.825 s in steps of 20 ms
    with torch.no_grad():
        outputs = loaded.forward(inputs)
    assert list(outputs) == ["encoder", "logits"]
    assert len(outputs["encoder"]) == inputs["frames"]
    tokens = inputs["tokens"]
    greedy = outputs["logits"].numpy().argmax(axis=1)[: len(tokens)]
    assert np.mean(greedy == tokens) > 0.5  # the rest was changed by the rules of decoding
    assert loaded.answer(inputs)["tokens"] == tokens.tolist()


def test_what_the_device_makes_of_the_audio_is_what_all_are_given():
    loaded = load_model(CPU)
    samples = load_audio(SAMPLES / "demo.wav").samples
    own = loaded.own_inputs(samples)
    assert list(own) == ["mel"]
    np.testing.assert_array_equal(own["mel"], loaded.make_inputs(samples)["mel"])


def test_recogniser_reads_its_own_tokens_as_decidedly_as_it_chose_them():
    """Over batches of windows; the leads of text over text are those of decoding."""
    loaded = load_model(CPU)
    case = {"audio_path": str(TALK), "text": "Last week.", "language": "en"}
    heard, _ = loaded.hear(case, {})
    assert heard.error is None
    assert heard.truth == "Last week."
    assert len(heard.choices) == len(heard.margins) == len(heard.spelling) > 200
    assert heard.spelling[0].startswith("<|0.")
    assert len(heard.windows) == len(heard.drawn) > 2
    assert sum(map(len, heard.windows)) == len(heard.leads) == len(heard.choices) + len(heard.drawn)
    greedy = [not drawn for w, drawn in zip(heard.windows, heard.drawn, strict=True) for _ in w]
    assert min(np.array(heard.leads)[greedy]) > -1e-3

    read = loaded.leads(case, {"itself": heard.windows})
    np.testing.assert_allclose(read["itself"], heard.leads, atol=1e-3)

    in_order = [lead for w, lead in zip(_tokens(heard.windows), heard.leads, strict=True) if w]
    np.testing.assert_array_less(np.array(in_order), np.array(heard.margins) + 1e-3)


def _tokens(windows):
    """Whether each choice is a token and no end of text, which has no margin."""
    return [index + 1 < len(window) for window in windows for index in range(len(window))]
