from pathlib import Path

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.transcription import Transcriber

SENTENCE = Path(__file__).parents[3] / "samples" / "recognition" / "sentence.flac"


def test_of_many_recordings_one_that_fails_stops_no_other(tmp_path):
    (tmp_path / "text.wav").write_text("hello, I am a text")
    audio = [SENTENCE, tmp_path / "none.wav", tmp_path / "text.wav", load_audio(SENTENCE, 8000)]
    transcriber = Transcriber.load(device="cpu")
    outcomes = list(transcriber.transcribe_many(iter([*audio, load_audio(SENTENCE)])))
    kinds = [None, "missing", "not audio", "unusable audio", None]
    assert [outcome.error_kind for outcome in outcomes] == kinds
    assert outcomes[0].result.text == outcomes[4].result.text != ""
    assert "none.wav' does not exist" in str(outcomes[1].error)
