"""Functions that test_isolated.py runs in processes of their own."""

import atexit
import ctypes
import gc
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from speech_toolkit.errors import AudioError, OperatorError
from speech_toolkit.processes.child import report_done, save_partial


def double(payload):
    number = payload["number"]
    return {"doubled": 2 * number, "pid": os.getpid()}, {"ramp": np.arange(number)}


def variables(payload):
    return {"values": [os.environ.get(name) for name in payload["names"]]}, {}


def imported(payload):
    return {"modules": [name for name in ("torch", "numpy") if name in sys.modules]}, {}


def load(payload):
    from speech_toolkit.evaluation.models.family import load_model
    from speech_toolkit.evaluation.models.protocol import ModelSettings

    loaded = load_model(ModelSettings(payload["model_path"], "cpu", "float32"))
    gc.collect(0)
    return {"walked": len(gc.get_objects()), "loaded": len(list(loaded.model.modules()))}, {}


def complain(payload):
    raise AudioError("speech.wav is empty: record it again")


def fail_on_the_card(payload):
    raise OperatorError("npu:0: the model failed (aclnnMatmul, error code 507015)")


def divide(payload):
    return {"quotient": 1 / payload["by"]}, {}


def crash(payload):
    save_partial({"runs_s": [0.5, 0.25]})
    ctypes.string_at(0)


def kill(payload):
    os.kill(os.getpid(), signal.SIGKILL)


def exhaust_memory(payload):
    save_partial({"runs_s": [0.5]})
    raise MemoryError("Unable to allocate 4 TiB")


def hang(payload):
    sleeper = subprocess.Popen(["sleep", "60"])
    save_partial({"sleeper": sleeper.pid, "runs_s": [1.0]})
    if told := payload.get("told"):
        part = Path(told).with_suffix(".part")
        part.write_text(json.dumps([os.getpid(), sleeper.pid]))
        part.rename(told)
    time.sleep(60)


def talk(payload):
    logger = logging.getLogger("speech_toolkit.test")
    logger.info("Using cpu")
    logger.warning("the waveform is silence")
    print("a bar of a library", file=sys.stderr)
    os.write(1, b"printed by native code\n")
    return {}, {}


def work(payload):
    for units in payload["units"]:
        report_done(units)
    print("[DONE] with it", flush=True)
    if payload["dies"]:
        ctypes.string_at(0)
    return {}, {}


def chatter(payload):
    for number in range(20_000):
        print("line", number)
    return {}, {}


def fill_the_disk(payload):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as good as a full disk
    atexit.register(print, "a file that a library left open could not be closed")
    return {}, {"ramp": np.arange(1000)}
