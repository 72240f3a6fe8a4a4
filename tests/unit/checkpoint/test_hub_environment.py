"""Variables that the hub's client cannot be imported with are refused by name."""

import pytest

import inference
import inference_mms
from speech_toolkit.checkpoint.hub_environment import check_hub_environment
from speech_toolkit.errors import UsageError

ODD = (
    ("HF_ENDPOINT", "http://[::1"),
    ("HF_ENDPOINT", "http://"),
    ("HF_ENDPOINT", "nonsense"),
    ("HF_ENDPOINT", "http://a:b"),
    ("HF_ENDPOINT", "x" * 5000),
    ("HF_HUB_ETAG_TIMEOUT", "soon"),
    ("HF_HUB_DOWNLOAD_TIMEOUT", ""),
    ("HF_HUB_DOWNLOAD_TIMEOUT", "1.5"),
)


@pytest.mark.parametrize(("name", "value"), ODD)
def test_odd_values_are_named(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"^{name}=.* or unset it$") as caught:
        check_hub_environment()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HF_ENDPOINT", "https://hub.example:8443/models"),
        ("HF_ENDPOINT", "http://[::1]:80"),
        ("HF_ENDPOINT", ""),
        ("HF_HUB_ETAG_TIMEOUT", "30"),
    ],
)
def test_usual_values_pass(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    check_hub_environment()


@pytest.mark.parametrize("script", [inference, inference_mms])
def test_scripts_check_before_they_ask_the_hub(script, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://[::1")
    arguments = ["--model_path", "owner/name", "--audio", "a.wav", "--transcript", "x"]
    with pytest.raises(UsageError, match=r"HF_ENDPOINT='http://\[::1': is no address"):
        script.main(arguments)
