"""Write the small Whisper model in the form that transformers reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from training_run import load_average, write_json, write_weights
from whisper_domain import random_sentence
from whisper_teaching import GUIDED_HEADS, TeachingModel, build_whisper
from whisper_tokens import LANGUAGES, TIMESTAMPS, TokenIds, learn_pairs, special_tokens

_SENTENCES_FOR_TOKENS = 40000
_SPELLINGS = {
    "colour": "color",
    "colours": "colors",
    "favourite": "favorite",
    "grey": "gray",
    "harbour": "harbor",
    "harbours": "harbors",
    "metre": "meter",
    "metres": "meters",
    "neighbour": "neighbor",
    "neighbours": "neighbors",
    "theatre": "theater",
    "travelled": "traveled",
    "travelling": "traveling",
}


def write_tokens(folder: Path) -> None:
    """Learn the tokens from sentences of the domain and write the tokenizer."""
    rng = np.random.default_rng(404)
    texts = (f" {random_sentence(rng)}" for _ in range(_SENTENCES_FOR_TOKENS))
    learn_pairs(texts, folder)


def write_tokenizer(folder: Path) -> None:
    """Write Whisper's tokenizer, fast and slow, from the pairs in `folder`."""
    from transformers import AddedToken, WhisperTokenizer

    ids = TokenIds()
    write_json(folder / "normalizer.json", _SPELLINGS)
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
    merges = [tuple(line.split(" ")) for line in lines if not line.startswith("#version")]
    tokenizer = WhisperTokenizer(
        vocab=vocabulary, merges=merges, normalizer_file=str(folder / "normalizer.json")
    )
    names = special_tokens()
    tokenizer.add_special_tokens({"additional_special_tokens": names})
    stamps = [f"<|{step * 0.02:.2f}|>" for step in range(TIMESTAMPS)]
    tokenizer.add_tokens([AddedToken(stamp, normalized=False, special=False) for stamp in stamps])
    if len(tokenizer) != ids.count:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens, the model {ids.count}")
    tokenizer.set_prefix_tokens()
    tokenizer.save_pretrained(folder)
    settings_path = folder / "tokenizer_config.json"
    settings = json.loads(settings_path.read_text(encoding="utf-8"))
    settings["model_max_length"] = 448
    settings["pad_token"] = names[0]
    settings["processor_class"] = "WhisperProcessor"
    settings.pop("extra_special_tokens", None)
    settings["additional_special_tokens"] = names
    write_json(settings_path, settings)
    write_json(
        folder / "added_tokens.json", {name: ids.end + i for i, name in enumerate(names + stamps)}
    )
    ends = dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), names[0])
    write_json(folder / "special_tokens_map.json", ends | {"additional_special_tokens": names})


def generation_settings(ids: TokenIds, space: int) -> dict:
    """The generation config, with the entries of the published checkpoints.

    Two entries differ from theirs: an empty transcript may come first (`begin_suppress_tokens`
    holds the space alone), and the first timestamp may lie anywhere in the window.
    """
    return {
        "alignment_heads": [list(head) for head in GUIDED_HEADS],
        "begin_suppress_tokens": [space],
        "bos_token_id": ids.end,
        "decoder_start_token_id": ids.start,
        "eos_token_id": ids.end,
        "is_multilingual": True,
        "lang_to_id": {f"<|{name}|>": ids.english + i for i, name in enumerate(LANGUAGES)},
        "language": "en",
        "max_initial_timestamp_index": TIMESTAMPS - 1,
        "condition_on_prev_tokens": False,
        "max_length": 448,
        "no_timestamps_token_id": ids.no_timestamps,
        "pad_token_id": ids.end,
        "prev_sot_token_id": ids.previous,
        "return_timestamps": False,
        "suppress_tokens": [
            ids.start,
            *range(ids.translate, ids.no_timestamps),
        ],
        "task": "transcribe",
        "task_to_id": {"transcribe": ids.transcribe, "translate": ids.translate},
    }


def averaged_whisper(work: Path) -> tuple[torch.nn.Module, str]:
    """Return the averaged model, with all embeddings in place, and how long it has learned."""
    ids = TokenIds()
    teaching = TeachingModel(build_whisper(ids), ids)
    learned = load_average(work, teaching)
    with torch.no_grad():
        teaching.whisper.model.decoder.embed_tokens.weight.copy_(teaching.token_table())
    return teaching.whisper, learned


def export(work: Path, output: Path, kept: float = 0.0) -> None:
    """Write the averaged model, its tokenizer and its feature extractor.

    Args:
        work: Folder of the checkpoint.
        output: Folder with the tokens, and where ``kept`` is not 0 with the model before.
        kept: Share of the weights before in those that are written; below 0 they lie on the way
            from these to the learnt ones, and farther.
    """
    from transformers import (
        GenerationConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    trained, learned = averaged_whisper(work)
    ids = TokenIds()
    model = build_whisper(ids)
    model.load_state_dict(trained.state_dict())
    if kept:
        before = WhisperForConditionalGeneration.from_pretrained(output)
        with torch.no_grad():
            torch._foreach_lerp_(list(model.parameters()), list(before.parameters()), kept)
    vocabulary = json.loads((output / "vocab.json").read_text(encoding="utf-8"))
    model.generation_config = GenerationConfig(**generation_settings(ids, vocabulary["Ġ"]))
    write_weights(model, output)
    WhisperFeatureExtractor(feature_size=model.config.num_mel_bins).save_pretrained(output)
    write_tokenizer(output)
    print(f"{output}: {learned}")
