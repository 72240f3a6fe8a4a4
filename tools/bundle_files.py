"""Build hook: put the models, samples and schemas of a checkout into the wheel.

An editable install finds them in the checkout, and must not find copies.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("models", "samples", "results/schemas")


class BundledFiles(BuildHookInterface):
    """Adds the folders to every wheel but an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folders before the wheel is built."""
        if version == "standard":
            for folder in FOLDERS:
                build_data["force_include"][folder] = f"speech_toolkit/bundled/{folder}"
