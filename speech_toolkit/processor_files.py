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

from speech_toolkit.checkpoint import read_json
from speech_toolkit.errors import CheckpointError
from speech_toolkit.json_input import shown_value

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

    def positive_int(self, key: str, default: int) -> int:
        """Return a number of the settings.

        Raises:
            CheckpointError: it is no whole number of at least 1.
        """
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise CheckpointError(
                f"{self.path}: {key} is {shown_value(value)}, not a whole number of at least 1; "
                "download it again"
            )
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return a switch of the settings.

        Raises:
            CheckpointError: it is neither true nor false.
        """
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise CheckpointError(
                f"{self.path}: {key} is {shown_value(value)}, not true or false; download it again"
            )
        return value


def read_feature_settings(directory: Path) -> FeatureSettings:
    """Read the settings of a checkpoint's feature extractor from whichever file has them.

    Raises:
        CheckpointError: a file of the two is damaged.
    """
    whole = directory / PROCESSOR_NAME
    if whole.is_file():
        nested = read_json(whole).get(_NESTED_KEY)
        if isinstance(nested, dict):
            return FeatureSettings(whole, nested)
        if nested is not None:
            raise CheckpointError(
                f"{whole}: {_NESTED_KEY} is {shown_value(nested)}, not an object; download it again"
            )
    alone = directory / PREPROCESSOR_NAME
    if alone.is_file():
        return FeatureSettings(alone, read_json(alone))
    return FeatureSettings(None, {})
