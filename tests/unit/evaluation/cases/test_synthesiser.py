import sys
from types import SimpleNamespace

import numpy as np
import pytest

from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.cases import synthesiser
from speech_toolkit.evaluation.cases.clips import plain_sentences
from speech_toolkit.evaluation.cases.synthesiser import Espeak, Flite, find_synthesisers

FOUND = find_synthesisers()
needs_one = pytest.mark.skipif(not FOUND, reason="no synthesiser on this machine")


@needs_one
@pytest.mark.parametrize("speaker", FOUND, ids=lambda speaker: type(speaker).__name__)
def test_every_voice_speaks(speaker):
    text = "The tea is ready, please sit down."
    durations = set()
    for voice in speaker.voices:
        clip = speaker.speak(text, voice, 1.0)
        assert (clip.text, clip.voice) == (text, voice)
        assert 1.0 < clip.duration_s < 4.0
        assert 0.1 < np.abs(clip.samples).max() <= 1.0
        durations.add(clip.duration_s)
    assert len(durations) > 1


@needs_one
@pytest.mark.parametrize("speaker", FOUND, ids=lambda speaker: type(speaker).__name__)
def test_faster_speech_is_shorter(speaker):
    slow, fast = (
        speaker.speak("One two three four five six.", speaker.voices[0], speed)
        for speed in (0.8, 1.25)
    )
    assert fast.duration_s < 0.8 * slow.duration_s


@pytest.mark.skipif(not any(isinstance(each, Espeak) for each in FOUND), reason="no eSpeak NG")
def test_missing_voice_is_named():
    espeak = next(each for each in FOUND if isinstance(each, Espeak))
    with pytest.raises(ToolkitError, match="no voice 'xx-none'"):
        espeak.speak("Hello.", "xx-none", 1.0)


def test_program_that_fails_is_an_error_with_a_way_out():
    with pytest.raises(ToolkitError, match="--source samples"):
        Flite("false").speak("Hello.", "slt", 1.0)


def test_broken_library_is_as_good_as_none(monkeypatch, tmp_path):
    path = tmp_path / "libespeak-ng.so"
    path.write_bytes(b"not a library")
    loader = SimpleNamespace(get_library_path=lambda: path, get_data_path=lambda: tmp_path)
    loader.__spec__ = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "espeakng_loader", loader)
    monkeypatch.setattr(synthesiser.shutil, "which", lambda name: None)
    assert find_synthesisers() == ()


def test_sentences_are_plain():
    sentences = plain_sentences()
    assert len(set(sentences)) == len(sentences) == 60
    for sentence in sentences:
        assert sentence.isascii()
        assert sentence[0].isupper()
        assert sentence[-1] in ".?"
        assert not any(character.isdigit() for character in sentence)
