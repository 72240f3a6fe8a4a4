"""Speech models of transformers on the emulated card: as on the CPU in float32, close in 16 bits.

Run by test_emulated_npu.py in a process that has the stand-in torch_npu.
"""

import pytest
import torch
from torch_npu import _emulator
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2ForCTC,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

NPU = "npu:1"


@pytest.fixture(scope="module")
def aligner():
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        vocab_size=31,
        hidden_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=96,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
    )
    return Wav2Vec2ForCTC(config).eval()


@pytest.fixture(scope="module")
def whisper():
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=120,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_target_positions=64,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=3,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config).eval()
    for parameter in model.parameters():
        parameter.data *= 3  # far from ties
    return model


def copy_to_card(model, dtype):
    twin = type(model)(model.config).eval()
    twin.load_state_dict(model.state_dict())
    return twin.to(dtype).to(NPU)


@pytest.mark.parametrize(
    ("dtype", "bound"), [("float32", 1e-6), ("float16", 5e-3), ("bfloat16", 4e-2)]
)
def test_wav2vec2_logits(aligner, dtype, bound):
    audio = torch.randn(2, 16000, generator=torch.Generator().manual_seed(1))
    dtype = getattr(torch, dtype)
    on_card = copy_to_card(aligner, dtype)
    _emulator.reset_counters()
    with torch.inference_mode():
        expected = aligner(audio).logits
        logits = on_card(audio.to(NPU, dtype)).logits
    assert logits.device == torch.device(NPU)
    difference = (logits.float().cpu() - expected).abs().max()
    assert difference <= bound * expected.abs().max()
    assert (difference > 0) or dtype == torch.float32
    counters = _emulator.counters()
    assert counters["copy_to_card"] == 1
    assert counters["copy_to_host"] == 1
    assert "implicit_synchronize" not in counters


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_whisper_tokens(whisper, dtype):
    features = torch.randn(2, 80, 3000, generator=torch.Generator().manual_seed(1))
    dtype = getattr(torch, dtype)
    expected = whisper.generate(features, max_new_tokens=12, do_sample=False)
    on_card = copy_to_card(whisper, dtype)
    tokens = on_card.generate(features.to(NPU, dtype), max_new_tokens=12, do_sample=False)
    assert tokens.device == torch.device(NPU)
    assert tokens.cpu().equal(expected)
