"""The rules against transformers' logits processors, over texts that the rules allow and forbid."""

from types import SimpleNamespace

import pytest
import torch

from speech_toolkit.transcription.decoding.rules import DecodeRules, TimestampState
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint
from tests.unit.transcription.random_whisper import EOT, NO_TIMESTAMPS, TIMESTAMP_BEGIN, VOCABULARY

TEXTS = 200
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint(whisper_template):
    return read_whisper_checkpoint(whisper_template)


def texts(length):
    """Random tokens, half of them timestamps, in all orders."""
    generator = torch.Generator().manual_seed(length)
    text = torch.randint(0, EOT, (TEXTS, length), generator=generator)
    stamps = torch.randint(TIMESTAMP_BEGIN, VOCABULARY, (TEXTS, length), generator=generator)
    return torch.where(torch.rand((TEXTS, length), generator=generator) < 0.5, stamps, text)


def slow_rules(checkpoint, tokens, logits, timestamps):
    from transformers.generation.logits_process import (
        SuppressTokensAtBeginLogitsProcessor,
        SuppressTokensLogitsProcessor,
        WhisperTimeStampLogitsProcessor,
    )

    config = SimpleNamespace(
        no_timestamps_token_id=NO_TIMESTAMPS,
        eos_token_id=EOT,
        bos_token_id=EOT,
        max_initial_timestamp_index=checkpoint.max_initial_timestamp_index,
    )
    logits = SuppressTokensAtBeginLogitsProcessor(list(checkpoint.begin_suppress_ids), 0)(
        tokens, logits
    )
    logits = SuppressTokensLogitsProcessor(list(checkpoint.suppress_ids))(tokens, logits)
    return WhisperTimeStampLogitsProcessor(config, 0)(tokens, logits) if timestamps else logits


def after(tokens):
    """Return what the rules know after texts."""
    state = TimestampState.allocate(TEXTS, CPU)
    state.reset(TIMESTAMP_BEGIN)
    for place in range(tokens.shape[1]):
        state.append(tokens[:, place : place + 1], TIMESTAMP_BEGIN)
    return state


@pytest.mark.parametrize("timestamps", [True, False])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("lift", [0.0, 3.0])
def test_rules_are_those_of_transformers(checkpoint, length, timestamps, lift):
    tokens = texts(length)
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn((TEXTS, VOCABULARY), generator=generator) * 3
    logits[::2, :TIMESTAMP_BEGIN] += lift  # so that text wins now and then
    expected = slow_rules(checkpoint, tokens, logits.clone(), timestamps)
    rules = DecodeRules(checkpoint, timestamps, CPU)
    state = after(tokens)
    if length:
        rules.apply(logits, state)
    else:
        rules.apply_to_first(logits)
    assert torch.equal(logits, expected)


@pytest.mark.parametrize("timestamps", [True, False])
@pytest.mark.parametrize("length", [1, 2, 3, 6])
@pytest.mark.parametrize("lift", [0.0, 3.0])
def test_the_likeliest_is_that_of_what_the_rules_leave(checkpoint, length, timestamps, lift):
    rules, state = DecodeRules(checkpoint, timestamps, CPU), after(texts(length))
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn((TEXTS, VOCABULARY), generator=generator) * 3
    logits[::2, :TIMESTAMP_BEGIN] += lift
    found, scores = rules.likeliest(logits.clone(), state)
    rules.apply(logits, state)
    expected = logits.argmax(-1, keepdim=True)
    assert torch.equal(found, expected)
    assert len(set((expected >= TIMESTAMP_BEGIN)[:, 0].tolist())) == 2
    log_probs = logits.log_softmax(-1).gather(1, expected)
    assert torch.allclose(scores, log_probs, atol=1e-5)


def test_without_a_limit_any_timestamp_may_be_first(checkpoint):
    from dataclasses import replace

    free = DecodeRules(replace(checkpoint, max_initial_timestamp_index=None), True, CPU)
    logits = torch.zeros((1, VOCABULARY))
    free.apply_to_first(logits)
    assert logits.isfinite().nonzero()[:, 1].tolist() == list(range(TIMESTAMP_BEGIN, VOCABULARY))
