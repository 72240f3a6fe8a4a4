import numpy as np
import pytest
import torch

from speech_toolkit.transcription.decoded import DecodedWindow, DecodingOptions
from speech_toolkit.transcription.decoding.attention import smoothed
from speech_toolkit.transcription.text.word_times import frames_of_rows
from tests.unit.transcription.random_whisper import (
    MEL_BINS,
    MEL_FRAMES,
    NO_TIMESTAMPS,
    TIMESTAMP_BEGIN,
    random_model,
)

SMOOTHED = "speech_toolkit.transcription.decoding.attention.smoothed"


def slow_path(weights):
    """Dynamic time warping by its definition: the frame at which each row begins."""
    rows, frames = weights.shape
    total = np.full((rows, frames), -np.inf)
    came_from = {}
    for row in range(rows):
        for frame in range(frames):
            before = [(row - 1, frame - 1), (row - 1, frame), (row, frame - 1)]
            known = [(total[place], place) for place in before if min(place) >= 0]
            best = max(known, default=(0.0, None))
            total[row, frame] = best[0] + weights[row, frame]
            came_from[row, frame] = best[1]
    place, starts = (rows - 1, frames - 1), {}
    while place is not None:
        starts[place[0]] = place[1]
        place = came_from[place]
    return [starts[row] for row in range(rows)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (6, 1), (5, 5), (4, 30), (30, 4), (12, 40)])
@pytest.mark.parametrize("seed", range(5))
def test_path_is_the_best_there_is(shape, seed):
    weights = np.random.default_rng(seed).normal(size=shape)
    assert frames_of_rows(weights).tolist() == slow_path(weights)


def test_path_follows_a_clear_diagonal():
    weights = np.full((4, 40), -1.0, dtype=np.float32)
    for row, (start, end) in enumerate([(0, 5), (5, 20), (20, 22), (22, 40)]):
        weights[row, start:end] = 1.0
    assert frames_of_rows(weights).tolist() == [0, 5, 20, 22]


def features(count):
    return torch.randn(count, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(0))


def windows(decoder, texts):
    """Windows as if they had been decoded to texts; "|" stands for a pair of timestamps."""
    found = []
    for text in texts:
        tokens = [TIMESTAMP_BEGIN]
        for part in text.split("|"):
            ids = decoder.tokenizer(part, add_special_tokens=False)["input_ids"]
            tokens += [*ids, TIMESTAMP_BEGIN + 20, TIMESTAMP_BEGIN + 20]
        found.append(DecodedWindow(tuple(tokens[:-1]), (), 0.0, 0.0, 1.0, 0.0, True))
    return found


def times(decoder, texts, num_samples=None, language="en"):
    encoded = decoder.encode(features(len(texts)))
    prompts = [decoder.checkpoint.sot_sequence("en", "transcribe", True)] * len(texts)
    return decoder.word_times(
        encoded, prompts, windows(decoder, texts), num_samples or [32000] * len(texts), language
    )


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_attention_and_scores_are_those_of_the_model(make_decoder, monkeypatch, attention):
    """Against transformers' own eager attention, which returns its weights."""
    heads = ((0, 1), (1, 0), (1, 1))
    decoder = make_decoder(random_model(2, attn_implementation=attention), alignment_heads=heads)
    seen = []
    monkeypatch.setattr(SMOOTHED, lambda w: seen.append(w) or smoothed(w))
    (words,) = times(decoder, [" one two, three"], num_samples=[20000])

    slow = random_model(2, attn_implementation="eager")
    ids = decoder.tokenizer(" one two, three", add_special_tokens=False)["input_ids"]
    start = [*decoder.checkpoint.sot_sequence("en", "transcribe", True), NO_TIMESTAMPS]
    with torch.inference_mode():
        outputs = slow(
            features(1),
            decoder_input_ids=torch.tensor([[*start, *ids]]),
            output_attentions=True,
        )
    rows = slice(len(start) - 1, None)
    attended = torch.stack([outputs.cross_attentions[layer][0, head] for layer, head in heads])
    cut = attended[:, rows, :63]
    assert seen[0].shape == cut.shape  # 20000 samples are 62.5 frames
    assert torch.allclose(seen[0], cut / cut.sum(-1, keepdim=True), atol=1e-5)
    scores = outputs.logits[0, rows][:, : decoder.checkpoint.eot_id].softmax(-1)
    per_token = scores[torch.arange(len(ids)), torch.tensor(ids)]
    assert [word.text for word in words] == [" one", " two,", " three"]
    assert words[0].probability == pytest.approx(per_token[:4].mean().item(), rel=1e-3)
    assert words[2].probability == pytest.approx(per_token[9:].mean().item(), rel=1e-3)


def test_model_is_left_as_it_was(make_decoder):
    model = random_model(2)
    decoder = make_decoder(model)
    times(decoder, [" one two"])
    assert model.config._attn_implementation == "sdpa"
    assert not any(module._forward_hooks for module in model.modules())


def test_hooks_go_when_the_model_fails(make_decoder, monkeypatch):
    model = random_model(2)
    decoder = make_decoder(model)

    def fail(tokens, speech):
        raise RuntimeError("broken operator")

    monkeypatch.setattr(decoder._decoders.own.loop, "read", fail)
    with pytest.raises(RuntimeError, match="broken operator"):
        times(decoder, [" one two"])
    assert not any(module._forward_hooks for module in model.modules())


def test_words_name_their_tokens_and_do_not_depend_on_neighbours(decoder):
    texts = [" one two.| three", " four", "", " a much longer text than the others have"]
    together = times(decoder, texts)
    decoded = windows(decoder, texts)
    assert [[word.text for word in words] for words in together] == [
        [" one", " two.", " three"],
        [" four"],
        [],
        [" a", " much", " longer", " text", " than", " the", " others", " have"],
    ]
    for window, words in zip(decoded, together, strict=True):
        for word in words:
            ids = window.tokens[word.first : word.last]
            assert decoder.tokenizer.decode(ids) == word.text
        bounds = [bound for word in words for bound in (word.start_s, word.end_s)]
        assert bounds == sorted(bounds)
        assert all(0 <= bound <= 2.0 for bound in bounds)
    start = decoder.checkpoint.sot_sequence("en", "transcribe", True)
    encoded = decoder.encode(features(4))
    for index, window in enumerate(decoded):
        alone = decoder.word_times(encoded[index : index + 1], [start], [window], [32000], "en")
        assert [(w.text, w.start_s, w.end_s) for w in alone[0]] == [
            (w.text, w.start_s, w.end_s) for w in together[index]
        ]


def test_times_stay_within_the_audio_of_the_window(decoder):
    (words,) = times(decoder, [" one two three"], num_samples=[8000])
    assert max(word.end_s for word in words) <= 0.5


def test_characters_are_words_in_chinese(decoder):
    (words,) = times(decoder, ["你好"], language="zh")
    assert [word.text for word in words] == ["你", "好"]


def test_after_decoding_with_text_before_the_window(decoder):
    encoded = decoder.encode(features(1))
    checkpoint = decoder.checkpoint
    prompt = [checkpoint.prev_sot_id, 70, 71, *checkpoint.sot_sequence("en", "transcribe", False)]
    decoded = decoder.decode(encoded, [prompt], DecodingOptions(timestamps=False, max_new_tokens=8))
    (words,) = decoder.word_times(encoded, [prompt], decoded, [32000], "en")
    assert sum(word.last - word.first for word in words) == sum(
        token < checkpoint.eot_id for token in decoded[0].tokens
    )
