"""Odd values, and what became of an attempt with one: for the tests that feed many of them."""

import contextlib
import json
import resource
import signal
from collections import Counter
from pathlib import Path

from speech_toolkit.errors import ToolkitError

MOST_SECONDS = 120
MOST_NEW_BYTES = 4 << 30
_HUGE = 10**4000
_DEEP = json.loads("[" * 400 + "]" * 400)

VALUES = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 64, 255, 1500, 65_536, 10**6, 10**9, 10**12, 10**30),
    *(_HUGE, -_HUGE, 0.0, -0.1, 0.5, 1.5, 2.0, 1e-300, 1e300, -1e300),
    *(float("nan"), float("inf"), -float("inf")),
    *("", " ", "evil", "0", "16000", "en", "hindi", "<|en|>", "gelu", "group", "right", "float16"),
    *("../../etc/passwd", "/dev/zero", "a\nb", "\0", "\ud800", "e\u0301", "x" * 5000),
    *(
        [],
        [0],
        [1, 1],
        [[1]],
        [[0, 0]],
        [[1, None]],
        [[1, 2, 3]],
        [None],
        ["a"],
        [[]],
        [{}],
        [_HUGE],
    ),
    *([1] * 5000, [1e300], [-1], _DEEP),
    *({}, {"a": 1}, {"a": "b"}, {"0": {"content": "a"}}, {"<|en|>": 10**9}, {"<|en|>": -1}),
    *({"content": "<|x|>"}, {"content": 3}, {"\ud800": 1}, {"": 0}, {"transcribe": "x"}),
)
TEXTS = (
    *("", " ", "{", "[]", "null", "{}", '{"a": }', "[" * 100_000, '{"a":' * 100_000),
    *('{"vocab_size": ' + "9" * 5000 + "}", '{"a": NaN}', "\ufeff{}", "\0", "\x80\xff"),
    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
)


def near(value):
    """Return values that look like one and are not."""
    if isinstance(value, bool):
        return (not value, str(value).lower(), int(value))
    if isinstance(value, int | float):
        return (value + 1, value - 1, 2 * value, -value, float(value), str(value), [value])
    if isinstance(value, str):
        return (value.upper(), value + "x", [value], {"content": value})
    if isinstance(value, list):
        return (value[1:], value + value, [value], value[::-1], dict(enumerate(value)), str(value))
    return (str(value), [value], list(value) if value else None)


class Outcomes:
    """Counts attempts by what became of them, and keeps those that must not happen."""

    def __init__(self):
        self.kinds = Counter()
        self.faults = []

    @contextlib.contextmanager
    def attempt(self, name, *, usage_errors=False):
        """Count what the block does: a result, or an error of ours.

        Args:
            name: what is attempted.
            usage_errors: whether a command line is: argparse may end it, and what prints errors
                makes one short line of what the user wrote.
        """
        kind = "result"
        try:
            with _time_limit():
                yield
        except ToolkitError as error:
            kind = type(error).__name__
            told = str(error)
            is_line = usage_errors or ("\n" not in told and len(told) < 2000)
            if not is_line or "memory" in told:
                self.faults.append(f"{name}: {kind}: {told[:500]}")
        except SystemExit as error:
            kind = f"exit {error.code}"
            if not usage_errors or error.code != 2:
                self.faults.append(f"{name}: {kind}")
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            kind = f"unforeseen {type(error).__name__}"
            self.faults.append(f"{name}: {kind}: {str(error)[:300]}")
        self.kinds[kind] += 1

    def assert_foreseen(self):
        """Print the counts; fail if anything but a result or an error of ours was seen."""
        print(f"{self.kinds.total()} attempts:", dict(self.kinds.most_common()))
        assert not self.faults, "\n".join([f"{len(self.faults)} faults", *self.faults])


@contextlib.contextmanager
def _time_limit():
    def stop(*_):
        raise TimeoutError(f"longer than {MOST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(MOST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def bounded_memory(most_new_bytes=MOST_NEW_BYTES):
    """Make every allocation fail that goes beyond what is mapped now and so many bytes more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (pages * resource.getpagesize() + most_new_bytes, before[1])
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
