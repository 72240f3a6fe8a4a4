from speech_toolkit.checkpoint.hashes import weights_hash


def test_weights_hash(tmp_path):
    assert weights_hash(tmp_path) is None
    (tmp_path / "pytorch_model.bin").write_bytes(b"old")
    old = weights_hash(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"new")
    new = weights_hash(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"changed")
    assert len({old, new, weights_hash(tmp_path)}) == 3
