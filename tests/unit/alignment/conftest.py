import json

import numpy as np
import pytest

from speech_toolkit.audio.waveform import Waveform

LETTERS = "aienuotsrmkldghybpwcvjzf'qx"
MMS_VOCABULARY = {
    token: index for index, token in enumerate(["<blank>", "<pad>", "</s>", "<unk>", *LETTERS])
}


@pytest.fixture
def make_waveform():
    def make(num_samples: int, seed: int = 0) -> Waveform:
        samples = np.random.default_rng(seed).normal(0.1, 0.2, num_samples).astype(np.float32)
        return Waveform(samples, 16000, "noise.wav", 16000, 1)

    return make


@pytest.fixture(scope="session")
def local_model():
    """A Wav2Vec2ForCTC without attention layers: no frame sees further than 8 frames away."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    torch.manual_seed(0)
    config = Wav2Vec2Config(
        vocab_size=len(MMS_VOCABULARY),
        hidden_size=16,
        num_hidden_layers=0,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        conv_bias=True,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        pad_token_id=0,
    )
    return Wav2Vec2ForCTC(config).eval()


@pytest.fixture(scope="session")
def checkpoint_template(local_model, tmp_path_factory):
    directory = tmp_path_factory.mktemp("checkpoint")
    local_model.save_pretrained(directory)
    (directory / "vocab.json").write_text(json.dumps(MMS_VOCABULARY), encoding="utf-8")
    (directory / "preprocessor_config.json").write_text(
        json.dumps({"do_normalize": True, "sampling_rate": 16000}), encoding="utf-8"
    )
    return directory


@pytest.fixture
def checkpoint_directory(checkpoint_template, tmp_path):
    """A complete small checkpoint that the test may damage."""
    import shutil

    return shutil.copytree(checkpoint_template, tmp_path / "checkpoint")


@pytest.fixture(scope="session")
def whole_uroman():
    """A uroman with all its rules, numbers apart, which takes seconds to start."""
    from uroman import Uroman

    uroman = Uroman()
    uroman.num_props.clear()
    return uroman
