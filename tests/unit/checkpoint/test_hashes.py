from speech_toolkit.checkpoint.hashes import description_hash, weights_hash


def test_weights_hash(tmp_path):
    assert weights_hash(tmp_path) is None
    (tmp_path / "pytorch_model.bin").write_bytes(b"old")
    old = weights_hash(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"new")
    new = weights_hash(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"changed")
    assert len({old, new, weights_hash(tmp_path)}) == 3


def test_description_hash(tmp_path):
    hashes = [description_hash(tmp_path)]
    for name, content in (("vocab.json", "{}"), ("vocab.json", "[]"), ("config.json", "{}")):
        (tmp_path / name).write_text(content)
        hashes.append(description_hash(tmp_path))
    assert len(set(hashes)) == 4
    (tmp_path / "README.md").write_text("about")
    assert description_hash(tmp_path) == hashes[-1]
