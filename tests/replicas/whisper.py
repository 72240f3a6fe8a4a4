"""Replicas of Whisper checkpoints: the true ids and flags, made-up text tokens, few layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.replicas.files import WIDTH, save_weights, write_features, write_json

# Ids that every Whisper vocabulary of several languages keeps from generating.
SUPPRESSED = (1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93)
HINDI, NORWEGIAN, ENGLISH = "hi", "no", "en"
NO_HEADS = (
    (7, 0),
    (10, 17),
    (12, 18),
    (13, 12),
    (16, 1),
    (17, 14),
    (19, 11),
    (21, 4),
)  # a teacher's


@dataclass(frozen=True)
class Vocabulary:
    """The ids of one of Whisper's three vocabularies.

    Attributes:
        languages: how many it has.
        text_tokens: how many it has; the end of text follows them.
        multilingual: whether a transcript opens with language and task.
    """

    languages: int = 99
    text_tokens: int = 50257
    multilingual: bool = True

    @property
    def special(self) -> tuple[str, ...]:
        """Names of the special tokens in order of their ids, timestamps left out."""
        from transformers.models.whisper.tokenization_whisper import LANGUAGES

        codes = list(LANGUAGES)[: self.languages]
        return (
            "<|endoftext|>",
            "<|startoftranscript|>",
            *(f"<|{code}|>" for code in codes),
            "<|translate|>",
            "<|transcribe|>",
            "<|startoflm|>",
            "<|startofprev|>",
            "<|nospeech|>" if self.languages > 99 else "<|nocaptions|>",
            "<|notimestamps|>",
        )

    @property
    def ids(self) -> dict[str, int]:
        """Name to id of the special tokens."""
        return {name: self.text_tokens + index for index, name in enumerate(self.special)}

    @property
    def size(self) -> int:
        """Width of the logits: timestamps up to 30 s in steps of 0.02 s at the end."""
        return self.text_tokens + len(self.special) + 1501


ENGLISH_ALONE = Vocabulary(text_tokens=50256, multilingual=False)
MULTILINGUAL = Vocabulary()
WITH_CANTONESE = Vocabulary(languages=100)


@dataclass(frozen=True)
class WhisperForm:
    """What makes one published Whisper checkpoint different from another.

    Attributes:
        vocabulary: its ids.
        mel_bins: of its features.
        decoder_layers: as published, for the small ones.
        config: added to config.json.
        generation: added to generation_config.json; None where there is none.
        processor: "preprocessor", "processor" (as transformers 5 writes it) or "none".
        tokenizer: "2022" (vocabulary, merges and added tokens), or "one file".
        weights: "safetensors", "bin", "shards" or "bin shards".
        clutter: files beside them that nobody should read.
    """

    vocabulary: Vocabulary = MULTILINGUAL
    mel_bins: int = 80
    decoder_layers: int = 4
    config: dict[str, Any] = field(default_factory=dict)
    generation: dict[str, Any] | None = field(default_factory=dict)
    processor: str = "preprocessor"
    tokenizer: str = "one file"
    weights: str = "safetensors"
    clutter: tuple[str, ...] = ()


def forced(vocabulary: Vocabulary, language: str | None, *, times: bool = True) -> list[list[Any]]:
    """Return ``forced_decoder_ids`` for transcribing a language; None leaves it to be detected."""
    ids = vocabulary.ids
    opening = [None if language is None else ids[f"<|{language}|>"], ids["<|transcribe|>"]]
    if not times:
        opening.append(ids["<|notimestamps|>"])
    return [[position, index] for position, index in enumerate(opening, start=1)]


def whisper_forms() -> dict[str, WhisperForm]:
    """Return the forms by the name of a checkpoint that has each."""
    two, three = MULTILINGUAL, WITH_CANTONESE
    return {
        "whisper-tiny of 2022": WhisperForm(
            config={"forced_decoder_ids": forced(two, ENGLISH, times=False)},
            generation=None,
            tokenizer="2022",
            weights="bin",
        ),
        "whisper-tiny": WhisperForm(
            config={"forced_decoder_ids": forced(two, ENGLISH, times=False)},
            generation={
                "forced_decoder_ids": forced(two, None),
                "alignment_heads": [[2, 0], [3, 1]],
            },
        ),
        "whisper-tiny.en": WhisperForm(
            ENGLISH_ALONE,
            config={"forced_decoder_ids": [[1, ENGLISH_ALONE.ids["<|notimestamps|>"]]]},
            generation={"forced_decoder_ids": [[1, ENGLISH_ALONE.ids["<|notimestamps|>"]]]},
            tokenizer="2022",
        ),
        "whisper-large-v2": WhisperForm(
            generation={"forced_decoder_ids": forced(two, None)}, weights="bin shards"
        ),
        "whisper-large-v3": WhisperForm(
            three,
            mel_bins=128,
            generation={"forced_decoder_ids": forced(three, None)},
            clutter=(
                "model.fp32-00001-of-00002.safetensors",
                "model.fp32-00002-of-00002.safetensors",
            ),
        ),
        "whisper-large-v3-turbo": WhisperForm(
            three, mel_bins=128, generation={"alignment_heads": [[2, 0], [3, 1]]}, weights="shards"
        ),
        "distil-large-v3": WhisperForm(
            three,
            mel_bins=128,
            decoder_layers=2,
            generation={
                "forced_decoder_ids": forced(three, None),
                "alignment_heads": [list(head) for head in NO_HEADS],
            },
        ),
        "fine-tune in Hindi": WhisperForm(
            config={"forced_decoder_ids": None},
            generation={"language": "hindi", "task": "transcribe", "forced_decoder_ids": None},
            weights="shards",
        ),
        "fine-tune in Hindi of 2022": WhisperForm(
            config={"forced_decoder_ids": forced(two, HINDI, times=False)},
            generation=None,
            tokenizer="2022",
            weights="bin",
        ),
        "nb-whisper": WhisperForm(
            config={"forced_decoder_ids": forced(two, NORWEGIAN, times=False)},
            generation={
                "forced_decoder_ids": forced(two, None, times=False),
                "max_initial_timestamp_index": 1,
            },
            processor="none",
            clutter=("flax_model.msgpack", "pytorch_model.bin"),
        ),
        "saved by transformers 5": WhisperForm(
            generation={"language": "norwegian", "task": "transcribe"}, processor="processor"
        ),
        "fine-tune that translates": WhisperForm(
            generation={"language": "<|hi|>", "task": "translate"}
        ),
    }


def write_whisper(form: WhisperForm, directory: Path) -> Path:
    """Write a replica of a Whisper checkpoint."""
    directory.mkdir(parents=True)
    config = _whisper_config(form)
    save_weights(_random_whisper(config), directory, form.weights)
    (directory / "generation_config.json").unlink(missing_ok=True)  # transformers writes its own
    write_json(directory / "config.json", config)
    if form.generation is not None:
        write_json(
            directory / "generation_config.json", _whisper_generation(form) | form.generation
        )
    _write_processor(form, directory)
    for name, content in _tokenizer_files(form.vocabulary, form.tokenizer).items():
        (directory / name).write_bytes(content)
    for name in form.clutter:
        (directory / name).write_bytes(b"not to be read")
    return directory


def _whisper_config(form: WhisperForm) -> dict[str, Any]:
    ids = form.vocabulary.ids
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "activation_function": "gelu",
        "begin_suppress_tokens": [220, ids["<|endoftext|>"]],
        "bos_token_id": ids["<|endoftext|>"],
        "d_model": WIDTH,
        "decoder_attention_heads": 2,
        "decoder_ffn_dim": 2 * WIDTH,
        "decoder_layers": form.decoder_layers,
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "encoder_attention_heads": 2,
        "encoder_ffn_dim": 2 * WIDTH,
        "encoder_layers": 2,
        "eos_token_id": ids["<|endoftext|>"],
        "max_length": 448,
        "max_source_positions": 1500,
        "max_target_positions": 448,
        "num_hidden_layers": 2,
        "num_mel_bins": form.mel_bins,
        "pad_token_id": ids["<|endoftext|>"],
        "suppress_tokens": _suppressed(form.vocabulary),
        "torch_dtype": "float32",
        "vocab_size": form.vocabulary.size,
        **form.config,
    }


def _whisper_generation(form: WhisperForm) -> dict[str, Any]:
    ids = form.vocabulary.ids
    own = {
        "begin_suppress_tokens": [220, ids["<|endoftext|>"]],
        "bos_token_id": ids["<|endoftext|>"],
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "eos_token_id": ids["<|endoftext|>"],
        "is_multilingual": form.vocabulary.multilingual,
        "max_initial_timestamp_index": 50,
        "max_length": 448,
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "prev_sot_token_id": ids["<|startofprev|>"],
        "return_timestamps": False,
        "suppress_tokens": _suppressed(form.vocabulary),
    }
    if form.vocabulary.multilingual:
        tasks = ("transcribe", "translate")
        codes = form.vocabulary.special[2 : 2 + form.vocabulary.languages]
        own["lang_to_id"] = {code: ids[code] for code in codes}
        own["task_to_id"] = {task: ids[f"<|{task}|>"] for task in tasks}
    return own


def _suppressed(vocabulary: Vocabulary) -> list[int]:
    named = vocabulary.special[1:2] + vocabulary.special[-6:-1]
    return [*SUPPRESSED, *(vocabulary.ids[name] for name in named)]


def _random_whisper(config: dict[str, Any]) -> Any:
    """Return a model whose tokens depend on the audio and on those before them."""
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    own = {key: value for key, value in config.items() if key not in ("torch_dtype", "max_length")}
    model = WhisperForConditionalGeneration(WhisperConfig(**own)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed_positions" not in name:
                parameter.normal_(0, 1.5 * parameter.shape[-1] ** -0.5)
        model.model.decoder.embed_positions.weight.normal_(0, 1)
        model.model.decoder.layers[0].encoder_attn.out_proj.weight.mul_(4)
    return model


def _write_processor(form: WhisperForm, directory: Path) -> None:
    features = {
        "chunk_length": 30,
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": form.mel_bins,
        "hop_length": 160,
        "n_fft": 400,
        "n_samples": 480000,
        "nb_max_frames": 3000,
        "padding_side": "right",
        "padding_value": 0.0,
        "processor_class": "WhisperProcessor",
        "return_attention_mask": False,
        "sampling_rate": 16000,
    }
    write_features(form.processor, features, "WhisperProcessor", directory)


@cache
def _tokenizer_files(vocabulary: Vocabulary, kind: str) -> dict[str, bytes]:
    """Return the files of a tokenizer of made-up tokens with the true ids, by name."""
    with TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        old.mkdir()
        _write_tokenizer_of_2022(vocabulary, old)
        if kind != "2022":
            from transformers import WhisperTokenizerFast

            WhisperTokenizerFast.from_pretrained(old).save_pretrained(new)
        made = old if kind == "2022" else new
        return {path.name: path.read_bytes() for path in made.iterdir()}


def _write_tokenizer_of_2022(vocabulary: Vocabulary, directory: Path) -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    alphabet = sorted(ByteLevel.alphabet())
    pairs = (a + b for a in alphabet for b in alphabet)
    tokens = [*alphabet, *(next(pairs) for _ in range(vocabulary.text_tokens - len(alphabet)))]
    ids = {token: index for index, token in enumerate(tokens)}
    end = "<|endoftext|>"
    write_json(directory / "vocab.json", ids | {end: vocabulary.ids[end]})
    (directory / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    added = {token: i for token, i in vocabulary.ids.items() if token != end}
    write_json(directory / "added_tokens.json", added)
    roles = dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), end)
    write_json(directory / "special_tokens_map.json", roles)
    write_json(
        directory / "tokenizer_config.json",
        {**roles, "tokenizer_class": "WhisperTokenizer", "model_max_length": 1024},
    )
    write_json(directory / "normalizer.json", {"accessorise": "accessorize"})
