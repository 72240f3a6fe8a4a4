"""A task whose model does what the text of an item says: it answers, crashes, hangs or fails.

    python -m tests.unit.corpus.pool.planted FOLDER TEXT...

does items of these texts on two workers into FOLDER/out.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from speech_toolkit.cli.run_script import run_script
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.pool.pool import Pool
from speech_toolkit.corpus.run import run_items
from speech_toolkit.errors import (
    CheckpointError,
    DeviceError,
    OutOfMemoryError,
    TranscriptError,
)
from speech_toolkit.files.writing import utf8
from speech_toolkit.outcomes import outcome_of
from speech_toolkit.progress import LoggedProgress


class Forms:
    """Writes what was heard."""

    def render(self, item, document):
        return {f"{item.id}.txt": utf8(document["transcript"])}


@dataclass(frozen=True)
class Read:
    """What was read of an item."""

    text: str
    audio_s: float = 1.0


@dataclass(frozen=True)
class PlantedTask:
    """Nothing is loaded.

    Attributes:
        folder: for what lasts longer than a process.
        broken: devices on which the model cannot be loaded.
        crashing: devices on which whatever is loaded dies of the first item.
        erring: devices on which each item fails.
        no_model: whether there is none.
        load_s: seconds that loading takes.
    """

    folder: str
    broken: tuple[str, ...] = ()
    crashing: tuple[str, ...] = ()
    erring: tuple[str, ...] = ()
    no_model: bool = False
    load_s: float = 0.0
    forms: Forms = field(default_factory=Forms)

    def load(self, device, on_device):
        with (Path(self.folder) / "loads.txt").open("a") as file:
            told = (device, os.getpid(), os.environ.get("OMP_NUM_THREADS"), "torch" in sys.modules)
            print(*told, file=file)
        time.sleep(self.load_s)
        if self.no_model:
            raise CheckpointError("model: has no weights")
        if device in self.broken:
            raise DeviceError(f"{device} is out of order")
        LoggedProgress().warning("models speak too")
        return PlantedModel(self, device)


class PlantedModel:
    """Does what an item's text says, in the stage of the word before the colon."""

    def __init__(self, task, device):
        self.device_label = device
        self.streams = 1
        self._task = task
        self._folder = Path(task.folder)
        self._on_windows = None

    def read(self, item, limit_s=None):
        self._act(item, "read")
        return Read(item.text)

    def hear(self, inputs, stop, on_windows):
        self._on_windows = on_windows
        waiting = []
        for item, read in inputs:
            waiting.append((item, read))
            if len(waiting) == 3:  # a batch
                yield from self._batch(waiting)
                waiting = []
                if stop.is_set():
                    return
        if not stop.is_set():
            yield from self._batch(waiting)

    def _batch(self, waiting):
        if waiting and self.device_label in self._task.crashing:
            os.kill(os.getpid(), signal.SIGKILL)
        for item, _ in waiting:
            yield item, outcome_of(lambda item=item: self._heard(item))

    def _heard(self, item):
        if self.device_label in self._task.erring:
            raise DeviceError(f"{self.device_label}: an operator failed")
        self._act(item, "hear")
        return lambda: self._finish(item)

    def _finish(self, item):
        self._act(item, "finish")
        return {
            "transcript": item.text,
            "audio_duration": 1.0,
            "audio_load_time": 0.25,
            "infer_time": 0.5,
            "align_time": 0.125,
            "segments": [{"score": -1.0}],
            "device": self.device_label,
        }

    def _act(self, item, stage):
        where, _, what = item.text.partition(":")
        if where != stage:
            return
        what, _, how = what.partition(" ")
        if how == "once":
            mark = self._folder / f"{item.id}.tried"
            if mark.exists():
                return
            mark.touch()
        getattr(self, f"_{what}")()

    def _crash(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def _killed(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def _exit(self):
        print("so long", flush=True)
        os._exit(3)

    def _hang(self):
        time.sleep(1000)

    def _wait(self):
        (self._folder / "waiting").touch()
        while not (self._folder / "go").exists():
            time.sleep(0.01)

    def _beats(self):
        for _ in range(20):
            time.sleep(0.1)
            self._on_windows()

    def _memory(self):
        raise OutOfMemoryError("npu:0: out of memory in the encoder")

    def _device(self):
        raise DeviceError("npu:0: an operator failed")

    def _text(self):
        raise TranscriptError("holds nothing")

    def _odd(self):
        raise Odd(1, 2)


class Odd(Exception):
    """An error that no other process can be told."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def items_with(texts, folder="nowhere"):
    """Return items 0, 1, ... of texts."""
    return [
        Item(str(number), f"{folder}/{number}.wav", text, place=f"list:{number + 1}")
        for number, text in enumerate(texts)
    ]


def main(folder, *texts):
    """Do items of texts, record them, and leave as a script does."""
    items = items_with(texts, folder)
    pool = Pool(PlantedTask(folder), ("cpu", "cpu"), dict.fromkeys(items, 1.0))
    with open_journal(Path(folder) / "out", {}) as journal:
        for _ in run_items(items, pool, journal):
            pass
    return 0


if __name__ == "__main__":
    # The task that is sent to workers is of the module, not of the script that it is here too.
    from tests.unit.corpus.pool import planted

    run_script(planted.main, *sys.argv[1:])
