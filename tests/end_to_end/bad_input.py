"""Inputs that no script can use, and what must be seen of a script that was given one."""

import json
import shutil
import struct
import wave
from typing import NamedTuple

import numpy as np
import soundfile

from tests.end_to_end.support import run_many

LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
WRONG = 2


class Bad(NamedTuple):
    """One bad input: the flags that differ from a good command line, None to leave one out.

    The script is that of the good command line, unless another is named. "{dir}" in a flag is the
    directory of the material.
    """

    name: str
    flags: dict[str, str | None]
    message: str
    script: str | None = None
    stdin: bytes = b""


class Good(NamedTuple):
    """A command line that a bad one differs from."""

    script: str
    flags: dict[str, str]


def make_audio(directory):
    """Write good.wav, and files that are no audio or hold none that can be used."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000).astype(np.float32)
    soundfile.write(directory / "good.wav", noise, 16_000, subtype="PCM_16")
    shutil.copy(directory / "good.wav", directory / "audio.json")  # a name that a result may have
    (directory / "link.json").symlink_to("audio.json")
    soundfile.write(directory / "short.wav", noise[:300], 16_000)
    soundfile.write(directory / "nan.wav", np.append(noise[1:], np.nan), 16_000, subtype="FLOAT")
    with wave.open(str(directory / "no_samples.wav"), "wb") as empty:
        empty.setparams((1, 2, 16_000, 0, "NONE", ""))
    header = bytearray((directory / "good.wav").read_bytes())
    struct.pack_into("<I", header, 24, 7)
    (directory / "rate.wav").write_bytes(header)
    (directory / "empty.wav").touch()
    (directory / "text.wav").write_text("hello")
    (directory / "lfs.wav").write_text(LFS_POINTER)
    (directory / "film.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))


def copy_checkpoint(source, target, remove=(), **replaced):
    """Copy a model, without some of its files, and with other content in some: stem=content."""
    shutil.copytree(source, target)
    for file in remove:
        (target / file).unlink()
    for stem, content in replaced.items():
        file = {"weights": "model.safetensors"}.get(stem, f"{stem}.json")
        text = content if isinstance(content, bytes | str) else json.dumps(content)
        (target / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return target


def command_line(good, bad, material, output):
    """Return the arguments of a bad command line."""
    flags = good.flags | {"--output": str(output)} | bad.flags
    given = {flag: value for flag, value in flags.items() if value is not None}
    return [part.format(dir=material) for flag in given for part in (flag, given[flag])]


def run_rows(good, rows, material, workplace, forbid=()):
    """Run bad command lines in one process; return row name -> what it left."""
    commands = []
    for bad in rows:
        stdin = material / "stdin" / bad.name
        stdin.parent.mkdir(exist_ok=True)
        stdin.write_bytes(bad.stdin)
        arguments = command_line(good, bad, material, workplace / "out.json")
        commands.append((bad.script or good.script, arguments, stdin))
    return dict(zip((bad.name for bad in rows), run_many(commands, workplace, forbid), strict=True))


def assert_refused(finished, bad, workplace):
    """Expect the exit code of wrong input, one line that names it, and no file."""
    assert "FORBIDDEN IMPORT" not in finished.stderr, "found only after seconds of imports"
    assert finished.code == WRONG, finished
    assert "Traceback" not in finished.stderr
    *_, last_line = finished.stderr.splitlines()
    assert bad.message in last_line
    assert "error: " in last_line
    assert [path.name for path in workplace.rglob("*")] == [], "a failed run writes nothing"
