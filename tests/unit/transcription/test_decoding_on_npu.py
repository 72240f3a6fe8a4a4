"""The decoder on an emulated NPU: the CPU's tokens, and the device waited for every few tokens."""

import ast

import torch

from speech_toolkit.transcription.decoded import DecodingOptions
from tests.unit.transcription.random_whisper import MEL_BINS, MEL_FRAMES

OPTIONS = ({}, {"temperature": 0.7}, {"timestamps": False})

DECODE = """
import sys
from pathlib import Path
from speech_toolkit.device import select_device
device = select_device(sys.argv[1])
import torch
from speech_toolkit.errors import DeviceError
from speech_toolkit.transcription.decoded import DecodingOptions
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.stage_clock import StageClock
from speech_toolkit.transcription.models.checkpoint import (
    load_tokenizer, load_whisper_model, read_whisper_checkpoint)
from torch_npu import _emulator
from tests.unit.transcription.test_decoding_on_npu import OPTIONS, decode_all, features

checkpoint = read_whisper_checkpoint(Path(sys.argv[2]))
model = load_whisper_model(checkpoint, device, torch.float32)
parts = model, checkpoint, load_tokenizer(checkpoint), device, StageClock(device)
decoder = WhisperDecoder(*parts)
encoded = decoder.encode(features())
found = []
for options in OPTIONS:
    _emulator.reset_counters()
    tokens = decode_all(decoder, encoded, options)
    counters = _emulator.counters()
    found.append((tokens, counters["copy_to_host"], counters.get("implicit_synchronize", 0)))
try:
    WhisperDecoder(*parts, decode_graph="on")
except DeviceError as error:
    refusal = str(error)
print((found, decoder.uses_graph, refusal))
"""


def features():
    return torch.randn(3, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(0))


def decode_all(decoder, encoded, options):
    plain = DecodingOptions(**options)
    start = decoder.checkpoint.sot_sequence("en", "transcribe", plain.timestamps)
    return [window.tokens for window in decoder.decode(encoded, [start] * len(encoded), plain)]


def test_decoding_on_npu(emulated_npu, whisper_template, decoder):
    finished = emulated_npu.python("-c", DECODE, "npu:1", whisper_template)
    assert finished.code == 0, finished.stderr
    found, uses_graph, refusal = ast.literal_eval(finished.stdout.splitlines()[-1])
    encoded = decoder.encode(features())
    for options, (tokens, copies_to_host, waits) in zip(OPTIONS, found, strict=True):
        assert tokens == decode_all(decoder, encoded, options)
        looks = max(map(len, tokens)) // 8 + 1
        # Each time whether windows are finished; of those their tokens, the two scores of these,
        # the no-speech probability, and whether they are sound.
        assert looks <= copies_to_host <= looks + 5 * len(tokens)
        assert waits == 0
    assert not uses_graph
    assert refusal.startswith("--decode_graph on: npu:1 cannot record graphs")
