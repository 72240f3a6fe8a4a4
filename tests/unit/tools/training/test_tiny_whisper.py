"""The files of models/tiny-whisper hold together, and the model does what its card says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from whisper_tokens import LANGUAGES, TIMESTAMPS, TokenIds, special_tokens

ROOT = Path(__file__).parents[4]
MODEL = ROOT / "models" / "tiny-whisper"


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import WhisperTokenizer

    return WhisperTokenizer.from_pretrained(MODEL)


def test_the_weights_are_small_and_load_as_float32():
    assert (MODEL / "model.safetensors").stat().st_size < 8_000_000
    config = json.loads((MODEL / "config.json").read_text(encoding="utf-8"))
    assert config["dtype"] == "float32"
    assert config["vocab_size"] == TokenIds().count


def test_tokens_have_the_ids_that_were_trained(tokenizer):
    ids = TokenIds()
    names = special_tokens()
    assert tokenizer.convert_tokens_to_ids(names) == list(range(ids.end, ids.first_timestamp))
    assert names[-1] == "<|notimestamps|>"
    assert names[ids.no_speech - ids.end] == "<|nospeech|>"
    assert names[ids.previous - ids.end] == "<|startofprev|>"
    assert tokenizer.convert_tokens_to_ids("<|0.00|>") == ids.first_timestamp
    assert tokenizer.convert_tokens_to_ids("<|30.00|>") == ids.first_timestamp + TIMESTAMPS - 1
    assert len(tokenizer) == ids.count


def test_any_text_survives_the_tokenizer(tokenizer):
    text = " The harbour, at 6 o'clock: 日本 é!"
    tokens = tokenizer(text, add_special_tokens=False).input_ids
    assert max(tokens) < TokenIds().end
    assert tokenizer.decode(tokens) == text
    assert tokenizer.normalize("The harbour") == "the harbor"


def test_the_generation_config_names_what_is_there():
    ids = TokenIds()
    settings = json.loads((MODEL / "generation_config.json").read_text(encoding="utf-8"))
    config = json.loads((MODEL / "config.json").read_text(encoding="utf-8"))
    layers, heads = config["decoder_layers"], config["decoder_attention_heads"]
    assert all(layer < layers and head < heads for layer, head in settings["alignment_heads"])
    assert settings["lang_to_id"] == {
        f"<|{name}|>": ids.english + i for i, name in enumerate(LANGUAGES)
    }
    assert settings["task_to_id"] == {"transcribe": ids.transcribe, "translate": ids.translate}
    assert settings["no_timestamps_token_id"] == ids.no_timestamps
    assert settings["prev_sot_token_id"] == ids.previous


@pytest.mark.slow
def test_words_and_ends_of_the_samples_are_right():
    from evaluate_tiny_whisper import Recogniser, read_mono

    recogniser = Recogniser(MODEL)
    path = ROOT / "samples" / "recognition" / "phone_number.flac"
    truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    answer = recogniser.answer([read_mono(path)])[0]
    assert answer.timed_text == answer.plain_text == truth["transcript"]
    assert answer.ends_s == pytest.approx([truth["sentences"][0]["end_s"]], abs=0.2)


@pytest.mark.slow
def test_nothing_is_written_where_nobody_speaks():
    from evaluate_tiny_whisper import Recogniser

    noise = 0.05 * np.random.default_rng(1).standard_normal(5 * 16000)
    answers = Recogniser(MODEL).answer([np.zeros(16000), noise])
    assert [(a.plain_text, a.timed_text) for a in answers] == [("", ""), ("", "")]
