"""Whatever a checkpoint's files say: a result or one line of error, and no allocation to speak of.

Each attempt changes one or two values in the JSON files of a bundled model, loads it and runs it
on a second of audio.
"""

import json
import os
import random

import numpy as np
import pytest

from speech_toolkit.alignment import Aligner
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.architectures import ARCHITECTURE
from speech_toolkit.checkpoint.schema import FEATURES
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.transcription import Transcriber, TranscriptionSettings
from tests.unit.odd_values import TEXTS, VALUES, Outcomes, bounded_memory, near

MODELS = {"wav2vec2": "tiny-mms-aligner", "whisper": "tiny-whisper"}
# Keys that other checkpoints have, or that a reader might trust.
FURTHER_KEYS = {
    "config.json": (
        *("add_adapter", "adapter_attn_dim", "forced_decoder_ids", "torch_dtype", "id2label"),
        *("quantization_config", "return_dict", "output_attentions", "attn_implementation"),
        *("rope_parameters", "per_layer_config", "layer_types", "auto_map", "problem_type"),
    ),
    "generation_config.json": ("forced_decoder_ids", "cache_implementation", "max_new_tokens"),
    "preprocessor_config.json": tuple(FEATURES),
    "processor_config.json": ("feature_extractor", "tokenizer", "processor_class"),
    "tokenizer_config.json": ("extra_special_tokens", "word_delimiter_token", "auto_map"),
    "model.safetensors.index.json": ("weight_map", "metadata"),
}


def audio():
    samples = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    return Waveform(samples, 16_000, "noise.wav", 16_000, 1)


def run(family, directory):
    """Load a checkpoint and run it on a second of noise."""
    if family == "wav2vec2":
        Aligner.load(directory, "cpu").align(audio(), "hello world")
        return
    settings = TranscriptionSettings(
        max_new_tokens=4, temperatures=(0.0, 0.5), skip_silence=False, timestamps="word"
    )
    Transcriber.load(directory, "cpu").transcribe(audio(), settings)


def linked_copy(family, directory):
    """Link a bundled model's files into a directory."""
    directory.mkdir()
    for source in bundled_model(MODELS[family]).iterdir():
        (directory / source.name).symlink_to(source)


def paths_into(content, prefix=()):
    """Yield the path of each value in JSON, but few of a long list or object."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(items)[:60]:
        yield (*prefix, key)
        if isinstance(value, dict | list):
            yield from list(paths_into(value, (*prefix, key)))[:12]


def changed(content, rng, further_keys):
    """Change one value in JSON; return what was done."""
    key = rng.choice([*paths_into(content), *((key,) for key in further_keys)] or [("a",)])
    parent = content
    for part in key[:-1]:
        parent = parent[part]
    there = isinstance(parent, list) or key[-1] in parent
    if there and rng.random() < 0.1:
        del parent[key[-1]]
        return f"without {key}"
    pool = VALUES if not there or rng.random() < 0.7 else near(parent[key[-1]])
    parent[key[-1]] = value = rng.choice(pool)
    return f"{key} = {shown_value(value)}"


def mutated(family, directory, rng):
    """Make a copy of a bundled model with one or two odd values; return what was done."""
    linked_copy(family, directory)
    names = sorted(path.name for path in directory.glob("*.json"))
    weights = [8 if name in ("config.json", "generation_config.json") else 2 for name in names]
    done = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        name = rng.choices([*names, "processor_config.json"], [*weights, 2])[0]
        if any(name in what for what in done):
            continue
        path = directory / name
        text = path.read_text() if path.exists() else "{}"
        path.unlink(missing_ok=True)
        if rng.random() < 0.05:
            text = rng.choice(TEXTS)
            done.append(f"{name}: {text[:30]!r}")
        else:
            content = json.loads(text)
            further = FURTHER_KEYS.get(name, ())
            if name == "config.json":
                further = (*further, *ARCHITECTURE[family])
            done.append(f"{name}: {changed(content, rng, further)}")
            text = json.dumps(content)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        if rng.random() < 0.03:
            path.unlink()
            done.append(f"no {name}")
    return f"{family} {'; '.join(done)}"


def attempt_many(family, count, seed, tmp_path):
    run(family, bundled_model(MODELS[family]))  # what it imports and allocates is not counted
    outcomes = Outcomes()
    with bounded_memory():
        for number in range(count):
            name = mutated(family, tmp_path / str(number), random.Random(f"{seed} {number}"))
            with outcomes.attempt(f"#{number} {name}"):
                run(family, tmp_path / str(number))
    outcomes.assert_foreseen()


@pytest.mark.parametrize("family", MODELS)
def test_odd_values_end_in_a_result_or_one_line(family, tmp_path):
    attempt_many(family, 25, "default", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("family", MODELS)
def test_a_thousand_odd_values_end_in_a_result_or_one_line(family, tmp_path):
    attempt_many(family, 1000, os.environ.get("MUTATION_SEED", "slow"), tmp_path)
