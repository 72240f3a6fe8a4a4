"""Write the small aligner in the form that transformers reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from mms_teaching import TeachingModel, build_aligner
from shards import shards_of
from torch import nn
from training_data import BLANK, VOCABULARY, fit_letter_aligner, letter_shares
from training_run import load_average, write_json, write_weights


def discount_frequent_letters(aligner: nn.Module, data: Path, weight: float) -> None:
    """Lower the bias of each letter by its log share in the training speech, times `weight`.

    A classifier of frames gives posteriors; an alignment wants likelihoods, divided by the prior as
    in Bourlard and Morgan, "Connectionist Speech Recognition", 1994. Blank is treated as the most
    frequent letter, so that it keeps its place.
    """
    paths = shards_of(data)[:3]
    shares = torch.from_numpy(letter_shares(paths, fit_letter_aligner(paths)))
    shares[BLANK] = shares[BLANK + 1 :].max()
    log_shares = torch.where(shares > 0, shares.log(), 0.0)
    aligner.lm_head.bias.data -= (weight * log_shares).to(aligner.lm_head.bias.dtype)


def export(
    work: Path, output: Path, finish: Callable[[nn.Module], None] = lambda aligner: None
) -> None:
    """Write the averaged aligner as a checkpoint that transformers loads.

    Args:
        work: Folder of the run.
        output: Folder of the checkpoint.
        finish: Called with the aligner before it is written.
    """
    from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor

    model = TeachingModel(build_aligner())
    learned = load_average(work, model)
    finish(model.aligner)
    output.mkdir(parents=True, exist_ok=True)
    write_weights(model.aligner, output)
    (output / "vocab.json").write_text(json.dumps(VOCABULARY) + "\n")
    tokenizer = Wav2Vec2CTCTokenizer(
        str(output / "vocab.json"),
        bos_token=None,
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<blank>",
        word_delimiter_token="",
        do_lower_case=True,
    )
    tokenizer.save_pretrained(output)
    special = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<blank>"}
    write_json(output / "special_tokens_map.json", special)
    Wav2Vec2FeatureExtractor(
        feature_size=1,
        sampling_rate=16000,
        padding_value=0.0,
        do_normalize=True,
        return_attention_mask=True,
    ).save_pretrained(output)
    print(f"{output}: {learned}")
