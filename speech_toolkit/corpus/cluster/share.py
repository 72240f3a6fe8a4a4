"""How a cluster is shared out: what each worker asks for, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speech_toolkit.device.names import AUTO, parse_device_name
from speech_toolkit.errors import DeviceError, UsageError

_CPU, _GPU = "CPU", "GPU"
RESOURCES = {"npu": "NPU", "cuda": _GPU}  # what Ray calls the cards of a device type
_MOST_CPUS = 4  # that one worker has a use for: as many threads read ahead
Node = Mapping[str, float]


@dataclass(frozen=True)
class Share:
    """What every worker gets.

    Attributes:
        device: npu, cuda or cpu; cards are counted from 0 in each worker, which sees one.
        workers: how many.
        cpus: cores of each.
    """

    device: str
    workers: int
    cpus: int

    def options(self) -> dict[str, Any]:
        """Return what Ray is asked for, for each worker."""
        own = self.resources()
        options = {"num_cpus": own.pop(_CPU), "num_gpus": own.pop(_GPU, 0)}
        return options | {"resources": own}

    def resources(self) -> dict[str, int]:
        """Return what each worker has, by Ray's names."""
        card = RESOURCES.get(self.device)
        return {_CPU: self.cpus} | ({card: 1} if card else {})


def share_of(nodes: Sequence[Node], device_name: str, workers: int | None) -> Share:
    """Return how a cluster is shared out.

    Args:
        nodes: the resources of each node that is alive, as Ray counts them.
        device_name: auto, npu, cuda or cpu; auto for the first of them that the cluster has.
        workers: how many; None for one a card, or one for every four cores of a node.

    Raises:
        DeviceError: the cluster has no such card.
        UsageError: the name is of one card, or the cluster has too few cores for so many workers.
    """
    device = _device_type(nodes, device_name)
    if (card := RESOURCES.get(device)) is None:
        return _share_of_cores([node.get(_CPU, 0) for node in nodes], workers)
    with_cards = [node for node in nodes if node.get(card, 0) >= 1]
    if not with_cards:
        raise DeviceError(
            f"--device {device}: no node of the cluster has a {card}; start Ray there with "
            f"{_how_to_count(card)}"
        )
    count = workers or sum(int(node[card]) for node in with_cards)
    cores = min(int(node.get(_CPU, 0) / min(node[card], count)) for node in with_cards)
    return Share(device, count, max(1, min(_MOST_CPUS, cores)))


def _device_type(nodes: Sequence[Node], device_name: str) -> str:
    device, index = parse_device_name(device_name)
    if index is not None:
        raise UsageError(
            f"--device {device_name}: Ray gives each worker a card of its own; give --device "
            f"{device}, and how many with --workers"
        )
    if device != AUTO:
        return device
    found = (name for name, card in RESOURCES.items() if any(n.get(card, 0) >= 1 for n in nodes))
    return next(found, "cpu")


def _share_of_cores(cores: Sequence[float], workers: int | None) -> Share:
    """Return shares of cores, each within a node and as large as it has a use for."""
    if workers is None:
        workers = max(1, sum(int(count) // _MOST_CPUS for count in cores))
    for cpus in range(_MOST_CPUS, 0, -1):
        if sum(int(count) // cpus for count in cores) >= workers:
            return Share("cpu", workers, cpus)
    raise UsageError(
        f"--workers {workers}: the cluster has {sum(map(int, cores))} cores; give at most so many"
    )


def _how_to_count(card: str) -> str:
    if card == _GPU:
        return "--num-gpus 8, say"
    return f"""--resources '{{"{card}": 8}}', say"""
