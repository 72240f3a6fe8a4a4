"""Each kind of CTC model against transformers: its numbers, its labels; times by brute force."""

import json

import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import CheckpointError, UsageError
from tests.end_to_end.heard_by_ctc import (
    FORMS,
    PARAKEET,
    SPEECH,
    TEXT,
    align,
    best_path,
    heard,
    heard_by_transformers,
)
from tests.replicas.ctc import write_ctc
from tests.replicas.parakeet import write_parakeet

SPELT = {"mms-1b-all": "hello world it's the 25th"}
SPELT_BY_OTHERS = "hello world it's the twenty fifth"


@pytest.fixture(params=[*FORMS, PARAKEET])
def replica(request, tmp_path):
    """The directory of a replica, under the name of its form."""
    if request.param == PARAKEET:
        return write_parakeet(tmp_path / PARAKEET)
    return write_ctc(FORMS[request.param], tmp_path / request.param)


def test_log_probabilities_are_those_of_transformers(replica):
    _, log_probs = align(replica)
    expected = heard_by_transformers(replica)
    np.testing.assert_allclose(log_probs, expected, atol=1e-4)
    assert np.ptp(log_probs, axis=0).max() > 0.5  # the labels differ from frame to frame


def test_labels_are_those_of_its_tokenizer(replica):
    from transformers import AutoTokenizer

    result, _ = align(replica)
    tokenizer = AutoTokenizer.from_pretrained(replica)
    spelt = SPELT.get(replica.name, SPELT_BY_OTHERS)
    labels = [segment.text for segment in result.segments]
    if replica.name == PARAKEET:
        assert labels == tokenizer.tokenize(spelt)
    else:
        assert "".join(labels).lower() == spelt.replace(" ", "")
        assert all(label in tokenizer.get_vocab() for label in labels)
    assert [word.text for word in result.words] == TEXT.split()


def test_times_are_those_of_a_search_by_brute_force(replica, monkeypatch):
    found, _ = align(replica)
    monkeypatch.setattr("speech_toolkit.alignment.decoding.forced_align", best_path)
    expected, _ = align(replica)
    for part in ("segments", "words", "sentences"):
        assert getattr(found, part) == getattr(expected, part)


@pytest.mark.parametrize(
    "name", ["hubert-large-ls960-ft", "wavlm-libri-clean-100h-large", PARAKEET]
)
def test_windows_join_to_what_transformers_gives_for_the_whole(name, tmp_path):
    """Without attention no frame sees further than its context; layer norm sees one frame."""
    from dataclasses import replace

    if name == PARAKEET:
        directory = write_parakeet(tmp_path / "replica", num_hidden_layers=0)
    else:
        form = replace(FORMS[name], config=FORMS[name].config | {"num_hidden_layers": 0})
        directory = write_ctc(form, tmp_path / "replica")
    expected = heard_by_transformers(directory)
    for batch_size in (1, 3):
        _, log_probs = align(directory, window_s=0.7, context_s=0.4, batch_size=batch_size)
        np.testing.assert_allclose(log_probs, expected, atol=1e-4)


@pytest.mark.parametrize("language", ["eng", "hin"])
def test_evaluations_compare_what_the_product_computes(mms, parakeet, language):
    import torch

    from speech_toolkit.evaluation.metrics.numeric import log_softmax
    from speech_toolkit.evaluation.models.family import checkpoint_directory, load_model
    from speech_toolkit.evaluation.models.protocol import ModelSettings

    for replica, text in ((mms, ADAPTERS["hi"][1]), (parakeet, TEXT)):
        directory = str(checkpoint_directory(str(replica), language))
        loaded = load_model(ModelSettings(directory, "cpu", "float32", language=language))
        with torch.no_grad():
            logits = loaded.forward(loaded.make_inputs(load_audio(SPEECH, 16000).samples))["logits"]
        _, log_probs = align(replica, text, language=language)
        np.testing.assert_allclose(log_softmax(logits.numpy()), log_probs, atol=1e-4)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_dtypes_are_near(replica, dtype):
    _, wide = align(replica)
    _, narrow = align(replica, dtype=dtype)
    assert np.abs(np.exp(wide) - np.exp(narrow)).mean() < 0.02


@pytest.fixture
def parakeet(tmp_path):
    """The directory of a replica of parakeet-ctc."""
    return write_parakeet(tmp_path / PARAKEET)


@pytest.mark.parametrize("num_samples", [320, 1280, 1281, 8 * 1280, 8 * 1280 + 159, 8 * 1280 + 160])
def test_frames_of_parakeet_are_those_of_transformers(parakeet, num_samples):
    """Whatever is left over at the end: less than a mel frame, or than a frame of the model."""
    from dataclasses import replace

    short = replace(load_audio(SPEECH, 16000), samples=load_audio(SPEECH, 16000).samples[8000:])
    short = replace(short, samples=short.samples[:num_samples])
    expected = heard_by_transformers(parakeet, short)
    found = heard(parakeet, short)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_words_of_parakeet_span_their_pieces(parakeet):
    text = "Well-known: 25 zebras' Café…"
    result, _ = align(parakeet, text)
    assert result.frame_stride_s == 0.08
    assert result.num_frames * 0.08 > result.audio_duration == result.words[-1].end_time
    pieces = {word.text: [] for word in result.words}
    for segment in result.segments:
        word = next(w for w in result.words if w.start_char <= segment.start_char < w.end_char)
        assert word.start_time <= segment.start_time <= segment.end_time <= word.end_time
        pieces[word.text].append(segment.text)
    written = {word: "".join(own).replace("▁", " ") for word, own in pieces.items()}
    assert written == {
        "Well-known:": " well known",
        "25": " twenty five",
        "zebras'": " zebras",
        "Café…": " cafe",
    }


def test_parakeet_with_case_keeps_it_and_hears_no_punctuation(tmp_path):
    directory = write_parakeet(tmp_path / "replica", lower=False)
    result, _ = align(directory, "Hello, World! Why?")
    assert "".join(segment.text for segment in result.segments) == "▁Hello▁World▁Why"


def test_window_beyond_the_positions_of_parakeet_is_refused(tmp_path):
    directory = write_parakeet(tmp_path / "replica", max_position_embeddings=40)
    with pytest.raises(UsageError, match=r"window of 4.8. s.*longer than the 3.2 s that the model"):
        align(directory)
    assert align(directory, window_s=2, context_s=0.5)[0].num_frames == 61


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("preprocessor_config.json", {"feature_size": 128}, "128, but config.json has num_mel_bi"),
        ("preprocessor_config.json", {"win_length": 1024}, "win_length is 1024, above n_fft 512"),
        ("config.json", {"pad_token_id": None}, "pad_token_id is None, not an id below vocab_size"),
        ("config.json", {"encoder_config": {"conv_kernel_size": 8}}, "conv_kernel_size is 8, not"),
        (
            "config.json",
            {"encoder_config": {"hidden_size": 2.5}},
            "config.hidden_size is 2.5",
        ),
        ("config.json", {"encoder_config": {"subsampling_factor": 6}}, "6, not a power of 2"),
        ("config.json", {"encoder_config": {"hidden_size": 24}}, "config.json asks for"),
        ("config.json", {"architectures": ["ParakeetForTDT"]}, "forced alignment needs a Parakeet"),
        ("tokenizer.json", {"model": {"type": "no model"}}, "is no tokenizer"),
    ],
)
def test_files_of_parakeet_that_contradict_each_other_are_named(parakeet, file, changes, message):
    path = parakeet / file
    content = json.loads(path.read_text())
    for key, value in changes.items():
        content[key] = content[key] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=message):
        align(parakeet)


@pytest.fixture
def mms(tmp_path):
    """The directory of a replica of mms-1b-all."""
    return write_ctc(FORMS["mms-1b-all"], tmp_path / "mms-1b-all")


ADAPTERS = {
    "eng": ("eng", TEXT),
    "hi": ("hin", "नमस्ते, दुनिया! Москва ऴ"),
    "uzb-script_latin": ("uzb-script_latin", "salom dunyo"),
    "uzb-script_cyrillic": ("uzb-script_cyrillic", "салом дунё"),
}


@pytest.mark.parametrize("language", ADAPTERS)
def test_language_picks_adapter_and_letters(mms, language):
    from transformers import Wav2Vec2CTCTokenizer

    name, text = ADAPTERS[language]
    result, log_probs = align(mms, text, language=language)
    np.testing.assert_allclose(
        log_probs,
        heard_by_transformers(mms, target_lang=name),
        atol=1e-4,
    )
    assert result.settings["adapter"] == name
    tokenizer = Wav2Vec2CTCTokenizer.from_pretrained(mms, target_lang=name)
    assert all(segment.text in tokenizer.encoder for segment in result.segments)


def test_text_stays_in_the_script_of_the_vocabulary(mms):
    """Letters of its own stay, another script is romanised, and what it lacks is told."""
    result, _ = align(mms, ADAPTERS["hi"][1], language="hin")
    assert "".join(segment.text for segment in result.segments) == "नमस्तेदुनियाmoskva"
    assert [word.aligned for word in result.words] == [True, True, True, False]
    assert "1 word cannot be aligned: 'ऴ'" in result.warnings[0]


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("fra", "has no vocabulary for language 'fra'; it has eng, hin, uzb-script_cyrillic, uzb-"),
        ("uz", "has 'uz' in 2 scripts; give --language uzb-script_cyrillic or uzb-script_latin"),
        ("english", "is not a language code"),
    ],
)
def test_language_that_is_not_there_is_named(mms, language, message):
    with pytest.raises(UsageError, match=message):
        align(mms, language=language)


def test_nearest_of_many_languages_are_named(mms):
    path = mms / "vocab.json"
    codes = ("deu", "swh", "nld", "afr", "sml", *(f"q{a}{b}" for a in "abc" for b in "abc"))
    path.write_text(json.dumps({code: {"<pad>": 0, "a": 1} for code in codes}))
    with pytest.raises(UsageError, match="'smo'; near are sml; all 14 are the keys of vocab.json"):
        align(mms, language="smo")
    with pytest.raises(UsageError, match="'ltz'; near are deu; all 14"):
        align(mms, language="ltz")


def test_language_that_encompasses_others_means_the_usual_one(mms):
    vocabulary = json.loads((mms / "vocab.json").read_text())
    vocabulary["swh"] = vocabulary.pop("hin")
    (mms / "vocab.json").write_text(json.dumps(vocabulary))
    (mms / "adapter.hin.bin").rename(mms / "adapter.swh.bin")
    assert align(mms, "habari", language="sw")[0].settings["adapter"] == "swh"


def test_transcript_in_another_language_than_the_adapter_is_refused(mms):
    from speech_toolkit.alignment import Aligner, AlignmentSettings

    aligner = Aligner.load(mms, "cpu", language="hin")
    with pytest.raises(UsageError, match="adapter of hin, the transcript is in eng; load it again"):
        aligner.align(SPEECH, TEXT, AlignmentSettings(language="eng"))


def test_adapter_that_is_missing_is_named(mms):
    (mms / "adapter.hin.bin").unlink()
    with pytest.raises(CheckpointError, match="has no adapter.hin.safetensors or adapter.hin.bin"):
        align(mms, "नमस्ते", language="hin")


@pytest.mark.parametrize(
    ("replaced_by", "message"),
    [
        ("adapter.uzb-script_cyrillic.safetensors", r"lm_head.bias is \(\d+,\), not \(\d+,\)"),
        ("model.safetensors", "not expected"),
        ("config.json", "cannot be read"),
    ],
)
def test_adapter_of_another_kind_is_named(mms, replaced_by, message):
    (mms / "adapter.eng.safetensors").write_bytes((mms / replaced_by).read_bytes())
    with pytest.raises(CheckpointError, match=message):
        align(mms)
