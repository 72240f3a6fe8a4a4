"""The functions that run in processes of their own, and what importing them does."""

import ast

from tests.end_to_end.support import REPOSITORY, run_python
from tests.unit.test_layout import MODULES

RUNNER = "processes.runner"


def is_entry_point(node):
    """Whether `run_isolated` could call it: it takes a payload and returns a dict and arrays."""
    return (
        isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and [each.arg for each in node.args.args] == ["payload"]
        and ast.unparse(node.returns).startswith("tuple[")
    )


WITH_ENTRY_POINTS = [
    name
    for name, path in MODULES.items()
    if any(map(is_entry_point, ast.parse(path.read_text(encoding="utf-8")).body))
]


def test_none_imports_torch_before_the_device_sets_its_environment():
    imports = [f"print('{each}'); import speech_toolkit.{each}" for each in WITH_ENTRY_POINTS]
    found = run_python("-c", "\n".join(imports), cwd=REPOSITORY, forbid=("torch",))
    assert found.code == 0, found.stdout.splitlines()[-1] + " or what it imports: " + found.stderr


def test_every_room_that_starts_processes_is_looked_at():
    starting = [
        name
        for name, path in MODULES.items()
        if "run_isolated(" in path.read_text(encoding="utf-8") and name != RUNNER
    ]
    rooms = [{name.rpartition(".")[0] for name in each} for each in (starting, WITH_ENTRY_POINTS)]
    assert rooms[0] == rooms[1]
