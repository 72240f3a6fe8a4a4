import ctypes
import os

from speech_toolkit.system.streams import stdout_to_stderr


def test_stdout_to_stderr_catches_native_prints(capfd):
    print("before")
    with stdout_to_stderr():
        print("python")
        ctypes.CDLL(None).printf(b"native\n")
        os.write(1, b"descriptor\n")
    print("after")
    captured = capfd.readouterr()
    assert captured.out == "before\nafter\n"
    assert sorted(captured.err.split()) == ["descriptor", "native", "python"]
