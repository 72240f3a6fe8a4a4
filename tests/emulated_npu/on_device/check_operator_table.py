"""The table of operators against what the models run on a card, and its measurements.

Run by test_emulated_npu.py in a process that has the stand-in torch_npu.
"""

from collections import defaultdict
from pathlib import Path

import pytest
import soundfile
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from speech_toolkit.alignment.aligner import Aligner
from speech_toolkit.device.self_test.operators import OPERATORS
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.transcriber import Transcriber
from tests.replicas.ctc import ctc_forms, write_ctc

REPOSITORY = Path(__file__).resolve().parents[3]
CTC = (
    *("wav2vec2-large-960h", "mms-1b-all", "HuBERT with batch norm"),
    *("wavlm-libri-clean-100h-base-plus", "wavlm-libri-clean-100h-large"),
)
# Moves to and from the host, which every measurement makes, and what touches no value.
NOT_TRIED = {"is_nonzero", "empty", "detach"}


class Trace(TorchDispatchMode):
    """Notes which operators run on a card, and in which dtypes; views are none.

    Attributes:
        dtypes: of their results by operator; "int64" for all that are not floating-point.
    """

    def __init__(self):
        super().__init__()
        self.dtypes = defaultdict(set)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        made = [each for each in tree_leaves(found) if isinstance(each, torch.Tensor)]
        tensors = given + made
        name = plain_name(func.overloadpacket.__name__)
        on_card = made and all(each.device.type == "npu" for each in tensors)
        if on_card and name not in NOT_TRIED and not is_view(func, given, made):
            result = made[0]
            self.dtypes[name].add(str(result.dtype)[6:] if result.is_floating_point() else "int64")
        return found


def is_view(func, given, made):
    if func._schema.is_mutable:
        return False
    memory = {each.untyped_storage().data_ptr() for each in given}
    return bool(made) and all(each.untyped_storage().data_ptr() in memory for each in made)


def plain_name(name):
    """Operators in place and with an output of their own are the operator all the same."""
    return name if name.startswith("__") else name.removesuffix("_")


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    samples, rate = soundfile.read(REPOSITORY / "samples/demo.wav", frames=32000)
    soundfile.write(path, samples, rate)
    return path


@pytest.fixture(scope="module")
def trace(speech, tmp_path_factory):
    """All that the models run, in float32 and float16, with either kernel of attention."""
    folder = tmp_path_factory.mktemp("replicas")
    directories = [write_ctc(ctc_forms()[name], folder / name) for name in CTC]
    trace = Trace()
    for dtype in ("float32", "float16"):
        for directory in [REPOSITORY / "models/tiny-mms-aligner", *directories]:
            language = "eng" if "1b" in directory.name else None
            aligner = Aligner.load(directory, "npu:0", dtype, language=language)
            with trace:
                aligner.align(speech, "he")
        for attention in ("sdpa", "eager"):
            trace_whisper(trace, speech, dtype, attention)
    return trace.dtypes


def trace_whisper(trace, speech, dtype, attention):
    transcriber = Transcriber.load(
        REPOSITORY / "models/tiny-whisper", "npu:0", dtype, attn_implementation=attention
    )
    for timestamps, temperature in (("segment", 0.0), ("word", 0.4)):
        settings = TranscriptionSettings(
            timestamps=timestamps,
            temperatures=(temperature,),
            max_new_tokens=12,
            record_margins=True,
        )
        with trace:
            transcriber.transcribe(speech, settings)


def tried_dtypes():
    dtypes = defaultdict(set)
    for operator in OPERATORS:
        dtypes[plain_name(operator.name)] |= set(operator.dtypes)
    return dtypes


def test_every_operator_of_the_models_is_tried_in_its_dtypes(trace):
    tried = tried_dtypes()
    untried = {name: used - tried[name] for name, used in trace.items() if used - tried[name]}
    assert untried == {}


def test_every_operator_that_is_tried_is_one_of_the_models(trace):
    unused = {
        name: lacking
        for name, tried in tried_dtypes().items()
        if (lacking := tried - trace.get(name, set()) - {"bfloat16"})
    }
    assert unused == {}
