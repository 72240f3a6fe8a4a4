"""What a CTC model hears: by the product, by transformers, and the path by brute force."""

import json

import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from tests.end_to_end.support import REPOSITORY
from tests.replicas.ctc import ctc_forms

SPEECH = REPOSITORY / "samples" / "demo.wav"


TEXT = "Hello, world! It's the 25th."


NOT_ENGLISH = ("wav2vec2-large-xlsr-hindi", "wav2vec2-lv-60-espeak-cv-ft")


PARAKEET = "parakeet-ctc-0.6b"


FORMS = {name: form for name, form in ctc_forms().items() if name not in NOT_ENGLISH}


def heard_by_transformers(directory, waveform=None, **options):
    """Return log-probabilities (T, V) of transformers' own processor and model."""
    import torch
    import transformers

    config = json.loads((directory / "config.json").read_text())
    if "encoder_config" in config and transformers.__version__.startswith("4."):
        pytest.importorskip("librosa", reason="transformers 4 makes mel filters by librosa")
    extractor = transformers.AutoFeatureExtractor.from_pretrained(directory)
    model_class = getattr(transformers, config["architectures"][0])
    if config.get("adapter_attn_dim"):
        options = {"target_lang": "eng", "ignore_mismatched_sizes": True} | options
    model = model_class.from_pretrained(directory, dtype=torch.float32, **options).eval()
    samples = (waveform or load_audio(SPEECH, extractor.sampling_rate)).samples
    inputs = extractor(samples, sampling_rate=extractor.sampling_rate, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs).logits[0]
    if "encoder_config" in config:  # a mel frame more than the samples fill is made, and masked
        logits = logits[: -(-int(inputs["attention_mask"].sum()) // 8)]
    return torch.log_softmax(logits, dim=-1).numpy()


def align(directory, text=TEXT, dtype="float32", language="eng", **settings):
    """Return the result of the product, and its log-probabilities."""
    from speech_toolkit.alignment import Aligner, AlignmentSettings
    from speech_toolkit.alignment.preparation import prepare_input
    from speech_toolkit.progress import UNWATCHED

    aligner, heard = Aligner.load(directory, "cpu", dtype, language=language), []
    settings = AlignmentSettings(language=language, **settings)
    prepared = prepare_input(SPEECH, text, aligner.checkpoint, settings)
    result = aligner.align_prepared(prepared, settings, UNWATCHED, heard.append)
    return result, heard[0].log_probs


def heard(directory, waveform):
    """Return the product's log-probabilities of a waveform as a whole."""
    from speech_toolkit.alignment.aligner import Aligner
    from speech_toolkit.alignment.emissions import compute_emissions
    from speech_toolkit.progress import UNWATCHED

    aligner = Aligner.load(directory, "cpu")
    return compute_emissions(
        aligner.model,
        aligner.checkpoint,
        waveform,
        aligner.device,
        aligner.float32_model,
        window_s=30,
        context_s=2,
        batch_size=1,
        wildcard=False,
        progress=UNWATCHED,
    ).log_probs


def best_path(log_probs, targets, blank, on_progress=None):
    """The search as every textbook has it: all states of all frames, in float64."""
    labels = np.full(2 * len(targets) + 1, blank)
    labels[1::2] = targets
    may_skip = np.zeros(len(labels), bool)
    may_skip[3::2] = labels[3::2] != labels[1:-2:2]
    emitted = log_probs.astype(np.float64)[:, labels]
    score = np.full(len(labels), -np.inf)
    score[:2] = emitted[0, :2]
    steps = np.zeros(emitted.shape, dtype=int)
    for frame in range(1, len(emitted)):
        moves = np.full((3, len(labels)), -np.inf)
        for step in range(3):
            moves[step, step:] = score[: len(labels) - step]
        moves[2, ~may_skip] = -np.inf
        steps[frame] = moves.argmax(axis=0)
        score = moves.max(axis=0) + emitted[frame]
    state = len(labels) - 1 - int(score[-2] > score[-1])
    path = []
    for frame in reversed(range(len(emitted))):
        path.append(labels[state])
        state -= steps[frame, state]
    path = np.array(path[::-1], dtype=np.int32)
    return path, log_probs[np.arange(len(path)), path]
