import pytest

from speech_toolkit.languages import UNSPACED_LANGUAGES, is_unspaced
from speech_toolkit.transcription.text.words import SPLIT_BY_CHARACTER


@pytest.mark.parametrize("language", ["zh", "zho", "cmn", "Chinese", "YUE", "lao", "khm", "bod"])
def test_languages_without_spaces_are_known_by_code_and_name(language):
    assert is_unspaced(language)


@pytest.mark.parametrize("language", ["en", "eng", "ko", "Korean", "vi", "", None])
def test_others_have_spaces(language):
    assert not is_unspaced(language)


def test_whisper_splits_all_but_tibetan_by_character():
    assert {"bo"} == UNSPACED_LANGUAGES - SPLIT_BY_CHARACTER
    assert {"zh", "ja", "th", "lo", "my", "yue"} < SPLIT_BY_CHARACTER, "those of openai/whisper"
