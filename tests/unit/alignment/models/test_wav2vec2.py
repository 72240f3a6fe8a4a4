import json

import pytest

from speech_toolkit.alignment.models.registry import load_ctc_model, read_ctc_checkpoint
from speech_toolkit.device import Device
from speech_toolkit.errors import CheckpointError, UsageError

CPU = Device("cpu", None, "cpu", "for a test")
LETTERS = "abcdefghijklmnopqrstuvwxyz'"


def change_json(path, **changes):
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def test_vocabulary_is_the_checkpoint_s_own(checkpoint_directory):
    checkpoint = read_ctc_checkpoint(checkpoint_directory)
    assert sorted(checkpoint.vocabulary.ids) == sorted(LETTERS)
    assert checkpoint.vocabulary.blank_id == 0
    assert checkpoint.vocabulary.size == 31
    assert checkpoint.vocabulary.word_separator_id is None
    assert checkpoint.geometry.stride_samples == 320
    assert checkpoint.normalizes_waveform


def test_ids_beyond_the_logits_are_left_out(checkpoint_directory):
    """The published tokenizer adds a separator that the model has no output for."""
    change_json(checkpoint_directory / "vocab.json", **{"|": 31, "<s>": 32})
    vocabulary = read_ctc_checkpoint(checkpoint_directory).vocabulary
    assert vocabulary.size == 31
    assert vocabulary.word_separator_id is None
    assert "|" not in vocabulary.ids


def test_separator_and_padding_blank_of_other_checkpoints(checkpoint_directory):
    """facebook/wav2vec2-base-960h: blank is <pad>, words are parted by |, letters upper case."""
    entries = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
    (checkpoint_directory / "vocab.json").write_text(
        json.dumps({token: index for index, token in enumerate(entries)})
    )
    change_json(checkpoint_directory / "config.json", vocab_size=32)
    vocabulary = read_ctc_checkpoint(checkpoint_directory).vocabulary
    assert (vocabulary.blank_id, vocabulary.word_separator_id, vocabulary.size) == (0, 4, 32)
    assert sorted(vocabulary.ids) == sorted("ETAONIHSRDLUMWCFGYPBVK'XJQZ")


def test_declared_special_tokens_are_no_letters(checkpoint_directory):
    (checkpoint_directory / "special_tokens_map.json").write_text(
        json.dumps({"unk_token": {"content": "x"}, "word_delimiter_token": "'"})
    )
    vocabulary = read_ctc_checkpoint(checkpoint_directory).vocabulary
    assert "x" not in vocabulary.ids
    assert vocabulary.word_separator_id == 28


def test_do_normalize_of_the_preprocessor_decides(checkpoint_directory):
    change_json(checkpoint_directory / "preprocessor_config.json", do_normalize=False)
    assert not read_ctc_checkpoint(checkpoint_directory).normalizes_waveform


def test_processor_saved_by_transformers_5_decides(checkpoint_directory):
    """It writes processor_config.json alone, with the feature extractor inside."""
    (checkpoint_directory / "preprocessor_config.json").unlink()
    settings = {"do_normalize": False, "sampling_rate": 8000}
    (checkpoint_directory / "processor_config.json").write_text(
        json.dumps({"feature_extractor": settings, "processor_class": "Wav2Vec2Processor"})
    )
    checkpoint = read_ctc_checkpoint(checkpoint_directory)
    assert (checkpoint.normalizes_waveform, checkpoint.geometry.sample_rate_hz) == (False, 8000)


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("config.json", {"architectures": ["BertModel"]}, "is a BertModel; forced alignment needs"),
        ("config.json", {"add_adapter": True}, "has add_adapter"),
        ("config.json", {"conv_stride": [5, 2]}, "convolutions do not match .*conv_stride has 2"),
        ("config.json", {"conv_kernel": None}, "conv_kernel and conv_stride"),
        ("config.json", {"conv_stride": [0, 2, 2, 2, 2, 2, 2]}, r"conv_stride\[0\] is 0, not"),
        ("config.json", {"conv_stride": []}, r"conv_stride is \[\], not a list"),
        ("config.json", {"vocab_size": "31"}, r"config\.json: vocab_size is '31', not a whole"),
        ("preprocessor_config.json", {"sampling_rate": 0}, "sampling_rate is 0, not a whole"),
        ("vocab.json", {"eng": {"a": 1}}, "is not a flat vocabulary"),
    ],
)
def test_wrong_checkpoint_is_refused(checkpoint_directory, file, changes, message):
    change_json(checkpoint_directory / file, **changes)
    with pytest.raises(CheckpointError, match=message):
        read_ctc_checkpoint(checkpoint_directory)


def test_missing_tokenizer_is_refused(checkpoint_directory):
    (checkpoint_directory / "vocab.json").unlink()
    with pytest.raises(CheckpointError, match=r"no vocab\.json, so its tokenizer is missing"):
        read_ctc_checkpoint(checkpoint_directory)


def test_vocabulary_without_blank_is_refused(checkpoint_directory):
    change_json(checkpoint_directory / "vocab.json", **{"<blank>": None})
    change_json(checkpoint_directory / "config.json", pad_token_id=31)
    with pytest.raises(CheckpointError, match=r"has no <blank>.*a CTC model needs a blank"):
        read_ctc_checkpoint(checkpoint_directory)


def load(directory, dtype=None, **options):
    import torch

    return load_ctc_model(read_ctc_checkpoint(directory), CPU, dtype or torch.float32, **options)


def test_stored_dtype_never_decides(checkpoint_directory, local_model):
    import torch

    local_model.to(torch.float16).save_pretrained(checkpoint_directory)
    local_model.to(torch.float32)
    assert json.loads((checkpoint_directory / "config.json").read_text())["dtype"] == "float16"
    assert load(checkpoint_directory).dtype == torch.float32
    assert load(checkpoint_directory, torch.bfloat16).dtype == torch.bfloat16


def test_loaded_model_is_in_evaluation_mode_with_the_attention_asked_for(checkpoint_directory):
    model = load(checkpoint_directory, attn_implementation="eager")
    assert not model.training
    assert model.config._attn_implementation == "eager"


def test_attention_that_is_not_installed_is_named(checkpoint_directory):
    with pytest.raises(UsageError, match=r"--attn_implementation flash_attention_2: .*Flash"):
        load(checkpoint_directory, attn_implementation="flash_attention_2")


def test_config_that_makes_no_model_is_named(checkpoint_directory):
    change_json(checkpoint_directory / "config.json", num_hidden_layers=1, num_attention_heads=3)
    with pytest.raises(CheckpointError, match="num_attention_heads is 3, which does not divide"):
        load(checkpoint_directory)


def test_truncated_weights_are_named(checkpoint_directory):
    path = checkpoint_directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="weights cannot be read .* download it again"):
        load(checkpoint_directory)


def test_weights_of_another_shape_are_named(checkpoint_directory):
    change_json(checkpoint_directory / "config.json", vocab_size=40)
    with pytest.raises(
        CheckpointError,
        match=r"has the shape \[31, 16\].*for \[vocab_size 40",
    ):
        load(checkpoint_directory)


def test_weights_of_more_layers_are_named(checkpoint_directory):
    from safetensors.torch import load_file, save_file

    path = checkpoint_directory / "model.safetensors"
    tensors = load_file(path)
    tensors["wav2vec2.encoder.layers.3.attention.k_proj.bias"] = tensors["lm_head.bias"].clone()
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"1 tensors of layers .*\.layers\.3\.attention"):
        load(checkpoint_directory)


def test_weights_without_a_head_are_named(checkpoint_directory):
    from safetensors.torch import load_file, save_file

    path = checkpoint_directory / "model.safetensors"
    tensors = {name: value for name, value in load_file(path).items() if "lm_head" not in name}
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"weights lack lm_head\.weight, which config"):
        load(checkpoint_directory)
