"""What the JSON files of a checkpoint may hold: published forms pass, odd values are named."""

import json

import pytest

from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.architectures import ARCHITECTURE
from speech_toolkit.checkpoint.files import read_json
from speech_toolkit.errors import CheckpointError

ALIGNER, WHISPER = bundled_model("tiny-mms-aligner"), bundled_model("tiny-whisper")
NESTED = "[" * 100_000
LANGUAGES_AS_TEXT = {"lang_to_id": "en"}


def changed(directory, file, changes, tmp_path):
    """Write a bundled model's file with other values; return its path."""
    content = json.loads((directory / file).read_text()) if (directory / file).is_file() else {}
    (tmp_path / file).write_text(json.dumps(content | changes))
    return tmp_path / file


@pytest.mark.parametrize(
    ("model", "file", "changes", "message"),
    [
        (ALIGNER, "config.json", {"hidden_act": "evil"}, "hidden_act is 'evil', not one of"),
        (ALIGNER, "config.json", {"num_attention_heads": 5}, "is 5, which does not divide hidden_"),
        (
            ALIGNER,
            "config.json",
            {"num_conv_pos_embedding_groups": 7},
            "does not divide hidden_siz",
        ),
        (ALIGNER, "config.json", {"dtype": "evil"}, "dtype is 'evil', not a dtype such as"),
        (ALIGNER, "config.json", {"torch_dtype": []}, r"torch_dtype is \[\], not a dtype such as"),
        (
            ALIGNER,
            "config.json",
            {"model_type": ["wav2vec2"]},
            r"model_type is \['wav2vec2'\], not",
        ),
        (ALIGNER, "config.json", {"architectures": "x"}, "architectures is 'x', not a list of"),
        (
            ALIGNER,
            "config.json",
            {"hidden_dropout": -0.1},
            "hidden_dropout is -0.1, not a number fr",
        ),
        (
            ALIGNER,
            "config.json",
            {"layerdrop": float("nan")},
            "layerdrop is nan, not a number from",
        ),
        (ALIGNER, "config.json", {"hidden_size": 10**12}, "hidden_size is 1000000000000, not"),
        (
            ALIGNER,
            "config.json",
            {"hidden_size": int("9" * 4000)},
            "hidden_size is about 1e4000, not",
        ),
        (ALIGNER, "config.json", {"conv_dim": [32, "64"]}, r"conv_dim\[1\] is '64', not a whole"),
        (
            ALIGNER,
            "config.json",
            {"conv_kernel": [3]},
            "convolutions do not match .*conv_kernel has 1",
        ),
        (
            ALIGNER,
            "config.json",
            {"conv_stride": [1] * 7},
            "a frame every 1 samples",
        ),
        (
            ALIGNER,
            "config.json",
            {"conv_stride": [1 << 20] * 7},
            "a frame every .* not every 64",
        ),
        (ALIGNER, "config.json", {"vocab_size": None}, "vocab_size is None, not a whole number"),
        (ALIGNER, "vocab.json", {"b": "7"}, "'b' is '7', not a token id"),
        (ALIGNER, "vocab.json", {"b": True}, "'b' is True, not a token id"),
        (ALIGNER, "tokenizer_config.json", {"unk_token": 3}, "unk_token is 3, not a token's text"),
        (ALIGNER, "special_tokens_map.json", {"pad_token": {}}, "pad_token has no 'content'"),
        (
            ALIGNER,
            "preprocessor_config.json",
            {"sampling_rate": 0},
            "sampling_rate is 0, not a whole",
        ),
        (
            WHISPER,
            "config.json",
            {"activation_function": 3},
            "activation_function is 3, not one of",
        ),
        (WHISPER, "config.json", {"decoder_attention_heads": 7}, "does not divide d_model 192"),
        (WHISPER, "config.json", {"pad_token_id": 2413}, "pad_token_id is 2413, not an id below"),
        (
            WHISPER,
            "config.json",
            {"max_source_positions": 10**9},
            "max_source_positions is 1000000000",
        ),
        (
            WHISPER,
            "config.json",
            {"suppress_tokens": 7},
            "suppress_tokens is 7, not a list of token",
        ),
        (WHISPER, "generation_config.json", LANGUAGES_AS_TEXT, "lang_to_id is 'en', not an object"),
        (
            WHISPER,
            "generation_config.json",
            {"alignment_heads": [[1]]},
            r"\[0\] is \[1\], not a pair",
        ),
        (
            WHISPER,
            "generation_config.json",
            {"alignment_heads": [[1, "2"]]},
            r"heads\[0\]\[1\] is '2'",
        ),
        (WHISPER, "generation_config.json", {"is_multilingual": "yes"}, "is_multilingual is 'yes'"),
        (WHISPER, "generation_config.json", {"forced_decoder_ids": [[1]]}, "not a pair"),
        (
            WHISPER,
            "preprocessor_config.json",
            {"hop_length": 0},
            "hop_length is 0, not a whole number",
        ),
        (WHISPER, "preprocessor_config.json", {"n_fft": 401}, "n_fft is 401, not an even whole"),
        (
            WHISPER,
            "preprocessor_config.json",
            {"chunk_length": 1e9},
            "chunk_length is 1000000000.0",
        ),
        (
            WHISPER,
            "processor_config.json",
            {"feature_extractor": []},
            "feature_extractor is .*, not an",
        ),
        (WHISPER, "added_tokens.json", {"<|x|>": []}, r"'<|x|>' is \[\], not a token id"),
        (WHISPER, "tokenizer.json", {"model": 1}, "holds no tokenizer"),
        (
            WHISPER,
            "tokenizer.json",
            {"added_tokens": [{"id": 1}]},
            r"added_tokens\[0\] is .*'content'",
        ),
        (
            WHISPER,
            "tokenizer_config.json",
            {"added_tokens_decoder": {"a": {}}},
            "'a', not a token id",
        ),
        (WHISPER, "model.safetensors.index.json", {"metadata": {}}, "has no 'weight_map'"),
        (
            WHISPER,
            "model.safetensors.index.json",
            {"metadata": {}, "weight_map": {"a": "../../x.safetensors"}},
            "weight_map.a is '../../x.safetensors', not the name of a weight file in the same",
        ),
    ],
)
def test_an_odd_value_is_refused_with_file_key_value_and_what_is_expected(
    model, file, changes, message, tmp_path
):
    with pytest.raises(CheckpointError, match=message) as caught:
        read_json(changed(model, file, changes, tmp_path))
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / file}: ")
    assert told.endswith("; download it again")
    assert len(told) < 700
    assert "\n" not in told


@pytest.mark.parametrize(
    ("content", "message"),
    [(NESTED, "nested too deeply"), ('{"hidden_size": ' + "9" * 5000 + "}", "Exceeds the limit")],
)
def test_json_that_no_parser_takes_is_refused(content, message, tmp_path):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=rf"config\.json: cannot be read as JSON .*{message}"):
        read_json(tmp_path / "config.json")


@pytest.mark.parametrize("model", [ALIGNER, WHISPER])
def test_the_bundled_files_pass(model):
    for path in model.glob("*.json"):
        assert read_json(path)


@pytest.mark.parametrize(
    ("model", "file", "changes"),
    [
        # as openai published them from 2022 to 2024, and as transformers 4 and 5 save them
        (WHISPER, "config.json", {"torch_dtype": "float16", "forced_decoder_ids": None}),
        (WHISPER, "config.json", {"forced_decoder_ids": [[1, 50259], [2, 50359]]}),
        (WHISPER, "config.json", {"suppress_tokens": [], "begin_suppress_tokens": [220, 50257]}),
        (WHISPER, "config.json", {"dtype": "bfloat16", "max_length": 448, "use_cache": False}),
        (WHISPER, "config.json", {"pad_token_id": None, "eos_token_id": [50257]}),
        (WHISPER, "config.json", {"_name_or_path": "x", "num_hidden_layers": 32, "dropout": 0}),
        (WHISPER, "generation_config.json", {"forced_decoder_ids": [[1, None], [2, 50360]]}),
        (WHISPER, "generation_config.json", {"suppress_tokens": None, "language": None}),
        (WHISPER, "generation_config.json", {"alignment_heads": None, "lang_to_id": None}),
        (WHISPER, "generation_config.json", {"attn_implementation": "sdpa", "task": "transcribe"}),
        (WHISPER, "preprocessor_config.json", {"mel_filters": [[0.0, 0.02]], "dither": 0.0}),
        (WHISPER, "preprocessor_config.json", {"processor_class": "WhisperProcessor"}),
        (WHISPER, "processor_config.json", {"processor_class": "WhisperProcessor"}),
        (WHISPER, "tokenizer_config.json", {"pad_token": None, "model_max_length": 10**30}),
        (WHISPER, "tokenizer_config.json", {"add_bos_token": False, "extra_special_tokens": {}}),
        (WHISPER, "tokenizer_config.json", {"bos_token": {"__type": "AddedToken", "content": ""}}),
        # wav2vec2 from 2020 on, MMS with and without adapters
        (ALIGNER, "config.json", {"bos_token_id": 1, "hidden_dropout_prob": 0.1}),
        (ALIGNER, "config.json", {"pad_token_id": -1, "gradient_checkpointing": False}),
        (ALIGNER, "config.json", {"adapter_attn_dim": 16, "add_adapter": None}),
        (ALIGNER, "config.json", {"conv_pos_kernel": 128, "quantization_config": None}),
        (ALIGNER, "vocab.json", {"eng": {"a": 5}}),
        (ALIGNER, "tokenizer_config.json", {"word_delimiter_token": "|", "do_lower_case": False}),
        # another family's config is read as far as its family
        (ALIGNER, "config.json", {"model_type": "bert", "hidden_act": {"x": 1}}),
    ],
)
def test_what_published_checkpoints_hold_passes(model, file, changes, tmp_path):
    assert read_json(changed(model, file, changes, tmp_path)).items() >= changes.items()


@pytest.mark.parametrize("family", ["wav2vec2", "whisper"])
def test_what_shapes_a_model_is_what_transformers_knows(family):
    """A key that transformers renames would be handed over in vain."""
    from transformers import Wav2Vec2Config, WhisperConfig

    known = {"wav2vec2": Wav2Vec2Config, "whisper": WhisperConfig}[family]().to_dict()
    assert ARCHITECTURE[family].keys() <= known.keys()


@pytest.mark.parametrize("family", ["wav2vec2", "whisper"])
def test_activations_are_those_of_transformers(family):
    from transformers.activations import ACT2FN

    names = {"wav2vec2": "hidden_act", "whisper": "activation_function"}
    assert set(ARCHITECTURE[family][names[family]]["enum"]) <= set(ACT2FN)
