"""The positional convolution's weight is computed once, in float32, and then rounded."""

import pytest

from speech_toolkit.alignment.models.registry import load_ctc_model, read_ctc_checkpoint
from speech_toolkit.device import Device
from tests.replicas.ctc import ctc_forms, write_ctc
from tests.replicas.files import save_tensors

CPU = Device("cpu", None, "cpu", "for a test")
WITH_WEIGHT_NORM = (
    "mms-300m-1130-forced-aligner",
    "hubert-large-ls960-ft",
    "wavlm-libri-clean-100h-base-plus",
)
OLD_NAMES = {"original0": "weight_g", "original1": "weight_v"}


def load(directory, dtype="float32"):
    import torch

    return load_ctc_model(read_ctc_checkpoint(directory), CPU, getattr(torch, dtype))


def theirs_of(directory, architecture):
    import torch
    import transformers

    model_class = getattr(transformers, architecture)
    return model_class.from_pretrained(directory, dtype=torch.float32).eval()


def positional(model):
    return getattr(model, model.base_model_prefix).encoder.pos_conv_embed.conv


@pytest.fixture(scope="module", params=WITH_WEIGHT_NORM)
def replica(request, tmp_path_factory):
    """A checkpoint whose positional convolution has weight normalisation, and its class's name."""
    form = ctc_forms()[request.param]
    return write_ctc(form, tmp_path_factory.mktemp("replica") / "model"), form.architecture


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_weight_is_transformers_own_rounded_once(replica, dtype):
    import torch

    directory, architecture = replica
    own, theirs = load(directory, dtype), theirs_of(directory, architecture)
    exact = positional(theirs).weight
    assert type(positional(own)) is torch.nn.Conv1d
    assert positional(own).weight.dtype is getattr(torch, dtype)
    assert torch.equal(positional(own).weight, exact.to(positional(own).weight.dtype))
    assert not [name for name, _ in own.named_modules() if "parametrizations" in name]
    hidden = {name for name, _ in theirs.named_modules() if "parametrizations" in name}
    assert {name for name, _ in own.named_modules()} == {
        name for name, _ in theirs.named_modules() if name not in hidden
    }


def test_log_probabilities_on_the_cpu_are_the_same_to_the_last_bit(replica):
    import torch

    directory, architecture = replica
    samples = torch.randn((2, 8000), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        own = load(directory)(samples).logits
        assert torch.equal(own, theirs_of(directory, architecture)(samples).logits)


def test_names_of_older_checkpoints_are_known(replica, tmp_path):
    import torch

    directory, architecture = replica
    tensors = theirs_of(directory, architecture).state_dict()
    for new, old in OLD_NAMES.items():
        tensors = {
            name.replace(f".parametrizations.weight.{new}", f".{old}"): tensor
            for name, tensor in tensors.items()
        }
    assert [name for name in tensors if name.endswith("conv.weight_g")]
    for file in directory.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    save_tensors(tensors, tmp_path / "pytorch_model.bin")
    weights = (positional(load(path, "float16")).weight for path in (directory, tmp_path))
    assert torch.equal(*weights)


def test_batch_normalisation_stays_in_the_dtype(tmp_path):
    import torch

    model = load(write_ctc(ctc_forms()["HuBERT with batch norm"], tmp_path / "model"), "bfloat16")
    assert isinstance(model.hubert.encoder.pos_conv_embed.batch_norm, torch.nn.BatchNorm1d)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    with torch.inference_mode():
        assert model(torch.randn((1, 8000), dtype=torch.bfloat16)).logits.isfinite().all()
