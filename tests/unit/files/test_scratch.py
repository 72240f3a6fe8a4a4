import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from speech_toolkit.errors import ToolkitError
from speech_toolkit.files.scratch import scratch_errors, scratch_folder, temporary_directory

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def root_in(directory):
    return directory / f"speech_toolkit-{os.getuid()}"


def killed_owner(directory):
    """Leave what a killed run leaves; return its folder."""
    code = (
        "import os, signal\n"
        "from speech_toolkit.files.scratch import scratch_folder\n"
        "with scratch_folder() as folder:\n"
        "    (folder / 'activations.npy').write_bytes(bytes(1000))\n"
        "    print(folder, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=dict(os.environ, TMPDIR=str(directory)),
        capture_output=True,
        text=True,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    return Path(run.stdout.strip())


def test_nothing_is_left_and_nobody_else_may_look(temporary):
    with scratch_folder() as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").touch()
        assert folder.parent == root_in(temporary)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert list(temporary.iterdir()) == []


def test_an_error_in_the_block_leaves_nothing_either(temporary):
    with pytest.raises(KeyboardInterrupt), scratch_folder():
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []


def test_two_folders_do_not_disturb_each_other(temporary):
    with scratch_folder() as one:
        (one / "kept").touch()
        with scratch_folder() as other:
            assert one != other
        assert (one / "kept").exists()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_run(temporary):
    left = killed_owner(temporary)
    assert (left / "activations.npy").exists()
    with scratch_folder():
        assert not left.exists()
    assert list(temporary.iterdir()) == []


def test_what_a_running_owner_has_stays(temporary):
    code = (
        "import sys\n"
        "from speech_toolkit.files.scratch import scratch_folder\n"
        "with scratch_folder() as folder:\n"
        "    print(folder, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        theirs = Path(process.stdout.readline().strip())
        with scratch_folder():
            assert theirs.is_dir()
        assert theirs.is_dir()
        process.communicate()
    assert process.returncode == 0
    assert list(temporary.iterdir()) == []


def test_a_planted_link_is_not_followed(temporary):
    mine = temporary / "mine"
    (mine / "project").mkdir(parents=True)
    (mine / "project.lock").touch()
    root_in(temporary).symlink_to(mine)
    own = "set TMPDIR to a directory of your own"
    with pytest.raises(ToolkitError, match=own), scratch_folder():
        pass
    assert sorted(path.name for path in mine.iterdir()) == ["project", "project.lock"]


def test_a_folder_of_another_user_is_not_used(temporary, monkeypatch):
    root_in(temporary).mkdir()
    theirs = os.stat_result([0o40700, 0, 0, 2, os.getuid() + 1, 0, 0, 0, 0, 0])
    monkeypatch.setattr(os, "fstat", lambda descriptor: theirs)
    with pytest.raises(ToolkitError, match="another user's directory"), scratch_folder():
        pass


def test_a_folder_open_to_all_is_closed(temporary):
    root_in(temporary).mkdir(0o755)
    with scratch_folder() as folder:
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_there_is_a_place_without_the_variable(monkeypatch):
    monkeypatch.delenv("TMPDIR")
    assert temporary_directory() == Path("/tmp")


def test_a_directory_that_is_not_there_is_named(temporary, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(temporary / "gone"))
    assert temporary_directory() == temporary / "gone"
    with pytest.raises(ToolkitError) as refused, scratch_folder():
        pass
    assert str(refused.value) == (
        f"temporary files cannot be written to {temporary / 'gone'} "
        "(No such file or directory); free space there, or set TMPDIR to a directory with room"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device"),
        (OSError("4096 requested and 0 written"), "4096 requested and 0 written"),  # NumPy's
    ],
)
def test_a_full_disk_is_one_line_with_the_way_out(error, reason):
    with pytest.raises(ToolkitError) as refused, scratch_errors():
        raise error
    message = str(refused.value)
    assert f"({reason})" in message
    assert "TMPDIR" in message
    assert refused.value.exit_code == 2


def test_a_file_system_without_locks_is_used_and_never_cleared(temporary, monkeypatch):
    left = killed_owner(temporary)

    def no_locks(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with scratch_folder() as folder:
        assert folder.is_dir()
        assert left.is_dir()
