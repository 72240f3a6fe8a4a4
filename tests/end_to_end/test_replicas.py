"""Checkpoints as people have them, in the forms of four years: each is read, and does its work."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from speech_toolkit.bundled import CHECKOUT as REPOSITORY
from speech_toolkit.errors import CheckpointError
from tests.replicas.ctc import ctc_forms, write_ctc
from tests.replicas.whisper import whisper_forms, write_whisper

SPEECH = REPOSITORY / "samples" / "demo.wav"
TOKENS = 12
HINDI = "wav2vec2-large-xlsr-hindi"
PHONEMES = "wav2vec2-lv-60-espeak-cv-ft"
QUICK = ("whisper-tiny of 2022", "distil-large-v3", "fine-tune in Hindi", "nb-whisper")
# Name of a replica: (language, what decided on it, task, warnings); None: detected.
OPENINGS = {
    "whisper-tiny of 2022": ("en", "config.json (forced_decoder_ids)", "transcribe", 0),
    "whisper-tiny": (None, "detected", "transcribe", 0),
    "whisper-tiny.en": ("en", "a model of English alone", "transcribe", 0),
    "whisper-large-v2": (None, "detected", "transcribe", 0),
    "whisper-large-v3": (None, "detected", "transcribe", 0),
    "whisper-large-v3-turbo": (None, "detected", "transcribe", 0),
    "distil-large-v3": (None, "detected", "transcribe", 0),
    "fine-tune in Hindi": ("hi", "generation_config.json (language)", "transcribe", 0),
    "fine-tune in Hindi of 2022": ("hi", "config.json (forced_decoder_ids)", "transcribe", 0),
    "nb-whisper": (None, "detected", "transcribe", 1),
    "saved by transformers 5": ("no", "generation_config.json (language)", "transcribe", 0),
    "fine-tune that translates": ("hi", "generation_config.json (language)", "translate", 0),
}


def first_pass(model, features, timestamps, monkeypatch):
    """Return what ``generate`` makes of one window, given nothing but features: opening and all.

    Its later passes take the window up again behind its last timestamp; the first is enough.
    """
    from transformers import GenerationMixin

    passes = []
    whole = GenerationMixin.generate

    def record(self, *args, **kwargs):
        passes.append(whole(self, *args, **kwargs))
        raise StopIteration

    with monkeypatch.context() as patch, suppress(StopIteration):
        patch.setattr(GenerationMixin, "generate", record)
        model.generate(
            features,
            attention_mask=features.new_ones(features.shape[0], features.shape[2]).long(),
            return_timestamps=timestamps,
            max_new_tokens=TOKENS,
        )
    end = model.generation_config.eos_token_id
    row = getattr(passes[0], "sequences", passes[0])[0].tolist()
    return row[: row.index(end)] if end in row else row


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in OPENINGS],
)
def test_first_window_is_that_of_generate(name, tmp_path, monkeypatch):
    from transformers import WhisperForConditionalGeneration

    from speech_toolkit.audio.waveform import load_audio
    from speech_toolkit.transcription.settings import TranscriptionSettings
    from speech_toolkit.transcription.transcriber import Transcriber

    directory = write_whisper(whisper_forms()[name], tmp_path / "replica")
    transcriber = Transcriber.load(directory, "cpu")
    timestamps = (directory / "generation_config.json").is_file()  # `generate` needs one for them
    result = transcriber.transcribe(
        SPEECH,
        TranscriptionSettings(
            timestamps="segment" if timestamps else "none",
            max_new_tokens=TOKENS,
            temperatures=(0.0,),
            no_speech_threshold=None,
            skip_silence=False,
        ),
    )
    language, source, task, num_warnings = OPENINGS[name]
    assert (result.settings["language_source"], result.settings["task"]) == (source, task)
    assert result.language == language or language is None
    checkpoint_warnings = [text for text in result.warnings if str(directory) in text]
    assert len(checkpoint_warnings) == num_warnings, result.warnings
    opening = transcriber.checkpoint.sot_sequence(result.language, task, timestamps)
    samples = load_audio(SPEECH, 16000).samples
    theirs = first_pass(
        WhisperForConditionalGeneration.from_pretrained(directory),
        transcriber.decoder.extractor.extract([samples]),
        timestamps,
        monkeypatch,
    )
    ours = [*opening, *result.tokens[0]]
    if name == "whisper-large-v3-turbo":  # names no task: `generate` leaves it to the model
        theirs = [*theirs[:2], opening[2], *theirs[2:]]
        assert ours[:3] == theirs[:3]
        return
    assert ours == theirs
    assert len(result.tokens[0]) > 2


@pytest.mark.parametrize("name", [name for name in ctc_forms() if name != PHONEMES])
def test_letters_are_aligned(name, tmp_path):
    from inference_mms import run_inference

    form = ctc_forms()[name]
    directory = write_ctc(form, tmp_path / "replica")
    text, language = ("नमस्ते दुनिया", "hin") if name == HINDI else ("hello world", "eng")
    result = run_inference(str(directory), str(SPEECH), text, "cpu", language=language)
    letters = "".join(segment["token"] for segment in result["segments"])
    assert letters.casefold() == text.replace(" ", "")
    assert result["settings"]["normalize_waveform"] == form.features.get("do_normalize", True)
    rate_hz = form.features.get("sampling_rate", 16000)
    assert result["frame_stride_s"] == pytest.approx(320 / rate_hz)
    assert result["warnings"] == []


@pytest.mark.parametrize("form", ["old", "new"])
def test_log_probabilities_are_those_of_transformers(form, tmp_path):
    """Both forms that ``do_normalize: false`` is written in; taken for true, it is off by 0.3."""
    import torch
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    from speech_toolkit.alignment.aligner import Aligner
    from speech_toolkit.audio.waveform import load_audio
    from speech_toolkit.evaluation.models.family import load_model
    from speech_toolkit.evaluation.models.protocol import ModelSettings

    directory = write_ctc(ctc_forms()["saved by transformers 5"], tmp_path / "replica")
    if form == "old":
        whole = directory / "processor_config.json"
        features = json.loads(whole.read_text())["feature_extractor"]
        (directory / "preprocessor_config.json").write_text(json.dumps(features))
        whole.unlink()
    extractor = Wav2Vec2FeatureExtractor(do_normalize=False, sampling_rate=8000)
    samples = load_audio(SPEECH, 8000).samples
    inputs = extractor(samples, sampling_rate=8000, return_tensors="pt")
    with torch.inference_mode():
        theirs = Wav2Vec2ForCTC.from_pretrained(directory)(**inputs).logits[0]
        ours = load_model(ModelSettings(str(directory), "cpu", "float32"))
        logits = ours.forward(ours.make_inputs(samples))["logits"]
    assert (logits - theirs).abs().max() < 1e-4
    assert not Aligner.load(directory, "cpu").checkpoint.normalizes_waveform


def test_phonemes_are_refused(tmp_path):
    from inference_mms import run_inference

    directory = write_ctc(ctc_forms()[PHONEMES], tmp_path / "replica")
    with pytest.raises(CheckpointError, match="is a model of phonemes"):
        run_inference(str(directory), str(SPEECH), "hello world", "cpu")


def test_replicas_are_small(tmp_path):
    directory = write_whisper(whisper_forms()["distil-large-v3"], tmp_path / "replica")
    assert sum(path.stat().st_size for path in Path(directory).iterdir()) < 8 << 20
