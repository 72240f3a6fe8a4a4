"""What a transcript opens with where the user asks for nothing, held against ``generate``."""

import re

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.transcription.models import checkpoint as whisper_checkpoint
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint
from speech_toolkit.transcription.models.default_opening import find_language
from speech_toolkit.transcription.request import opening_sources
from speech_toolkit.transcription.settings import TranscriptionSettings
from tests.unit.transcription.models.test_checkpoint import change_json
from tests.unit.transcription.random_whisper import (
    IDS,
    MEL_BINS,
    MEL_FRAMES,
    NO_TIMESTAMPS,
    VOCABULARY,
)

DE, EN = IDS["<|de|>"], IDS["<|en|>"]
TRANSCRIBE, TRANSLATE = IDS["<|transcribe|>"], IDS["<|translate|>"]
GERMAN = [[1, DE], [2, TRANSCRIBE], [3, NO_TIMESTAMPS]]
OPEN = [[1, None], [2, TRANSCRIBE], [3, NO_TIMESTAMPS]]  # as published: the language is detected
IN_CONFIG = "config.json (forced_decoder_ids)"
IN_GENERATION = "generation_config.json (forced_decoder_ids)"

# Name: (changes of config.json, of generation_config.json, what decides on language and task)
FORMS = {
    "fixed in 2022": ({"forced_decoder_ids": GERMAN}, None, IN_CONFIG, IN_CONFIG),
    "fixed in config.json": ({"forced_decoder_ids": GERMAN}, {}, IN_CONFIG, IN_CONFIG),
    "open list hides that of config.json": (
        {"forced_decoder_ids": GERMAN},
        {"forced_decoder_ids": OPEN},
        "detected",
        IN_GENERATION,
    ),
    "fixed list": ({}, {"forced_decoder_ids": GERMAN}, IN_GENERATION, IN_GENERATION),
    "fixed list that translates": (
        {},
        {"forced_decoder_ids": [[1, DE], [2, TRANSLATE]]},
        IN_GENERATION,
        IN_GENERATION,
    ),
    "open list that translates": (
        {},
        {"forced_decoder_ids": [[1, None], [2, TRANSLATE]]},
        "detected",
        IN_GENERATION,
    ),
    "name": ({}, {"language": "german"}, "generation_config.json (language)", "default"),
    "code": ({}, {"language": "de"}, "generation_config.json (language)", "default"),
    "token": ({}, {"language": "<|de|>"}, "generation_config.json (language)", "default"),
    "capitals": ({}, {"language": "German"}, "generation_config.json (language)", "default"),
    "language hides a list": (
        {},
        {"language": "de", "forced_decoder_ids": [[1, EN], [2, TRANSLATE]]},
        "generation_config.json (language)",
        "default",
    ),
    "task": ({}, {"task": "translate"}, "detected", "generation_config.json (task)"),
    "task hides a list": (
        {},
        {"task": "translate", "forced_decoder_ids": GERMAN},
        "detected",
        "generation_config.json (task)",
    ),
    "both": (
        {},
        {"language": "german", "task": "translate"},
        "generation_config.json (language)",
        "generation_config.json (task)",
    ),
}


def opening_of_generate(directory, features, timestamps):
    """Return the tokens that ``generate`` opens with where it is given nothing but features."""
    from transformers import WhisperForConditionalGeneration

    model = WhisperForConditionalGeneration.from_pretrained(directory)
    opened = []
    own = model._retrieve_init_tokens
    model._retrieve_init_tokens = lambda *a, **k: opened.append(own(*a, **k)) or opened[-1]
    model.generate(features, max_new_tokens=1, return_timestamps=timestamps)
    return tuple(opened[0][0].tolist())


@pytest.mark.parametrize("form", FORMS)
def test_opening_is_that_of_generate(whisper_directory, make_decoder, form, monkeypatch):
    import torch

    monkeypatch.setattr(whisper_checkpoint, "_MULTILINGUAL_VOCABULARY", VOCABULARY)
    in_config, in_generation, language_source, task_source = FORMS[form]
    change_json(whisper_directory / "config.json", **in_config)
    if in_generation is None:
        (whisper_directory / "generation_config.json").unlink()
    else:
        change_json(whisper_directory / "generation_config.json", **in_generation)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    settings = TranscriptionSettings()
    assert opening_sources(checkpoint, settings) == {
        "language_source": language_source,
        "task_source": task_source,
    }
    features = torch.randn(1, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(1))
    decoder = make_decoder()
    language = checkpoint.default_language
    if language is None:
        language = decoder.detect_language(decoder.encode(features))[0][0]
    for timestamps in (True, False):
        if timestamps and in_generation is None:
            continue  # `generate` makes none without a generation_config.json
        ours = checkpoint.sot_sequence(language, checkpoint.default_task, timestamps)
        assert ours == opening_of_generate(whisper_directory, features, timestamps)


@pytest.mark.parametrize("name", ["hi", "hindi", "HINDI", "<|hi|>", " Hindi ", "hin", "hi-IN"])
def test_language_names(name):
    assert find_language(name, ("en", "hi")) == "hi"
    assert find_language(name, ("en",)) is None


@pytest.mark.parametrize(("code", "known"), [("zh-CN", "zh"), ("cmn", "zh"), ("jav", "jw")])
def test_other_codes_of_a_language_find_the_one_of_whisper(code, known):
    assert find_language(code, ("en", "jw", "zh")) == known
    assert find_language(code, ("en",)) is None


@pytest.mark.parametrize("name", ["", "xx", "xyz", "klingonese"])
def test_no_language_is_found_for_others(name):
    assert find_language(name, ("en", "hi", "xx-made-up")) is None


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"language": "klingon"}, "language is 'klingon', which the model does not know"),
        ({"task": "sing"}, "task is 'sing', which the model does not have"),
        ({"forced_decoder_ids": [[1, 7]]}, "opens with the id 7, which is no language"),
    ],
)
def test_what_the_model_does_not_have_is_a_warning(whisper_directory, changes, warning):
    change_json(whisper_directory / "generation_config.json", **changes)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert (checkpoint.default_language, checkpoint.default_task) == (None, "transcribe")
    assert len(checkpoint.warnings) == 1
    assert re.search(warning, checkpoint.warnings[0])


def test_what_the_user_asks_for_goes_before(whisper_directory):
    change_json(whisper_directory / "generation_config.json", language="german", task="translate")
    checkpoint = read_whisper_checkpoint(whisper_directory)
    asked = TranscriptionSettings(language="zh", task="transcribe")
    assert set(opening_sources(checkpoint, asked).values()) == {"asked for"}


@pytest.mark.parametrize("name", ["en", "english", "English", "<|en|>"])
def test_english_by_any_name_in_a_model_of_english_alone(whisper_directory, name):
    change_json(whisper_directory / "generation_config.json", is_multilingual=False)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert checkpoint.language_code(name) == "en"
    assert checkpoint.sot_sequence(name, "transcribe", True) == (checkpoint.sot_id,)
    with pytest.raises(UsageError, match="language 'german': .* of English speech alone"):
        checkpoint.sot_sequence("german", "transcribe", True)
