"""One reader for the two forms in which transformers writes the settings of a waveform."""

import json

import pytest

from speech_toolkit.checkpoint.processor_files import read_feature_settings
from speech_toolkit.errors import CheckpointError

ALONE, WHOLE = "preprocessor_config.json", "processor_config.json"


def write(directory, name, content):
    (directory / name).write_text(json.dumps(content))


def save_both_ways(extractor, directory):
    """Write settings as transformers 4 (alone) and as transformers 5 (in the processor) does."""
    old, new = directory / "old", directory / "new"
    old.mkdir()
    new.mkdir()
    extractor.save_pretrained(old)
    write(new, WHOLE, {"feature_extractor": json.loads((old / ALONE).read_text())})
    return old, new


def test_both_forms_say_the_same(tmp_path):
    from transformers import Wav2Vec2FeatureExtractor

    extractor = Wav2Vec2FeatureExtractor(do_normalize=False, sampling_rate=8000)
    for directory in save_both_ways(extractor, tmp_path):
        settings = read_feature_settings(directory)
        assert settings.values["do_normalize"] is False
        assert settings.values["sampling_rate"] == 8000


def test_the_nested_form_rules_where_both_are_there(tmp_path):
    write(tmp_path, ALONE, {"sampling_rate": 8000})
    write(tmp_path, WHOLE, {"processor_class": "Wav2Vec2Processor"})
    assert read_feature_settings(tmp_path).values == {"sampling_rate": 8000}
    write(tmp_path, WHOLE, {"feature_extractor": {"sampling_rate": 16000}})
    settings = read_feature_settings(tmp_path)
    assert (settings.path.name, settings.values["sampling_rate"]) == (WHOLE, 16000)


def test_without_either_file_the_defaults_are_taken(tmp_path):
    settings = read_feature_settings(tmp_path)
    assert settings.path is None
    assert settings.values == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"feature_extractor": "w2v"}, "feature_extractor is 'w2v', not an object"),
        (
            {"feature_extractor": {"sampling_rate": "16k"}},
            r"feature_extractor\.sampling_rate is '16k', not a whole",
        ),
        (
            {"feature_extractor": {"sampling_rate": True}},
            r"feature_extractor\.sampling_rate is True, not a whole",
        ),
        (
            {"feature_extractor": {"do_normalize": "no"}},
            r"feature_extractor\.do_normalize is 'no', not true or false",
        ),
    ],
)
def test_values_of_another_kind_are_named_with_file_and_key(tmp_path, content, message):
    write(tmp_path, WHOLE, content)
    with pytest.raises(CheckpointError, match=rf"processor_config\.json: {message}"):
        read_feature_settings(tmp_path)
