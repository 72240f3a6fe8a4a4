import pytest

from speech_toolkit.corpus.inputs.faults import InputsError
from speech_toolkit.corpus.inputs.read import read_manifest_items


class Corpus:
    """A directory with recordings, for manifests to be written into."""

    def __init__(self, root):
        self.root = root

    def add(self, *names, content=b"RIFF"):
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def items(self, name, content, needs_text=True, format_name="auto", strict=True):
        path = self.write(name, content)
        return read_manifest_items(
            path, needs_text=needs_text, format_name=format_name, strict=strict
        )

    def faults(self, name, content, needs_text=True, format_name="auto"):
        """Return what is told of a manifest, a line for each fault."""
        with pytest.raises(InputsError) as caught:
            self.items(name, content, needs_text, format_name)
        lines = caught.value.lines
        told = [lines[0].removeprefix("--manifest ")] if len(lines) == 1 else lines[1:]
        return [self.without_root(line) for line in told]

    def without_root(self, line):
        return line.replace(f"{self.root}/", "")


@pytest.fixture
def corpus(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    found = Corpus(root)
    found.add("a.wav", "sub/b.flac", "wavs/LJ1.wav", "wavs/LJ2.wav")
    return found
