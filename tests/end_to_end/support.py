"""Running the scripts as a user does: in their own process, seen through exit code and output."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
MODEL = REPOSITORY / "models" / "tiny-mms-aligner"
WHISPER = REPOSITORY / "models" / "tiny-whisper"
SAMPLES = REPOSITORY / "samples"
SCRIPTS = sorted(path.name for path in REPOSITORY.glob("*.py"))
LONGEST_RUN_S = 900  # on a busy machine; what takes longer hangs
HEAVY_PACKAGES = ("torch", "transformers", "torch_npu")

# Run by Python at its start: ends the script when one of the named packages is imported.
FORBID_IMPORTS = """
import sys

class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name in {names!r}:
            sys.stderr.write("FORBIDDEN IMPORT of " + name + "\\n")
            sys.exit(99)

sys.meta_path.insert(0, Forbid())
"""

# Runs several command lines one after the other in one process, each as `python SCRIPT ...` would,
# since importing torch takes most of the time of each.
RUN_MANY = """
import ctypes, json, os, runpy, sys, tempfile, traceback

def run(script, arguments, stdin):
    sys.argv = [script, *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        kept = [os.dup(fd) for fd in (0, 1, 2)]
        source = os.open(stdin, os.O_RDONLY)
        for fd, target in enumerate((source, out.fileno(), err.fileno())):
            os.dup2(target, fd)
        try:
            runpy.run_path(script, run_name="__main__")
            code = 0
        except SystemExit as exit:
            code = exit.code or 0
        except BaseException:
            traceback.print_exc()
            code = 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            ctypes.CDLL(None).fflush(None)  # what native code of this command printed is its own
            for fd, saved in enumerate(kept):
                os.dup2(saved, fd)
                os.close(saved)
            os.close(source)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="backslashreplace"))
        return [code, *texts]

commands = json.load(sys.stdin)
sys.path.insert(0, os.path.dirname(commands[0][0]))
print(json.dumps([run(*command) for command in commands]))
"""


@dataclass(frozen=True)
class Finished:
    """What a script left behind."""

    code: int
    stdout: str
    stderr: str


def run_python(*arguments, cwd, stdin=b"", forbid=(), timeout_s=LONGEST_RUN_S):
    """Run Python without network; a script that imports what ``forbid`` names ends with code 99."""
    env = dict(os.environ, HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1")
    with tempfile.TemporaryDirectory() as start_up:
        (Path(start_up) / "sitecustomize.py").write_text(FORBID_IMPORTS.format(names=tuple(forbid)))
        finished = subprocess.run(
            [sys.executable, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=cwd,
            env=env | {"PYTHONPATH": start_up},
            timeout=timeout_s,
        )
    seen = Finished(finished.returncode, finished.stdout.decode(), finished.stderr.decode())
    return without_internal_error(seen)


def run_script(script, *arguments, **how):
    """Run one script of the repository as ``run_python`` does."""
    return run_python(REPOSITORY / script, *arguments, **how)


def run_many(commands, cwd, forbid=()):
    """Run (script, arguments) or (script, arguments, file for stdin) in one process, in order."""
    listing = [
        [str(REPOSITORY / script), [str(argument) for argument in arguments], *map(str, stdin)]
        for script, arguments, *stdin in (
            command if len(command) == 3 else (*command, os.devnull) for command in commands
        )
    ]
    finished = run_python(
        "-c", RUN_MANY, cwd=cwd, stdin=json.dumps(listing).encode(), forbid=forbid
    )
    assert finished.code == 0, finished
    return [without_internal_error(Finished(*result)) for result in json.loads(finished.stdout)]


def without_internal_error(finished):
    """Return what was given; no case that a test knows of may need the scripts' last net."""
    if finished.code == 70:
        report = Path(finished.stderr.split("please report it with ")[-1].strip())
        raise AssertionError(report.read_text() if report.is_file() else finished.stderr)
    return finished
