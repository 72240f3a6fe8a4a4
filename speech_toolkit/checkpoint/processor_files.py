"""What the processor files of a checkpoint say of waveform and features, for every family.

transformers 5 writes one ``processor_config.json`` with the feature extractor inside; before, it
stood in a ``preprocessor_config.json`` of its own. Where a checkpoint has both, the nested one
rules, as in transformers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech_toolkit.checkpoint.files import read_json

PROCESSOR_NAME = "processor_config.json"
PREPROCESSOR_NAME = "preprocessor_config.json"
_NESTED_KEY = "feature_extractor"


@dataclass(frozen=True)
class FeatureSettings:
    """Settings of a feature extractor.

    Attributes:
        path: the file they were read from; None where the checkpoint has none.
        values: empty where the checkpoint has none.
    """

    path: Path | None
    values: Mapping[str, Any]


def read_feature_settings(directory: Path) -> FeatureSettings:
    """Read the settings of a checkpoint's feature extractor from whichever file has them.

    Raises:
        CheckpointError: a file of the two is damaged.
    """
    whole = directory / PROCESSOR_NAME
    if whole.is_file():
        nested = read_json(whole).get(_NESTED_KEY)
        if nested is not None:
            return FeatureSettings(whole, nested)
    alone = directory / PREPROCESSOR_NAME
    if alone.is_file():
        return FeatureSettings(alone, read_json(alone))
    return FeatureSettings(None, {})
