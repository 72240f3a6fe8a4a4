"""Replicas of CTC checkpoints that take the waveform: the true labels and flags, few layers."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.replicas.files import WIDTH, save_tensors, save_weights, write_features, write_json


@dataclass(frozen=True)
class CtcForm:
    """What makes one published CTC checkpoint different from another.

    Attributes:
        labels: in order of their ids, special tokens among them.
        architecture: name of the class of transformers.
        adapters: labels of each language that has an adapter; ``labels`` are those of the one
            whose adapter is part of the weights.
        config: added to config.json.
        features: of the feature extractor.
        tokenizer: content of tokenizer_config.json.
        special: content of special_tokens_map.json.
        processor: as in :class:`WhisperForm`.
        weights: as in :class:`WhisperForm`.
        clutter: as in :class:`WhisperForm`.
    """

    labels: tuple[str, ...]
    architecture: str = "Wav2Vec2ForCTC"
    adapters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)
    tokenizer: dict[str, Any] = field(default_factory=dict)
    special: dict[str, Any] = field(default_factory=dict)
    processor: str = "preprocessor"
    weights: str = "safetensors"
    clutter: tuple[str, ...] = ()


_FAIRSEQ = ("<pad>", "<s>", "</s>", "<unk>", "|")
_ROLES = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
_LIBRISPEECH = (*_FAIRSEQ, *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")
_DEVANAGARI = "ँंःअआइईउऊऋएऐओऔकखगघचछजझञटठडढणतथदधनपफबभमयरलवशषसहािीुूृेैोौ्"
_ENGLISH = (*"etaoinshrdlucmfgypwbvk'jxzq", *"0123456789é–")
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшъэюяёўқғҳ"
_LAYER_NORM = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}


def ctc_forms() -> dict[str, CtcForm]:
    """Return the forms by the name of a checkpoint that has each."""
    letters = {"tokenizer_class": "Wav2Vec2CTCTokenizer", "word_delimiter_token": "|", **_ROLES}
    return {
        "wav2vec2-large-960h": CtcForm(
            _LIBRISPEECH,
            tokenizer={**_ROLES, "do_lower_case": False, "word_delimiter_token": "|"},
            special=_ROLES,
            weights="bin",
        ),
        "wav2vec2-large-960h-lv60-self": CtcForm(
            _LIBRISPEECH,
            config=_LAYER_NORM,
            tokenizer=letters,
            features={"return_attention_mask": True},
        ),
        "mms-300m-1130-forced-aligner": CtcForm(
            ("<blank>", "<pad>", "</s>", "<unk>", *"aienuotsrmkldghybpwcvjzf'qx"),
            config={**_LAYER_NORM, "pad_token_id": 0},
            tokenizer={**letters, "word_delimiter_token": "|"},
            clutter=("adapter.deu.safetensors", "flax_model.msgpack"),
        ),
        "wav2vec2-large-xlsr-hindi": CtcForm(
            (*_DEVANAGARI, "|", "[UNK]", "[PAD]"),
            config={**_LAYER_NORM, "pad_token_id": len(_DEVANAGARI) + 2},
            tokenizer={**letters, "pad_token": "[PAD]", "unk_token": "[UNK]"},
            special={**_ROLES, "pad_token": "[PAD]", "unk_token": "[UNK]"},
            weights="shards",
        ),
        "saved by transformers 5": CtcForm(
            _LIBRISPEECH,
            config=_LAYER_NORM,
            tokenizer=letters,
            features={"do_normalize": False, "sampling_rate": 8000},
            processor="processor",
        ),
        "wav2vec2-lv-60-espeak-cv-ft": CtcForm(
            ("<s>", "<pad>", "</s>", "<unk>", *"nstəlaikdmɛɾeɪpoɐzðfjvbɹʁʊ", "iː", "aɪ", "tʃ"),
            config={**_LAYER_NORM, "pad_token_id": 1},
            tokenizer={
                **_ROLES,
                "phone_delimiter_token": " ",
                "phonemizer_backend": "espeak",
                "phonemizer_lang": "en-us",
                "tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer",
                "word_delimiter_token": None,
            },
            special=_ROLES,
            weights="bin",
        ),
        "mms-1b-all": CtcForm(
            (*_FAIRSEQ, *_ENGLISH),
            adapters={
                "eng": (*_FAIRSEQ, *_ENGLISH),
                "hin": (*_FAIRSEQ, *_DEVANAGARI, *string.ascii_lowercase),
                "uzb-script_cyrillic": (*_FAIRSEQ, *_CYRILLIC),
                "uzb-script_latin": (*_FAIRSEQ, *string.ascii_lowercase, "ʻ"),
            },
            config={**_LAYER_NORM, "adapter_attn_dim": 4},
            tokenizer={**letters, "target_lang": "eng"},
            special=_ROLES,
            clutter=("adapter.deu.safetensors",),
        ),
        "hubert-large-ls960-ft": CtcForm(
            _LIBRISPEECH,
            "HubertForCTC",
            config=_LAYER_NORM,
            tokenizer=letters,
            features={"return_attention_mask": True},
            weights="bin",
        ),
        "HuBERT with batch norm": CtcForm(
            _LIBRISPEECH,
            "HubertForCTC",
            config={"conv_pos_batch_norm": True, "feat_proj_layer_norm": False},
            tokenizer=letters,
        ),
        "wavlm-libri-clean-100h-base-plus": CtcForm(
            _LIBRISPEECH,
            "WavLMForCTC",
            config={"num_buckets": 8, "max_bucket_distance": 20},
            tokenizer=letters,
            features={"do_normalize": False},
        ),
        "wavlm-libri-clean-100h-large": CtcForm(
            _LIBRISPEECH,
            "WavLMForCTC",
            config={**_LAYER_NORM, "num_buckets": 8, "max_bucket_distance": 20},
            tokenizer=letters,
            features={"return_attention_mask": True},
        ),
    }


def write_ctc(form: CtcForm, directory: Path) -> Path:
    """Write a replica of a CTC checkpoint."""
    directory.mkdir(parents=True)
    config = ctc_config(form)
    save_weights(random_model(form.architecture, config), directory, form.weights)
    model_type = form.architecture.removesuffix("ForCTC").lower()
    head = {"architectures": [form.architecture], "model_type": model_type}
    write_json(directory / "config.json", head | config)
    write_json(directory / "vocab.json", _vocabulary(form))
    for seed, (language, labels) in enumerate(form.adapters.items(), start=1):
        own = random_model(form.architecture, config | {"vocab_size": len(labels)}, seed)
        kind = "safetensors" if seed % 2 else "bin"
        save_tensors(own._get_adapters(), directory / f"adapter.{language}.{kind}")
    write_json(directory / "tokenizer_config.json", form.tokenizer)
    if form.special:
        write_json(directory / "special_tokens_map.json", form.special)
    features = {
        "do_normalize": True,
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "feature_size": 1,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
        "sampling_rate": 16000,
        **form.features,
    }
    write_features(form.processor, features, "Wav2Vec2Processor", directory)
    for name in form.clutter:
        (directory / name).write_bytes(b"not to be read")
    return directory


def _vocabulary(form: CtcForm) -> dict[str, Any]:
    if form.adapters:
        return {language: _ids(labels) for language, labels in form.adapters.items()}
    return _ids(form.labels)


def _ids(labels: tuple[str, ...]) -> dict[str, int]:
    return {label: index for index, label in enumerate(labels)}


def ctc_config(form: CtcForm) -> dict[str, Any]:
    """Return the keys of the config that shape the model."""
    return {
        "hidden_size": WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 2 * WIDTH,
        "conv_dim": [8] * 7,
        "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
        "conv_stride": [5, 2, 2, 2, 2, 2, 2],
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
        "pad_token_id": 0,
        "vocab_size": len(form.labels),
        **form.config,
    }


def random_model(architecture: str, config: dict[str, Any], seed: int = 0) -> Any:
    """Return a model with random weights, and with labels that differ from frame to frame."""
    import torch
    import transformers

    torch.manual_seed(seed)
    model_class = getattr(transformers, architecture)
    model = model_class(model_class.config_class(**config)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, parameter[0].numel() ** -0.5)
            elif "norm" not in name:
                parameter.normal_(0, 0.1)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.1)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 2)
    return model
