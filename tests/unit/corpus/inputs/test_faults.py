import pickle

import pytest

from speech_toolkit.corpus.inputs.faults import SHOWN, Faults, InputsError


def told(count, *name):
    faults = Faults("--manifest", *name)
    for number in range(count):
        faults.add(f"m:{number}", "is bad")
    with pytest.raises(InputsError) as caught:
        faults.raise_if_any()
    return caught.value


def test_no_fault_is_no_error():
    Faults("--audio").raise_if_any()


def test_one_fault_is_one_line():
    error = told(1, "m")
    assert (error.lines, str(error)) == (("--manifest m:0: is bad",), "--manifest m:0: is bad")


@pytest.mark.parametrize(("count", "more"), [(SHOWN, []), (SHOWN + 1_234, ["and 1,234 more"])])
def test_of_many_faults_the_first_are_shown(count, more):
    error = told(count, "m")
    shown = [f"m:{number}: is bad" for number in range(SHOWN)]
    assert list(error.lines) == [
        f"--manifest m: {count:,} faults, nothing was done:",
        *shown,
        *more,
    ]
    assert (str(error).splitlines(), error.count) == (list(error.lines), count)


def test_the_error_can_leave_a_process():
    error = pickle.loads(pickle.dumps(told(2)))
    assert (error.lines[0], error.count) == ("--manifest: 2 faults, nothing was done:", 2)
