"""Used from Python the toolkit prints nothing, and leaves the process as it found it."""

import json
import os
import subprocess
import sys

import pytest

from tests.end_to_end.support import REPOSITORY, SAMPLES

# Documented in docs/devices.md.
VARIABLES = {
    "TORCH_DEVICE_BACKEND_AUTOLOAD",
    "OMP_WAIT_POLICY",
    "GOMP_SPINCOUNT",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY",
}

PROGRAM = """
import gc, json, logging, os, signal, sys, threading, warnings
from pathlib import Path

import numba, torch, transformers
from transformers import Wav2Vec2ForCTC, WhisperFeatureExtractor
from transformers import WhisperForConditionalGeneration, WhisperTokenizerFast
from transformers.utils import logging as transformers_logging
from torch import _dynamo

def state():
    loggers = [logging.root, *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    return {
        "loggers": {
            each.name: [each.level, repr(each.handlers), each.propagate, each.disabled]
            for each in loggers if not each.name.startswith("speech_toolkit")
        },
        "logging": [logging.root.manager.disable, transformers_logging.get_verbosity()],
        "bars": transformers_logging.is_progress_bar_enabled(),
        "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "filters": list(map(str, warnings.filters)),
        "hooks": [warnings.showwarning.__module__, sys.excepthook.__name__, repr(sys.gettrace())],
        "signals": [repr(signal.getsignal(each)) for each in sorted(signal.valid_signals())],
        "streams": [repr(each) for each in (sys.stdin, sys.stdout, sys.stderr)],
        "folder": os.getcwd(),
        "environ": dict(os.environ),
        "threads": torch.get_num_threads(),
        "random": torch.initial_seed(),
        "gradients": torch.is_grad_enabled(),
        "dtype": str(torch.get_default_dtype()),
    }

said = []
listener = logging.Handler()
listener.emit = lambda record: said.append(record.getMessage())
logging.getLogger("speech_toolkit").addHandler(listener)
logging.getLogger("speech_toolkit").setLevel("INFO")
samples, silence, target = map(Path, sys.argv[1:])
before = state()
# THE USE
after = state()
target.write_text(json.dumps({"before": before, "after": after, "said": said, "found": found}))
"""

USES = {
    "models": """
from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.transcription import Transcriber

aligner = Aligner.load(device="cpu")
found = [len(aligner.align(samples / "demo.wav", (samples / "demo.txt").read_text()).words)]
greek = "Ο παλιός φαροφύλακας χαιρετούσε κάθε βάρκα."  # uroman turns garbage collection on and off
found += [len(aligner.align(samples / "demo.wav", greek, AlignmentSettings(language="ell")).words)]
transcriber = Transcriber.load(device="cpu")
found += [len(transcriber.transcribe(path).warnings) for path in (samples / "demo.wav", silence)]
""",
    "parity": """
from speech_toolkit.bundled import bundled_model
from speech_toolkit.evaluation.parity.evaluation import ParityEvaluation
from speech_toolkit.evaluation.parity.request import ParityRequest
from speech_toolkit.evaluation.targets import parse_targets
from speech_toolkit.progress import UNWATCHED

request = ParityRequest(
    str(bundled_model("tiny-mms-aligner")),
    str(samples / "demo.wav"),
    parse_targets("cpu:float32,cpu:bfloat16"),
    warmup=0,
    runs=1,
    layers="off",
    noise_floor=False,
    max_audio_s=3.0,
)
report, code = ParityEvaluation(request, UNWATCHED).run([])
found = report["candidates"][0]["status"]
""",
}


@pytest.mark.parametrize(
    "use", [pytest.param(use, marks=[pytest.mark.slow] * (use == "parity")) for use in USES]
)
def test_nothing_is_printed_and_the_process_is_left_as_it_was(tmp_path, use):
    import soundfile

    silence, target = tmp_path / "silence.wav", tmp_path / "state.json"
    soundfile.write(silence, [0.0] * 32_000, 16_000)
    program = PROGRAM.replace("# THE USE", USES[use])
    environment = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    finished = subprocess.run(
        [sys.executable, "-c", program, str(SAMPLES), str(silence), str(target)],
        cwd=REPOSITORY,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert (finished.stdout, finished.stderr) == ("", "")
    seen = json.loads(target.read_text())
    assert seen["found"], "it did nothing"
    before, after = seen["before"], seen["after"]
    changed = {
        name for name, value in after.pop("environ").items() if before["environ"].get(name) != value
    }
    assert changed <= VARIABLES
    assert not before.pop("environ").keys() & VARIABLES
    new_loggers = after["loggers"].keys() - before["loggers"].keys()
    for name in new_loggers:  # of a package that was imported only now
        assert after["loggers"].pop(name)[:2] == [0, "[]"], name
    assert after == before
    if use == "models":
        assert "Using cpu: asked for by name" in seen["said"]
