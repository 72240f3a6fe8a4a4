"""Faults planted on the emulated NPU are caught and named, and a clean run passes.

One process runs every fault of a family; the evaluation takes them for as many cards. The cards
compute as their chip does: a 910B2 is held to the tight limits, a 310P3, whose GELU is the tanh
form alone and whose products are those of float16, to the published ones, and a fault has to stand
out beside that.
"""

import sys

import pytest

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.evaluation.parity import evaluation as parity
from speech_toolkit.evaluation.parity.evaluation import ParityEvaluation
from speech_toolkit.evaluation.parity.limits import PUBLISHED, TIGHT
from speech_toolkit.evaluation.parity.request import ParityRequest
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.processes.runner import Outcome, run_isolated
from tests.emulated_npu import build
from tests.end_to_end.planted_faults import CLEAN, FALLBACK
from tests.end_to_end.support import REPOSITORY, SAMPLES

pytestmark = pytest.mark.usefixtures("emulated_npu")

# label -> (fault, module and arguments; the key of the report that names it; words it is named by)
CULPRIT = "culprits"
MMS = {
    "noise": (("noise", "wav2vec2.encoder.layers.2.attention", 1e-2), CULPRIT, "noise"),
    "epsilon": (
        ("epsilon", "wav2vec2.encoder.layers.3.layer_norm", 1e-3),
        CULPRIT,
        "epsilon of 0.001",
    ),
    "epsilon in front": (
        ("epsilon", "wav2vec2.feature_extractor.conv_layers.2.layer_norm", 1e-2),
        CULPRIT,
        "epsilon of 0.01",
    ),
    "NaN": (("not_a_number", "wav2vec2.encoder.layers.1.feed_forward"), CULPRIT, "NaN"),
    "half convolution": (
        ("half_precision", "wav2vec2.feature_extractor.conv_layers.3.conv"),
        CULPRIT,
        "float16",
    ),
    "half linear": (
        ("half_precision", "wav2vec2.encoder.layers.0.attention.q_proj"),
        CULPRIT,
        "float16",
    ),
    "swapped channels": (
        ("swapped_channels", "wav2vec2.feature_extractor.conv_layers.4.conv", 3, 7),
        CULPRIT,
        "channels 3 and 7 changed places",
    ),
    "swapped in attention": (
        ("swapped_channels", "wav2vec2.encoder.layers.5.attention.v_proj", 10, 100),
        CULPRIT,
        "channels 10 and 100 changed places",
    ),
    "overflow": (
        ("overflow", "wav2vec2.encoder.layers.2.feed_forward", 3),
        CULPRIT,
        "the error is in 1 of 192 channels (3)",
    ),
    "weights on the CPU": (
        ("left_on_cpu", "wav2vec2.encoder.layers.0.feed_forward"),
        "misplaced_tensors",
        "on cpu",
    ),
    "operator on the CPU": (
        ("operator_on_the_cpu", "wav2vec2.encoder.layers.2.final_layer_norm"),
        "fallback_ops",
        "aten::softplus",
    ),
}
# What a chip computes by itself, or drowns, that has GELU in its tanh form alone and takes float32
# factors as float16.
OF_OLDER_CHIPS = {
    "TF32 in one product": (
        ("rounded_product", "wav2vec2.encoder.layers.4.attention.out_proj", "tf32"),
        CULPRIT,
        "rounded to tf32",
    ),
    "HF32 in convolutions": (
        ("rounded_convolutions", "wav2vec2.feature_extractor.conv_layers.0.conv", "hf32"),
        CULPRIT,
        "rounded to hf32",
    ),
    "faint noise": (
        ("noise", "wav2vec2.encoder.layers.4.feed_forward", 3e-4),
        CULPRIT,
        "",
    ),
    "tanh in one module": (
        ("tanh_gelu", "wav2vec2.encoder.layers.3.feed_forward.intermediate_act_fn"),
        CULPRIT,
        "GELU in its tanh form",
    ),
}
HALF = {
    "overflow": (("overflow", "wav2vec2.encoder.layers.2.feed_forward", 3), CULPRIT, ""),
    "noise": (("noise", "wav2vec2.encoder.layers.2.attention", 1e-2), CULPRIT, "noise"),
}
WHISPER = {
    "noise": (("noise", "model.encoder.layers.1.self_attn", 1e-2), CULPRIT, "noise"),
    "epsilon": (
        ("epsilon", "model.encoder.layers.0.self_attn_layer_norm", 1e-2),
        CULPRIT,
        "epsilon",
    ),
    "NaN": (("not_a_number", "model.decoder.layers.0.fc1"), CULPRIT, "NaN"),
    "half convolution": (("half_precision", "model.encoder.conv2"), CULPRIT, "float16"),
    "swapped channels": (
        ("swapped_channels", "model.decoder.layers.1.fc2", 3, 7),
        CULPRIT,
        "channels 3 and 7 changed places",
    ),
    "weights on the CPU": (
        ("left_on_cpu", "model.encoder.layers.0.fc1"),
        "misplaced_tensors",
        "on cpu",
    ),
}


@pytest.fixture
def evaluate_faults(emulated_npu, monkeypatch):
    """Return a function that evaluates a bundled model with faults: label -> its report."""

    def evaluate(model, faults, layers="all", chip="Ascend910B2", dtype="float32", limits=TIGHT):
        labels = [CLEAN, *faults]
        outcomes = {}

        def run(target, payload, **how):
            if payload["model"]["device"] == "cpu":
                return run_isolated(target, payload, **how)
            if not outcomes:
                planted = {"faults": {label: fault[0] for label, fault in faults.items()}}
                with monkeypatch.context() as patch:
                    patch.setenv("EMULATED_NPU_CHIP", chip)
                    patch.setenv("EMULATED_NPU_FALLBACK_OPS", f"aten::{FALLBACK}")
                    patch.setattr(sys, "path", [str(build.install()), *sys.path])
                    whole = run_isolated(
                        "tests.end_to_end.planted_faults:run_planted", payload | planted, **how
                    )
                assert whole.ok, (whole.message, whole.log_tail)
                outcomes.update(dict(_single_outcomes(whole)))
            return outcomes[labels[int(payload["model"]["device"].removeprefix("npu:"))]]

        monkeypatch.setattr(parity, "run_isolated", run)
        targets = [Target(f"npu:{index}", dtype) for index in range(len(labels))]
        request = ParityRequest(
            model_path=str(REPOSITORY / "models" / model),
            audio_path=str(SAMPLES / "demo.wav"),
            targets=(Target("cpu", "float32"), *targets),
            warmup=0,
            runs=1,
            layers=layers,
            noise_floor=False,
            max_audio_s=2.0,
            limits=limits,
        )
        report, code = ParityEvaluation(request, Reporter(quiet=True)).run([])
        return dict(zip(labels, report["candidates"], strict=True)), code

    return evaluate


def _single_outcomes(whole):
    for label, result in whole.result.items():
        assert "error" not in result, f"{label}: {result['error']}"
        arrays = {
            name.partition("/")[2]: array
            for name, array in whole.arrays.items()
            if name.startswith(f"{label}/")
        }
        yield label, Outcome(label, "ok", result, arrays, None, 0, whole.elapsed_s, ())


def check_caught(found, faults):
    assert found[CLEAN]["verdict"] == "PASS", found[CLEAN]["reasons"]
    assert (found[CLEAN]["speedup"] is None) == (found[CLEAN]["speedup_withheld"] is not None)
    for label, ((_, module, *_), key, words) in faults.items():
        report = found[label]
        assert report["verdict"] == "FAIL", label
        assert report["speedup"] is None, label
        if key == CULPRIT:
            first = report["layers"]["culprits"][0]
            assert first["module"] == module, (label, first)
            assert words in (first["explanation"] or ""), (label, first)
        else:
            assert any(words in text for text in report[key]), (label, report[key])
            assert key != "misplaced_tensors" or module in report[key][0]


@pytest.mark.slow
def test_faults_in_an_aligner(evaluate_faults):
    found, code = evaluate_faults("tiny-mms-aligner", OF_OLDER_CHIPS | MMS)
    assert code == 1
    check_caught(found, OF_OLDER_CHIPS | MMS)


@pytest.mark.slow
def test_faults_in_an_aligner_on_an_older_chip(evaluate_faults):
    found, code = evaluate_faults("tiny-mms-aligner", MMS, chip="Ascend310P3", limits=PUBLISHED)
    assert code == 1
    check_caught(found, MMS)


@pytest.mark.slow
@pytest.mark.parametrize("chip", ["Ascend910B2", "Ascend310P3"])
def test_faults_in_float16_whether_or_not_the_chip_saturates(evaluate_faults, chip):
    found, code = evaluate_faults("tiny-mms-aligner", HALF, chip=chip, dtype="float16")
    assert code == 1
    check_caught(found, HALF)
    explanation = found["overflow"]["layers"]["culprits"][0]["explanation"]
    assert ("NaN or Inf" in explanation) == (chip == "Ascend910B2")


@pytest.mark.slow
def test_faults_in_a_whisper(evaluate_faults):
    found, code = evaluate_faults("tiny-whisper", WHISPER)
    assert code == 1
    check_caught(found, WHISPER)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "attention"),
    [
        ("tiny-mms-aligner", "wav2vec2.encoder.layers.3.attention"),
        ("tiny-whisper", "model.encoder.layers.2.self_attn"),
    ],
)
def test_a_fault_in_one_attention_is_noticed_without_asking_for_layers(
    evaluate_faults, model, attention
):
    faults = {"noise": (("noise", attention, 3e-2), CULPRIT, "")}
    found, code = evaluate_faults(model, faults, layers="blocks")
    assert code == 1
    assert found[CLEAN]["verdict"] == "PASS", found[CLEAN]["reasons"]
    assert found[CLEAN]["sensitivity"]["smallest_noticed"] <= 0.03
    assert found["noise"]["layers"]["culprits"][0]["module"] == attention
