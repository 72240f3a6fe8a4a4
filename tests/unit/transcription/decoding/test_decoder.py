"""The decoding loop against transformers' own generate, and against itself in other batches."""

import math

import pytest
import torch

from speech_toolkit.device import Device
from speech_toolkit.errors import UsageError
from speech_toolkit.transcription.decoded import DecodingOptions
from speech_toolkit.transcription.decoding.refill import compression_ratio
from tests.unit.transcription.random_whisper import (
    EOT,
    MEL_BINS,
    MEL_FRAMES,
    NO_TIMESTAMPS,
    POSITIONS,
    PREV,
    TIMESTAMP_BEGIN,
    generate,
    random_model,
)

WINDOWS = 7


def features(count=WINDOWS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, MEL_BINS, MEL_FRAMES, generator=generator)


def prompt(decoder, timestamps=True):
    return list(decoder.checkpoint.sot_sequence("en", "transcribe", timestamps))


def decode(decoder, encoded, timestamps=True, before=(), **options):
    prompts = [[*before, *prompt(decoder, timestamps)]] * len(encoded)
    return decoder.decode(encoded, prompts, DecodingOptions(timestamps=timestamps, **options))


@pytest.mark.parametrize("timestamps", [True, False], ids=["timestamps", "plain"])
@pytest.mark.parametrize(("seed", "attention"), [(2, "sdpa"), (3, "sdpa"), (4, "eager")])
def test_tokens_are_those_of_generate(make_decoder, monkeypatch, seed, timestamps, attention):
    model = random_model(seed, eot_bias=1.0, attn_implementation=attention)
    decoder = make_decoder(model)
    expected = generate(model, features(), prompt(decoder, timestamps), timestamps, monkeypatch)
    found = [w.tokens for w in decode(decoder, decoder.encode(features()), timestamps)]
    assert found == expected
    lengths = {len(tokens) for tokens in found}
    assert min(lengths) < POSITIONS // 2 < max(lengths)  # some end early, some never
    stamps = sum(token >= TIMESTAMP_BEGIN for tokens in found for token in tokens)
    assert (stamps > 3 * WINDOWS) == timestamps


@pytest.mark.parametrize("limit", [1, 2, 9, 1000])
def test_limit_of_tokens_is_that_of_generate(make_decoder, monkeypatch, limit):
    model = random_model(2, eot_bias=1.0)
    decoder = make_decoder(model)
    start = prompt(decoder)
    room = min(limit, POSITIONS - len(start))
    expected = generate(model, features(), start, True, monkeypatch, max_new_tokens=room)
    found = decode(decoder, decoder.encode(features()), max_new_tokens=limit)
    assert [window.tokens for window in found] == expected
    assert [w.finished for w in found] == [len(w.tokens) < room for w in found]


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_batch_size_changes_nothing(decoder, temperature):
    whole = decoder.encode(features())
    together = decode(decoder, whole, temperature=temperature)
    for size in (1, 2):
        parts = [whole[start : start + size] for start in range(0, WINDOWS, size)]
        found = [w for part in parts for w in decode(decoder, part, temperature=temperature)]
        assert [w.tokens for w in found] == [w.tokens for w in together]
        for one, other in zip(found, together, strict=True):
            assert one.log_probs == pytest.approx(other.log_probs, abs=1e-4)
            assert one.no_speech_prob == pytest.approx(other.no_speech_prob, rel=1e-3)


def slow_scores(decoder, model, encoded, window, timestamps=True):
    """Log-probabilities of each token with a whole forward pass for each, rules left out."""
    tokens = window.tokens + (EOT,) * window.finished
    row = torch.tensor([prompt(decoder, timestamps) + list(tokens)])
    outputs = model(encoder_outputs=(encoded.states_BFE,), decoder_input_ids=row)
    return outputs.logits[0].float(), tokens


def test_scores_of_tokens(decoder, make_decoder):
    model = random_model(2, eot_bias=1.0)
    plain = make_decoder(model, suppress_ids=(), begin_suppress_ids=())
    encoded = plain.encode(features(2))
    with torch.inference_mode():
        for index, window in enumerate(decode(plain, encoded, timestamps=False)):
            logits, tokens = slow_scores(plain, model, encoded[index : index + 1], window, False)
            start = len(prompt(plain, False))
            log_probs = logits.log_softmax(-1)[start - 1 : -1]
            expected = [log_probs[i, token].item() for i, token in enumerate(tokens)]
            assert window.log_probs == pytest.approx(expected[: len(window.tokens)], abs=1e-4)
            mean = sum(expected) / (len(window.tokens) + 1)
            assert window.avg_logprob == pytest.approx(mean, abs=1e-4)
            silence = logits[0].softmax(-1)[plain.checkpoint.no_speech_id].item()
            assert window.no_speech_prob == pytest.approx(silence, rel=1e-3)


def test_margin_is_the_lead_over_the_second_best(make_decoder):
    model = random_model(2, eot_bias=1.0)
    plain = make_decoder(model, suppress_ids=(), begin_suppress_ids=())
    encoded = plain.encode(features(1))
    (window,) = decode(plain, encoded, timestamps=False, record_margins=True)
    with torch.inference_mode():
        logits, _ = slow_scores(plain, model, encoded, window, False)
    best = logits[len(prompt(plain, False)) - 1 :].topk(2).values
    leads = (best[:, 0] - best[:, 1])[: len(window.tokens)].tolist()
    assert window.margins == pytest.approx(leads, abs=1e-4)
    assert decode(plain, encoded)[0].margins is None


def test_text_before_the_window_is_attended_to(make_decoder, monkeypatch):
    model = random_model(2, eot_bias=1.0)
    decoder = make_decoder(model)
    before = [PREV, 70, 71, 72]
    encoded = decoder.encode(features())
    found = [w.tokens for w in decode(decoder, encoded, before=before)]
    assert found != [w.tokens for w in decode(decoder, encoded)]
    expected = generate(
        model,
        features(),
        [*before, *prompt(decoder)],
        True,
        monkeypatch,
        prompt_ids=torch.tensor(before),
        max_new_tokens=40,
    )
    assert [tokens[:40] for tokens in found] == [tokens[:40] for tokens in expected]


def test_model_without_a_no_speech_token(make_decoder):
    decoder = make_decoder(no_speech_id=None)
    (window,) = decode(decoder, decoder.encode(features(1)))
    assert window.no_speech_prob is None


def test_language_is_the_likeliest_of_those_known(decoder, make_decoder):
    model = random_model(2, eot_bias=1.0)
    own = make_decoder(model)
    encoded = own.encode(features())
    with torch.inference_mode():
        start = torch.full((WINDOWS, 1), own.checkpoint.sot_id)
        outputs = model(encoder_outputs=(encoded.states_BFE,), decoder_input_ids=start)
    languages = own.checkpoint.languages
    probabilities = outputs.logits[:, 0, list(languages.values())].softmax(-1)
    found = own.detect_language(encoded)
    assert [code for code, _ in found] == [list(languages)[i] for i in probabilities.argmax(-1)]
    assert [p for _, p in found] == pytest.approx(probabilities.amax(-1).tolist(), rel=1e-3)
    with pytest.raises(UsageError, match="model of English speech alone"):
        make_decoder(languages={}).detect_language(encoded)


def test_each_window_is_encoded_once(make_decoder):
    decoder = make_decoder()
    rows = []
    decoder.model.model.encoder.register_forward_hook(
        lambda encoder, given, states: rows.append(len(states[0]))
    )
    encoded = decoder.encode(features())
    decoder.detect_language(encoded[:1])
    decode(decoder, encoded)
    decode(decoder, encoded[[1, 5]], temperature=0.5)
    assert sum(rows) == WINDOWS


def test_part_of_a_batch_is_what_it_was_in_the_whole(decoder):
    encoded = decoder.encode(features())
    whole = decode(decoder, encoded)
    assert [w.tokens for w in decode(decoder, encoded[[5, 2]])] == [
        whole[5].tokens,
        whole[2].tokens,
    ]


def test_draws_depend_on_seed_and_window_alone(decoder):
    encoded = decoder.encode(features(2), [11, 12])
    twins = decoder.encode(features(1).repeat(2, 1, 1), [11, 11])
    others = decoder.encode(features(1).repeat(2, 1, 1), [12, 11])
    first = decode(decoder, encoded, temperature=1.0, timestamps=False)
    again = decode(decoder, encoded, temperature=1.0, timestamps=False)
    other = decode(decoder, encoded, temperature=1.0, timestamps=False, seed=1)
    same = decode(decoder, twins, temperature=1.0, timestamps=False)
    assert [w.tokens for w in first] == [w.tokens for w in again]
    assert [w.tokens for w in first] != [w.tokens for w in other]
    assert same[0].tokens == same[1].tokens == first[0].tokens
    drawn = [
        decode(decoder, others[rows], temperature=1.0, timestamps=False)
        for rows in ([1], slice(1, 2), [0])
    ]
    assert [window.tokens == first[0].tokens for (window,) in drawn] == [True, True, False]
    assert first[0].tokens != decode(decoder, encoded[:1], timestamps=False)[0].tokens


def test_draws_follow_the_probabilities():
    from speech_toolkit.transcription.decoding.choice import _draw

    logits = torch.tensor([2.0, -math.inf, 0.0, 1.0, -math.inf])
    numbers = torch.arange(10_000)[:, None] / 10_000
    drawn = _draw(logits.expand(10_000, 5), numbers)[:, 0]
    shares = drawn.bincount(minlength=5) / 10_000
    assert shares.tolist() == pytest.approx(logits.softmax(-1).tolist(), abs=2e-4)
    edge = _draw(logits[None], torch.tensor([[1.0 - 2**-24]]))
    assert edge.item() == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_runs_and_scores_in_float32(make_decoder, dtype):
    decoder = make_decoder(random_model(2, eot_bias=1.0), dtype)
    found = decode(decoder, decoder.encode(features(2)), temperature=0.5)
    assert all(math.isfinite(w.avg_logprob) and w.avg_logprob < 0 for w in found)
    assert decoder.dtype is dtype


def test_stale_memory_does_not_leak_into_the_next_batch(make_decoder):
    """NaN of one window, left in the cache where a mask hides it, must not spread."""
    decoder = make_decoder()
    encoded = decoder.encode(features(2))
    broken = decoder.encode(torch.full((2, MEL_BINS, MEL_FRAMES), math.nan))
    clean = decode(decoder, encoded)
    decode(decoder, broken)
    assert decode(decoder, encoded) == clean


def test_memory_is_taken_once(make_decoder):
    decoder = make_decoder()
    encoded = decoder.encode(features(4))
    decode(decoder, encoded)
    room = decoder._decoders.own.loop._room
    for count in (1, 3, 4):
        decode(decoder, encoded[:count])
        decoder.encode(features(count))
    assert decoder._decoders.own.loop._room is room


@pytest.mark.parametrize("between_looks", [1, 8])
def test_steps_end_soon_after_the_last_window_has(make_decoder, monkeypatch, between_looks):
    decoder = make_decoder()
    encoded = decoder.encode(features())
    short = [i for i, window in enumerate(decode(decoder, encoded)) if len(window.tokens) < 60]
    loop, steps = decoder._decoders.own.loop, []
    plain_step = loop._step
    monkeypatch.setattr(loop, "_step", lambda *args: steps.append(1) or plain_step(*args))
    monkeypatch.setattr(Device, "is_card", property(lambda device: between_looks > 1))
    longest = max(len(window.tokens) for window in decode(decoder, encoded[short]))
    assert longest <= len(steps) < longest + between_looks


def test_prompt_without_room_is_refused(decoder):
    encoded = decoder.encode(features(1))
    with pytest.raises(UsageError, match="no room for text: the model has 80 positions"):
        decode(decoder, encoded, before=[PREV] + [70] * POSITIONS)


def test_text_of_tokens(decoder):
    ids = decoder.tokenizer(" Hi, there. ", add_special_tokens=False)["input_ids"]
    assert decoder.text([TIMESTAMP_BEGIN, *ids, TIMESTAMP_BEGIN + 5, NO_TIMESTAMPS]) == "Hi, there."


def test_compression_ratio():
    assert compression_ratio("") == 0.0
    assert compression_ratio("ab" * 200) > 10
    assert compression_ratio("The quick brown fox jumps.") < 1
