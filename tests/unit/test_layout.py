"""The plan of the package: imports go down, in no circle, and files are short."""

import ast
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "speech_toolkit"
LONGEST_FILE_LINES = 350

# What stands on one line may not import each other, and each imports only from the lines below.
FLOORS = (
    ("cli",),
    ("evaluation", "corpus"),
    ("formats", "families"),
    ("alignment", "transcription"),
    ("checkpoint",),
    ("processes",),
    ("audio", "device"),
    ("progress", "versions", "bundled"),
    ("page_parts",),
    ("languages", "lists", "ranges", "outcomes"),
    ("files",),
    ("system",),
    ("errors", "exit_codes"),
)
FLOOR_OF = {room: len(FLOORS) - n for n, rooms in enumerate(FLOORS) for room in rooms}


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_by(path):
    """Yield what a file imports of the package, inside functions and for types included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import; write the whole name"
            named = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in named:
            if name.startswith("speech_toolkit."):
                name = name.removeprefix("speech_toolkit.")
                yield name if name in MODULES else name.rpartition(".")[0]


IMPORTS = {
    name: {other for other in imported_by(path) if other} - {name}
    for name, path in MODULES.items()
    if not name.endswith("__main__")  # a script, run with python -m
}


def rooms_of(package):
    """Return which room of a package imports which, each with the imports of files behind it."""
    found = defaultdict(lambda: defaultdict(set))
    prefix = f"{package}." if package else ""
    for name, others in IMPORTS.items():
        for other in others:
            if name.startswith(prefix) and other.startswith(prefix):
                here, there = (x.removeprefix(prefix).split(".")[0] for x in (name, other))
                if here != there:
                    found[here][there].add(f"{name} imports {other}")
    return found


def circle_in(rooms):
    """Return the files' imports along one circle of rooms; [] where there is none."""
    finished, path = set(), []

    def visit(room):
        if room in path:
            circle = [*path[path.index(room) :], room]
            return [line for here, there in pairwise(circle) for line in sorted(rooms[here][there])]
        if room in finished:
            return []
        path.append(room)
        for there in list(rooms.get(room, ())):
            if found := visit(there):
                return found
        finished.add(path.pop())
        return []

    return next(filter(None, map(visit, list(rooms))), [])


@pytest.mark.parametrize(
    "package", ["", *(name for name, path in MODULES.items() if path.name == "__init__.py" if name)]
)
def test_no_rooms_import_each_other_in_a_circle(package):
    circle = circle_in(rooms_of(package))
    assert not circle, "a circle of rooms:\n" + "\n".join(circle)


def test_a_circle_is_found():
    rooms = {"a": {"b": {"a.x imports b"}}, "b": {"c": {"b imports c"}}}
    assert circle_in(rooms) == []
    rooms["c"] = {"b": {"c imports b"}}
    assert circle_in(rooms) == ["b imports c", "c imports b"]


def test_every_room_has_a_floor():
    assert {name.split(".")[0] for name in MODULES if name} == set(FLOOR_OF)


def test_imports_go_down():
    upwards = [
        line
        for here, others in rooms_of("").items()
        for there, lines in others.items()
        if FLOOR_OF[there] >= FLOOR_OF[here]
        for line in sorted(lines)
    ]
    assert not upwards, "upwards:\n" + "\n".join(upwards)


def test_only_scripts_know_the_command_line():
    knowing = [
        f"{name} imports {other}"
        for name, others in IMPORTS.items()
        for other in others
        if other.split(".")[0] == "cli" and name.split(".")[0] != "cli"
    ]
    assert not knowing, "\n".join(knowing)


def test_scripts_import_no_script_but_the_chosen_one():
    scripts = {path.stem: path for path in ROOT.glob("*.py")}
    for name, path in scripts.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            module
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for module in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
            )
        }
        assert name == "inference" or not imported & scripts.keys(), f"{name} imports a script"


def rooms_in(page):
    """Yield the rooms of the package, those in them and its single files, as a page lists them."""
    listed = page.read_text(encoding="utf-8").partition("\nspeech_toolkit/\n")[2]
    room = ""
    for line in listed.splitlines():
        if not line.startswith("  "):
            return
        if opened := re.match(r"  (\w+)/(.*)", line):
            room, line = opened.groups()
            yield room
        yield from (f"{room}/{name}" for name in re.findall(r"(\w+)/", line))
        yield from re.findall(r"\w+\.py", line)


@pytest.mark.parametrize("name", ["design.md", "design.zh-CN.md"])
def test_the_plan_of_the_documents_is_that_of_the_package(name):
    rooms = {path.parent.relative_to(PACKAGE) for path in MODULES.values()}
    there = {room.as_posix() for room in rooms if 0 < len(room.parts) <= 2}
    there |= {path.name for path in PACKAGE.glob("[!_]*.py")}
    assert set(rooms_in(ROOT / "docs" / name)) == there


@pytest.mark.parametrize("folder", ["speech_toolkit", "tools", "benchmarks", "tests", "."])
def test_files_are_short(folder):
    paths = (ROOT / folder).glob("*.py") if folder == "." else (ROOT / folder).rglob("*.py")
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LONGEST_FILE_LINES}
    assert not long, f"over {LONGEST_FILE_LINES} lines"
