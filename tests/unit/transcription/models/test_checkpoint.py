import json
from dataclasses import replace

import pytest

from speech_toolkit.device import Device
from speech_toolkit.errors import CheckpointError, UsageError
from speech_toolkit.transcription.models import checkpoint as whisper_checkpoint
from speech_toolkit.transcription.models.checkpoint import (
    load_tokenizer,
    load_whisper_model,
    read_whisper_checkpoint,
)
from tests.unit.transcription.random_whisper import (
    EOT,
    IDS,
    NO_TIMESTAMPS,
    PREV,
    SOT,
    TIMESTAMP_BEGIN,
    VOCABULARY,
)

CPU = Device("cpu", None, "cpu", "for a test")
UPPER_HALF = ((1, 0), (1, 1))


def change_json(path, **changes):
    content = json.loads(path.read_text()) if path.is_file() else {}
    content.update(changes)
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def test_everything_is_read_from_the_checkpoint(whisper_directory):
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert (checkpoint.eot_id, checkpoint.sot_id) == (EOT, SOT)
    assert (checkpoint.prev_sot_id, checkpoint.no_speech_id) == (PREV, IDS["<|nospeech|>"])
    assert (checkpoint.no_timestamps_id, checkpoint.timestamp_begin_id) == (
        NO_TIMESTAMPS,
        TIMESTAMP_BEGIN,
    )
    assert checkpoint.languages == {code: IDS[f"<|{code}|>"] for code in ("en", "de", "zh")}
    assert checkpoint.tasks == {
        "transcribe": IDS["<|transcribe|>"],
        "translate": IDS["<|translate|>"],
    }
    assert (checkpoint.num_mel_bins, checkpoint.window_samples) == (8, 32000)
    assert (checkpoint.sample_rate_hz, checkpoint.timestamp_step_s) == (16000, 0.02)
    assert (checkpoint.max_positions, checkpoint.vocab_size) == (80, VOCABULARY)
    assert checkpoint.begin_suppress_ids == (32, EOT)
    assert checkpoint.max_initial_timestamp_index == 50
    assert checkpoint.alignment_heads == ((1, 0),)
    assert checkpoint.default_language is None
    assert checkpoint.warnings == ()


def test_ids_come_from_config_and_tokenizer_without_a_generation_config(
    whisper_directory, monkeypatch
):
    """As in checkpoints that were saved before transformers had one, or fine-tuned since."""
    monkeypatch.setattr(whisper_checkpoint, "_MULTILINGUAL_VOCABULARY", VOCABULARY)
    complete = read_whisper_checkpoint(whisper_directory)
    generation = json.loads((whisper_directory / "generation_config.json").read_text())
    (whisper_directory / "generation_config.json").unlink()
    lists = {key: generation[key] for key in ("suppress_tokens", "begin_suppress_tokens")}
    change_json(whisper_directory / "config.json", decoder_start_token_id=None, **lists)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert checkpoint == replace(
        complete, max_initial_timestamp_index=None, alignment_heads=UPPER_HALF
    )


@pytest.mark.parametrize("stated", [None, [], [9]])
def test_lists_of_the_generation_config_hide_those_of_the_config(whisper_directory, stated):
    """``generate`` reads them so: a fine-tune whose list is empty or gone suppresses nothing."""
    lists = ("suppress_tokens", "begin_suppress_tokens")
    change_json(whisper_directory / "config.json", **{key: [7] for key in lists})
    change_json(whisper_directory / "generation_config.json", **dict.fromkeys(lists, stated))
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert checkpoint.suppress_ids == checkpoint.begin_suppress_ids == tuple(stated or ())


def test_ids_come_from_the_generation_config_without_names(whisper_directory):
    (whisper_directory / "tokenizer_config.json").unlink()
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert (checkpoint.sot_id, checkpoint.no_timestamps_id) == (SOT, NO_TIMESTAMPS)
    assert (checkpoint.prev_sot_id, checkpoint.no_speech_id) == (PREV, None)
    assert sorted(checkpoint.tasks) == ["transcribe", "translate"]


@pytest.mark.parametrize("name", ["added_tokens.json", "tokenizer.json", "vocab.json"])
def test_names_are_found_in_whichever_file_has_them(whisper_directory, name):
    (whisper_directory / "tokenizer_config.json").unlink()
    (whisper_directory / "generation_config.json").write_text(json.dumps({"is_multilingual": True}))
    added = [{"content": token, "id": index} for token, index in IDS.items()]
    content = {"added_tokens": added, "model": {}}
    change_json(whisper_directory / name, **(content if name == "tokenizer.json" else IDS))
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert (checkpoint.prev_sot_id, checkpoint.no_timestamps_id) == (PREV, NO_TIMESTAMPS)


def test_names_of_tokens_overrule_configs_of_another_size_of_model(whisper_directory):
    change_json(whisper_directory / "generation_config.json", no_timestamps_token_id=PREV)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert checkpoint.no_timestamps_id == NO_TIMESTAMPS
    assert f"no_timestamps_token_id {PREV}, the tokenizer gives" in checkpoint.warnings[0]


def test_english_only_model(whisper_directory):
    change_json(
        whisper_directory / "generation_config.json",
        is_multilingual=False,
        lang_to_id=None,
        task_to_id=None,
    )
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert (checkpoint.languages, checkpoint.tasks) == ({}, {})
    assert checkpoint.default_language == "en"
    assert checkpoint.sot_sequence(None, "transcribe", True) == (SOT,)
    assert checkpoint.sot_sequence("en", "transcribe", False) == (SOT, NO_TIMESTAMPS)
    assert checkpoint.language_code("en") == "en"
    with pytest.raises(UsageError, match="language 'de': .* model of English speech alone"):
        checkpoint.sot_sequence("de", "transcribe", True)
    with pytest.raises(UsageError, match="task 'translate': .* model of English speech alone"):
        checkpoint.sot_sequence(None, "translate", True)
    with pytest.raises(UsageError, match="knows en"):
        checkpoint.language_code("de")


def test_opening_of_a_transcript(whisper_directory):
    checkpoint = read_whisper_checkpoint(whisper_directory)
    german, translate = IDS["<|de|>"], IDS["<|translate|>"]
    assert checkpoint.sot_sequence("german", "translate", True) == (SOT, german, translate)
    assert checkpoint.sot_sequence("de", "translate", False)[-1] == NO_TIMESTAMPS
    with pytest.raises(UsageError, match=r"task 'sing': .* tasks: \w+, \w+"):
        checkpoint.sot_sequence("de", "sing", True)


@pytest.mark.parametrize(
    ("name", "code"), [("zh", "zh"), ("Chinese", "zh"), (" mandarin ", "zh"), ("EN", "en")]
)
def test_language_names(whisper_directory, name, code):
    assert read_whisper_checkpoint(whisper_directory).language_code(name) == code


@pytest.mark.parametrize("name", ["french", "fr", "Klingon", ""])
def test_unknown_language_is_refused_with_those_known(whisper_directory, name):
    with pytest.raises(UsageError, match=f"language '{name}': .* knows de, en, zh, and their"):
        read_whisper_checkpoint(whisper_directory).language_code(name)


def test_an_endless_language_is_shown_in_short(whisper_directory):
    with pytest.raises(UsageError) as caught:
        read_whisper_checkpoint(whisper_directory).language_code("x " * 2500)
    assert len(str(caught.value)) < 400 + len(str(whisper_directory))


@pytest.mark.parametrize("stated", ["de", "<|de|>", "DE"])
def test_default_language_of_a_fine_tuned_model(whisper_directory, stated):
    change_json(whisper_directory / "generation_config.json", language=stated)
    assert read_whisper_checkpoint(whisper_directory).default_language == "de"


@pytest.mark.parametrize(
    ("layers", "stated", "suits"),
    [(3, None, True), (2, None, False), (2, True, True), (3, False, False)],
)
def test_whether_previous_text_suits(whisper_directory, layers, stated, suits):
    change_json(whisper_directory / "config.json", decoder_layers=layers)
    change_json(whisper_directory / "generation_config.json", condition_on_prev_tokens=stated)
    assert read_whisper_checkpoint(whisper_directory).suits_previous_text is suits


@pytest.mark.parametrize("heads", [[[7, 0], [1, 1]], [[1, 2]]])
def test_alignment_heads_of_a_teacher_are_replaced(whisper_directory, heads):
    """distil-large-v3 carries those of large-v3: layers 7 to 26 of a decoder of 2."""
    change_json(whisper_directory / "generation_config.json", alignment_heads=heads)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert checkpoint.alignment_heads == UPPER_HALF
    assert "alignment_heads" in checkpoint.word_time_warnings[0]
    assert checkpoint.warnings_for("word") == checkpoint.word_time_warnings
    assert checkpoint.warnings_for("segment") == checkpoint.warnings_for("none") == ()
    change_json(whisper_directory / "generation_config.json", alignment_heads=None)
    unnamed = read_whisper_checkpoint(whisper_directory)
    assert (unnamed.alignment_heads, unnamed.warnings_for("word")) == (UPPER_HALF, ())


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("config.json", {"architectures": ["BertModel"]}, "is a BertModel; transcription needs"),
        ("config.json", {"architectures": None, "model_type": "bert"}, "is a model_type bert"),
        ("config.json", {"vocab_size": 260}, "has the id .* beyond config.json's vocab_size 260"),
        ("config.json", {"vocab_size": NO_TIMESTAMPS + 1}, "is not the timestamp 0.00 s"),
        ("config.json", {"max_target_positions": None}, "max_target_positions is None"),
        ("config.json", {"max_source_positions": 1500}, "makes 200 mel frames .* takes 3000"),
        ("preprocessor_config.json", {"feature_size": 80}, "80 mel bins, config.json wants 8"),
        ("added_tokens.json", {**IDS, "<|0.00|>": 300}, "is not the timestamp 0.00 s"),
    ],
)
def test_wrong_checkpoint_is_refused(whisper_directory, file, changes, message):
    change_json(whisper_directory / file, **changes)
    with pytest.raises(CheckpointError, match=message):
        read_whisper_checkpoint(whisper_directory)


def test_processor_saved_by_transformers_5(whisper_directory):
    preprocessor = whisper_directory / "preprocessor_config.json"
    whole = {"feature_extractor": json.loads(preprocessor.read_text())}
    (whisper_directory / "processor_config.json").write_text(json.dumps(whole))
    old = read_whisper_checkpoint(whisper_directory)
    preprocessor.unlink()
    assert read_whisper_checkpoint(whisper_directory) == old


def test_without_a_preprocessor_the_published_window_is_assumed(whisper_directory):
    (whisper_directory / "preprocessor_config.json").unlink()
    with pytest.raises(CheckpointError, match="makes 3000 mel frames .* takes 200"):
        read_whisper_checkpoint(whisper_directory)
    change_json(whisper_directory / "config.json", max_source_positions=1500)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    assert (checkpoint.window_samples, checkpoint.sample_rate_hz) == (480_000, 16_000)
    assert "has neither preprocessor_config.json nor" in checkpoint.warnings[0]


def test_missing_tokenizer_is_refused(whisper_directory):
    (whisper_directory / "vocab.json").unlink()
    with pytest.raises(CheckpointError, match=r"neither tokenizer\.json nor vocab\.json"):
        read_whisper_checkpoint(whisper_directory)


def test_tokenizer_without_start_is_refused(whisper_directory):
    (whisper_directory / "tokenizer_config.json").unlink()
    (whisper_directory / "generation_config.json").unlink()
    change_json(whisper_directory / "config.json", decoder_start_token_id=None)
    with pytest.raises(CheckpointError, match=r"neither its tokenizer files name <\|notimestamps"):
        read_whisper_checkpoint(whisper_directory)


def test_git_lfs_pointer_is_named(whisper_directory):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (whisper_directory / "generation_config.json").write_bytes(pointer)
    with pytest.raises(CheckpointError, match=r"generation_config\.json: is a Git LFS pointer"):
        read_whisper_checkpoint(whisper_directory)


def test_damaged_tokenizer_is_named(whisper_directory):
    (whisper_directory / "merges.txt").unlink()
    (whisper_directory / "vocab.json").write_text("[]")
    checkpoint = read_whisper_checkpoint(whisper_directory)
    with pytest.raises(CheckpointError, match="tokenizer cannot be loaded"):
        load_tokenizer(checkpoint)


def test_model_loads_in_the_dtype_and_attention_asked_for(whisper_directory):
    import torch

    checkpoint = read_whisper_checkpoint(whisper_directory)
    model = load_whisper_model(checkpoint, CPU, torch.bfloat16, "eager")
    assert (model.dtype, model.training) == (torch.bfloat16, False)
    assert model.config._attn_implementation == "eager"
    with pytest.raises(UsageError, match="flash_attention_2: decoding needs a kernel"):
        load_whisper_model(checkpoint, CPU, torch.float32, "flash_attention_2")


def test_weights_of_more_decoder_layers_are_named(whisper_directory):
    import torch

    change_json(whisper_directory / "config.json", decoder_layers=1, num_hidden_layers=1)
    checkpoint = read_whisper_checkpoint(whisper_directory)
    with pytest.raises(CheckpointError, match=r"tensors of layers .*decoder\.layers\.1"):
        load_whisper_model(checkpoint, CPU, torch.float32)
