"""Do the documents speak of the scripts that are there, alike in both languages, and run?"""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest

from speech_toolkit.alignment.models.registry import CTC_MODELS
from tests.end_to_end.documents import (
    CHINESE,
    CODE,
    SCRIPTS,
    commands,
    messages,
    pages,
    parser_of,
    read,
    script_and_arguments,
    without_comments,
)
from tests.end_to_end.support import REPOSITORY

README_BYTES = 8192
PAGE_OF = {
    "inference_mms": "docs/alignment.md",
    "inference_whisper": "docs/recognition.md",
    "convert": "docs/formats.md",
    "evaluate": "docs/evaluation.md",
    "eval_accuracy": "docs/evaluation.md",
    "eval_perf": "docs/evaluation.md",
}
OPTIONS_OF_SEVERAL = "docs/formats.md"  # scripts, that their own pages refer to
SCHEMAS_OF = {
    "docs/alignment.md": ("alignment",),
    "docs/recognition.md": ("transcription",),
    "docs/evaluation.md": (
        *("evaluation", "accuracy", "perf", "compare", "benchmark"),
        *("manifest", "word_times"),
    ),
    "docs/devices.md": ("self_test",),
}
PAGES = pages()
ENGLISH = [path for path in PAGES if not path.name.endswith(CHINESE)]
TROUBLE = "docs/troubleshooting.md"
PROGRAMS = ("jq",)


def named(paths):
    """Return test parameters that are called as the pages are."""
    return [pytest.param(path, id=path.relative_to(REPOSITORY).as_posix()) for path in paths]


def chinese(path):
    """Return the page in the other language."""
    return path.with_name(path.name.removesuffix(".md") + CHINESE)


@pytest.mark.parametrize("path", named(PAGES))
def test_command_lines_are_what_the_parsers_take(path):
    wrong = []
    for block in read(path).blocks:
        wrong += [f"line {block.line}: {said}" for said in complaints(block.shell)]
    for code in read(path).code_spans:
        if re.match(r"python \w+\.py ", code):
            wrong += [f"{code}: {said}" for said in complaints(code)]
    assert not wrong, f"{read(path).name}: {wrong}"


def complaints(shell):
    """Return what the scripts' own parsers have against command lines."""
    wrong = []
    for command in commands(shell):
        if not (called := script_and_arguments(command)):
            continue
        script, arguments = called
        if not (REPOSITORY / script).is_file():
            wrong.append(f"there is no {script}")
        elif parser := parser_of(script, arguments):
            said = StringIO()
            try:
                with redirect_stderr(said):
                    parser.parse_args(arguments)
            except SystemExit:
                wrong.append(said.getvalue().splitlines()[-1])
    return wrong


@pytest.mark.parametrize("path", named(PAGES))
def test_commands_stand_in_blocks_that_are_read(path):
    unread = [
        f"line {block.line}"
        for block in read(path).blocks
        if block.language not in ("bash", "python", "json")
        and re.search(r"(?m)^(python|inference[-\w]*|eval[-\w]*) ", block.text)
    ]
    assert not unread, f"{read(path).name}: commands in blocks that are not bash: {unread}"


@pytest.mark.parametrize("path", named(PAGES))
def test_python_blocks_import_what_is_there(path):
    for block in read(path).blocks:
        if block.language != "python":
            continue
        for node in ast.walk(syntax(block)):
            if not isinstance(node, ast.ImportFrom) or not is_ours(node.module):
                continue
            module = import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name), f"{read(path).name}, line {block.line}"


def syntax(block):
    """Return the syntax tree of a block; an empty one of a fragment that is not to be run."""
    try:
        return ast.parse(block.text)
    except SyntaxError:
        if block.runs:
            raise
        return ast.Module([], [])


def is_ours(module):
    """Tell whether a module is one of the repository's."""
    return module.partition(".")[0] in ("speech_toolkit", "inference", *SCRIPTS)


@pytest.mark.parametrize("suffix", [".md", CHINESE], ids=["English", "Chinese"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_option_tables_are_those_of_help(script, suffix):
    path = REPOSITORY / PAGE_OF[script].replace(".md", suffix)
    shared = REPOSITORY / OPTIONS_OF_SEVERAL.replace(".md", suffix)
    told = {}
    for table in (*read(shared).tables, *read(path).tables):
        if script in table.scripts:
            told |= table.options
    actions = [a for a in import_module(script).build_parser()._actions if a.option_strings]
    known = {option for action in actions for option in action.option_strings}
    told["--help"] = ""  # need not be told
    missing = [a.option_strings for a in actions if not told.keys() & {*a.option_strings}]
    assert not missing, f"{read(path).name} lacks options of {script}.py: {missing}"
    unknown = sorted(told.keys() - known)
    assert not unknown, f"{read(path).name} has options that {script}.py has not: {unknown}"
    lacking = [
        f"{action.option_strings[0]}: {fact}"
        for action in actions
        for fact in facts(action)
        if not any(fact in told.get(option, "") for option in action.option_strings)
    ]
    assert not lacking, f"{read(path).name}, {script}.py: rows do not say {lacking}"


def facts(action):
    """Return what the row of an option must hold: its choices, and a default that is a number."""
    default = re.search(r"default: (-?\d[\d.,]*)", action.help or "")
    return [*(action.choices or ()), *([default[1].rstrip(".,")] if default else ())]


@pytest.mark.parametrize("path", named(PAGES))
def test_pages_name_no_option_that_does_not_exist(path):
    known = {
        option
        for script in SCRIPTS
        for action in import_module(script).build_parser()._actions
        for option in action.option_strings
    }
    spans = " ".join(read(path).code_spans)
    ours = set(re.findall(r"(?<![\w-])--[a-z]+(?:_[a-z_]+)", spans))  # others write dashes
    assert ours <= known, f"{read(path).name}: {sorted(ours - known)}"


@pytest.mark.parametrize("page", SCHEMAS_OF)
@pytest.mark.parametrize("suffix", [".md", CHINESE], ids=["English", "Chinese"])
def test_every_key_of_the_results_is_explained(page, suffix):
    document = read(REPOSITORY / page.replace(".md", suffix))
    words = {word for code in document.code_spans for word in re.findall(r"\w+", code)}
    for name in SCHEMAS_OF[page]:
        schema = json.loads((REPOSITORY / f"results/schemas/{name}.schema.json").read_text())
        missing = sorted(property_names(schema) - words)
        assert not missing, f"{document.name} does not explain, of {name}.schema.json: {missing}"


@pytest.mark.parametrize("suffix", [".md", CHINESE], ids=["English", "Chinese"])
def test_every_key_of_the_committed_reports_is_explained(suffix):
    document = read(REPOSITORY / f"docs/evaluation{suffix}")
    words = {word for code in document.code_spans for word in re.findall(r"\w+", code)}
    for path in sorted((REPOSITORY / "results/reference").glob("*.json")):
        missing = sorted(keys_in(json.loads(path.read_text(encoding="utf-8"))) - words)
        assert not missing, f"{document.name} does not explain, of {path.name}: {missing}"


def keys_in(value):
    """Return the keys of a report, those left out that a run gives names of its own."""
    if isinstance(value, list):
        return {name for part in value for name in keys_in(part)}
    if not isinstance(value, dict):
        return set()
    named = {name for name in value if re.fullmatch(r"[a-z]\w*", name)}
    open_names = ("versions", "conditions", "inputs_sha256")
    inner = (keys_in(part) for name, part in value.items() if name not in open_names)
    return named.union(*inner)


@pytest.mark.parametrize("suffix", [".md", CHINESE], ids=["English", "Chinese"])
def test_every_ctc_model_is_listed(suffix):
    document = read(REPOSITORY / f"docs/alignment{suffix}")
    missing = {entry.architecture for entry in CTC_MODELS.values()} - document.code_spans
    assert not missing, f"{document.name} does not say that these run: {sorted(missing)}"


def property_names(schema):
    """Return every key that a JSON Schema describes."""
    if isinstance(schema, list):
        return {name for part in schema for name in property_names(part)}
    if not isinstance(schema, dict):
        return set()
    inner = {name for part in schema.values() for name in property_names(part)}
    return inner | set(schema.get("properties", ()))


def test_messages_that_are_explained_exist():
    said = messages()
    rows = [row for table in read(REPOSITORY / TROUBLE).tables for row in table.rows]
    spans = [
        code for row in rows for code in CODE.findall(row[0]) if re.search(r"^[^-\"].* ", code)
    ]
    gone = [code for code in spans if any(part.strip() not in said for part in code.split("…"))]
    assert not gone, f"{TROUBLE} explains messages that no script prints: {gone}"


@pytest.mark.parametrize("path", named(ENGLISH))
def test_both_languages_say_the_same(path):
    assert chinese(path).exists(), f"{chinese(path).name} is not written"
    one, other = read(path), read(chinese(path))
    levels = [[level for level, _ in document.headings] for document in (one, other)]
    assert levels[0] == levels[1], f"{one.name}: headings of other levels in Chinese"
    code = [[without_comments(block) for block in document.blocks] for document in (one, other)]
    assert code[0] == code[1], f"{one.name}: other code in Chinese"
    marks = [
        [(block.language, block.runs) for block in document.blocks] for document in (one, other)
    ]
    assert marks[0] == marks[1], f"{one.name}: blocks are marked otherwise in Chinese"
    shapes = [[(len(t.rows), t.columns) for t in document.tables] for document in (one, other)]
    assert shapes[0] == shapes[1], f"{one.name}: tables of another shape in Chinese"
    assert one.options == other.options, f"{one.name}: other options in Chinese"


@pytest.mark.parametrize("path", named(PAGES))
def test_links_lead_somewhere(path):
    document, broken = read(path), []
    for target in document.links:
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        is_page = there.suffix == ".md" and there.is_file()
        if not there.exists() or (anchor and is_page and anchor not in read(there).anchors):
            broken.append(target)
    assert not broken, f"{document.name}: {broken}"


@pytest.mark.parametrize("path", named([p for p in PAGES if not p.match("README*")]))
def test_pages_begin_with_their_contents(path):
    document = read(path)
    parts = [
        anchor
        for anchor, (level, _) in zip(document.anchors, document.headings, strict=True)
        if level == 2
    ]
    listed = {target.removeprefix("#") for target in document.links} | {"contents", "目录"}
    unlisted = [anchor for anchor in parts if anchor not in listed]
    assert not unlisted, f"{document.name}: contents lack {unlisted}"


@pytest.mark.parametrize("path", named(sorted(REPOSITORY.glob("README*.md"))))
def test_readme_is_short(path):
    assert path.stat().st_size <= README_BYTES


def test_index_names_every_page():
    for path in ENGLISH:
        if path.parent.name == "docs" and path.name != "README.md":
            assert path.name in read(path.with_name("README.md")).links


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the repository, so that what the blocks write is not left in this one."""
    copy = tmp_path_factory.mktemp("documents") / "checkout"
    made = shutil.ignore_patterns(".*", "__pycache__", "runs", "*_result*.json")
    shutil.copytree(REPOSITORY, copy, ignore=made)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("path", named(ENGLISH))
def test_blocks_run(path, checkout):
    missing = []
    for block in read(path).blocks:
        if not block.runs:
            continue
        if lacking := what_is_missing(block):
            missing.append(f"line {block.line} needs {lacking}")
            continue
        starter = [sys.executable, "-c"]
        if block.language == "bash":
            starter = ["bash", "-euo", "pipefail", "-c"]
        finished = subprocess.run(
            [*starter, block.text],
            cwd=checkout,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
        )
        where = f"{read(path).name}, line {block.line}"
        assert finished.returncode == 0, f"{where}: {finished.stderr[-2000:]}"
    if missing:
        pytest.skip(f"all else ran; {'; '.join(missing)}")


def environment():
    """Return variables with which `python` is this one, and nothing is asked of the network."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": programs, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def what_is_missing(block):
    """Name a program or package that a block needs and this machine lacks."""
    if block.language == "bash":
        called = {command[0] for command in commands(block.text)}
        return next((name for name in PROGRAMS if name in called and not shutil.which(name)), None)
    imports = (node for node in ast.walk(ast.parse(block.text)) if isinstance(node, ast.Import))
    names = [alias.name.partition(".")[0] for node in imports for alias in node.names]
    return next((name for name in names if not importlib.util.find_spec(name)), None)
