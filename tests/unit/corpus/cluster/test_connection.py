"""What is said where there is no Ray, or no cluster."""

import socket
import sys

import pytest

from speech_toolkit.corpus.cluster.connection import ray_connection
from speech_toolkit.errors import UsageError


def refused(address):
    with pytest.raises(UsageError) as error:
        ray_connection(address, "cpu", None).__enter__()
    return str(error.value)


def test_without_ray_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install -r requirements-cluster.txt" in refused("local")


@pytest.mark.parametrize(
    "address", ["nonsense", "ray://127.0.0.1:10001", "127.0.0.1", "host:port", ":6379"]
)
def test_an_address_that_is_none(address):
    pytest.importorskip("ray", reason="ray is not installed")
    assert "give auto, local or HOST:PORT" in refused(address)


def test_an_address_that_nothing_answers_at():
    pytest.importorskip("ray", reason="ray is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert f"--ray '127.0.0.1:{port}': no Ray cluster can be reached" in refused(
        f"127.0.0.1:{port}"
    )
