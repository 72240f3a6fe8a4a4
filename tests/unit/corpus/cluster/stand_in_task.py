"""A task without a model, whose items say by their text what befalls their worker."""

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from speech_toolkit.errors import CheckpointError, DeviceError
from speech_toolkit.outcomes import Outcome, outcome_of
from tests.unit.corpus import stand_in

KILLS, KILLS_ONCE, HANGS, STOPS_DEVICE = "kills", "kills once", "hangs", "stops device"


@dataclass(frozen=True)
class Forms:
    """Two small files."""

    def render(self, item, document):
        return {name: text.encode() for name, text in stand_in.render(item, document).items()}


@dataclass(frozen=True)
class Read:
    item: object
    audio_s: float = 1.0


class Model:
    device_label = "cpu"
    streams = 1

    def __init__(self, item_s=0.0):
        self.item_s = item_s

    def read(self, item, limit_s=None):
        if not Path(item.audio_path).exists():
            return Read(item)
        _befall(item)
        return Read(item)

    def hear(self, inputs, stop):
        failed = False
        for item, read in inputs:
            time.sleep(self.item_s)
            failed = failed or item.text == STOPS_DEVICE
            if failed:
                yield item, Outcome(error=DeviceError("cpu: lost"))
            else:
                document = outcome_of(lambda read=read: stand_in.align(read.item))
                yield item, Outcome(lambda document=document: document.result, document.error)
            if stop.is_set():
                return


@dataclass(frozen=True)
class Task:
    """What is done with each item.

    Attributes:
        fault: of loading: None, or the message of an error.
        item_s: how long the device takes for an item.
    """

    fault: str | None = None
    item_s: float = 0.0
    forms: Forms = field(default_factory=Forms)
    bundled_model: str | None = None
    checkpoint_name: str = "stand-in"

    def load(self, device, on_device):
        if self.fault is not None:
            raise CheckpointError(self.fault)
        return Model(self.item_s)


def _befall(item):
    if item.text == KILLS:
        os.kill(os.getpid(), signal.SIGKILL)
    if item.text == KILLS_ONCE:
        scar = Path(item.audio_path + ".scar")
        if not scar.exists():
            scar.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if item.text == HANGS:
        time.sleep(3600)
