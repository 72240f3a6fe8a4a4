"""Environment variables of the model hub's client, which reads them when it is imported."""

import os
from urllib.parse import urlsplit

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value

_ENDPOINT = "HF_ENDPOINT"
_TIMEOUTS = ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT")


def check_hub_environment() -> None:
    """Make sure that the hub's client, and so transformers, can be imported.

    Raises:
        UsageError: a variable holds what the client cannot read.
    """
    endpoint = os.environ.get(_ENDPOINT)
    if endpoint and not _is_address(endpoint):
        raise UsageError(
            f"{_ENDPOINT}={shown_value(endpoint)}: is no address of a hub; "
            "set one such as https://your-mirror, or unset it"
        )
    for name in _TIMEOUTS:
        seconds = os.environ.get(name)
        if seconds is not None and not seconds.strip().isdecimal():
            raise UsageError(
                f"{name}={shown_value(seconds)}: is no whole number of seconds; "
                "set one such as 10, or unset it"
            )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
