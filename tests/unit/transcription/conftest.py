import shutil

import pytest

from speech_toolkit.device import Device
from tests.unit.transcription.random_whisper import random_model, save_checkpoint


@pytest.fixture(scope="session")
def whisper_template(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("whisper"), random_model(seed=2, eot_bias=1.0))


@pytest.fixture
def whisper_directory(whisper_template, tmp_path):
    """A complete small checkpoint that the test may damage."""
    return shutil.copytree(whisper_template, tmp_path / "whisper")


@pytest.fixture(scope="session")
def make_decoder(whisper_template):
    """Return a function that makes a decoder of a random model on the CPU."""
    return decoder_maker(whisper_template)


def decoder_maker(directory):
    """Return a function that makes a decoder of a random model, with a checkpoint's other files."""
    import torch

    from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
    from speech_toolkit.transcription.models.checkpoint import (
        load_tokenizer,
        read_whisper_checkpoint,
    )
    from speech_toolkit.transcription.stage_clock import StageClock

    checkpoint = read_whisper_checkpoint(directory)
    tokenizer = load_tokenizer(checkpoint)

    def make(model=None, dtype=torch.float32, decode_graph="auto", device=None, **changes):
        from dataclasses import replace

        model = model or random_model(seed=2, eot_bias=1.0)
        device = device or Device("cpu", None, "cpu", "for a test")
        return WhisperDecoder(
            model.to(dtype),
            replace(checkpoint, **changes),
            tokenizer,
            device,
            StageClock(device),
            decode_graph,
        )

    return make


@pytest.fixture(scope="session")
def decoder(make_decoder):
    return make_decoder()
