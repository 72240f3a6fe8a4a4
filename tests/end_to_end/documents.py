"""The documents as a reader finds them: headings, tables, links, and blocks of code that are true.

A block of ``bash`` or ``python`` is a promise: it runs in a fresh copy of the repository, the
blocks of a page one after the other, unless the line before its fence says why not:

    <!-- not run: needs an NPU -->

Its command lines are read by the scripts' own parsers all the same. What a program prints stands in
other blocks, where ``$ `` begins a command that is read likewise.
"""

import ast
import re
import shlex
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.end_to_end.support import REPOSITORY

CHINESE = ".zh-CN.md"
SCRIPTS = (
    *("inference_mms", "inference_whisper", "convert"),
    *("evaluate", "eval_accuracy", "eval_perf"),
)
# The families differ in what else they know: --transcript says which one inference.py will pick.
_PICKER, _ALIGNS, _RECOGNISES = "inference", "inference_mms", "inference_whisper"

_FENCE = re.compile(r"^(`{3,})(\w*)$")
_NOT_RUN = re.compile(r"^<!-- not run: .+ -->$")
_HEADING = re.compile(r"^(#{1,6}) (.+?)\s*$")
CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_SCRIPT_NAME = re.compile(r"\b(\w+)\.py\b")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z_]*")


@dataclass(frozen=True)
class CodeBlock:
    """What stands between two fences.

    Attributes:
        language: as the fence names it, "" where it does not.
        text: without the fences.
        line: of the opening fence, from 1.
        runs: whether it can run here.
    """

    language: str
    text: str
    line: int
    runs: bool

    @property
    def shell(self):
        """The command lines that it shows."""
        if self.language == "bash":
            return self.text
        shown = (line for line in self.text.splitlines() if line.startswith("$ "))
        return "\n".join(line.removeprefix("$ ") for line in shown)


@dataclass(frozen=True)
class Table:
    """A table and the scripts that it speaks of.

    Attributes:
        rows: cells of each row below the header.
        columns: how many the header has.
        line: of the header, from 1.
        scripts: those that the nearest line of text above it names, by module.
    """

    rows: tuple[tuple[str, ...], ...]
    columns: int
    line: int
    scripts: tuple[str, ...]

    @property
    def options(self):
        """Option -> the text of its row, for rows that begin with options."""
        return {
            code.split()[0]: " ".join(row)
            for row in self.rows
            for code in CODE.findall(row[0])
            if code.startswith("--")
        }


@dataclass(frozen=True)
class Document:
    """One page.

    Attributes:
        path: of its file.
        headings: (level, text) in order.
        blocks: of code.
        tables: in order.
        prose: all lines outside blocks of code.
    """

    path: Path
    headings: list[tuple[int, str]] = field(default_factory=list)
    blocks: list[CodeBlock] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)

    @property
    def name(self):
        """Its path from the repository's root."""
        return self.path.relative_to(REPOSITORY).as_posix()

    @property
    def links(self):
        """Targets of its links, those of the network left out."""
        found = _LINK.findall("\n".join(self.prose))
        return [target for target in found if not re.match(r"[a-z]+:", target)]

    @property
    def anchors(self):
        """The anchors that GitHub gives its headings."""
        slugs = []
        for _, text in self.headings:
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            slugs.append(f"{slug}-{slugs.count(slug)}" if slug in slugs else slug)
        return slugs

    @property
    def options(self):
        """Every option that it names, in prose and in blocks."""
        text = "\n".join([*self.prose, *(block.text for block in self.blocks)])
        return set(_OPTION.findall(text))

    @property
    def code_spans(self):
        """What stands between single backquotes."""
        return set(CODE.findall("\n".join(self.prose)))


def pages():
    """Return README, CONTRIBUTING and the pages of docs/, of both languages."""
    patterns = ("README*.md", "CONTRIBUTING*.md", "docs/*.md")
    return sorted(path for pattern in patterns for path in REPOSITORY.glob(pattern))


@cache
def read(path):
    """Take a page apart."""
    document = Document(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        if opening := _FENCE.match(lines[number]):
            end = lines.index(opening[1], number + 1)
            text = "\n".join(lines[number + 1 : end])
            excused = number > 0 and _NOT_RUN.match(lines[number - 1])
            runs = opening[2] in ("bash", "python") and not excused
            document.blocks.append(CodeBlock(opening[2], text, number + 1, runs))
            number = end + 1
            continue
        document.prose.append(lines[number])
        if heading := _HEADING.match(lines[number]):
            document.headings.append((len(heading[1]), heading[2]))
        elif lines[number].startswith("|"):
            first = number
            while number + 1 < len(lines) and lines[number + 1].startswith("|"):
                number += 1
                document.prose.append(lines[number])
            document.tables.append(_table(lines[first : number + 1], first + 1, lines[:first]))
        number += 1
    return document


def _table(lines, line, above):
    header, _, *rows = (_cells(text) for text in lines)
    named = (_SCRIPT_NAME.findall(text) for text in reversed(above) if not text.startswith("|"))
    return Table(tuple(rows), len(header), line, tuple(next(filter(None, named), ())))


def _cells(text):
    inner = text.strip().removeprefix("|").removesuffix("|")
    return tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner))


def commands(shell):
    """Return the words of each command of a block of bash, redirections and variables left out.

    Good for the plain command lines that documents show, not for all that a shell knows.
    """
    text = shell.replace("\\\n", " ")
    text = re.sub(r"(?m)(^|\s)#[^\n]*", r"\1", text)
    text = re.sub(r"<\([^)\n]*\)", "PIPE", text)
    text = re.sub(r"(?<=\s)[12](?=>)", "", text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    found, is_file = [[]], False
    for word in lexer:
        if set(word) <= set("();<>|&\n"):
            is_file = "<" in word or ">" in word
            if not is_file:
                found.append([])
        elif is_file:
            is_file = False
        else:
            found[-1].append(word)
    return [command for words in found if (command := _without_prefix(words))]


def _without_prefix(words):
    """Drop what stands before a program's name: keywords of the shell, variables."""
    while words and (words[0] in ("do", "then", "else", "time") or re.match(r"\w+=", words[0])):
        words = words[1:]
    return words


def script_and_arguments(command):
    """Return the path of the Python file that a command runs, and its arguments; None if none.

    A console command is the script of its name: ``inference-mms`` is ``inference_mms.py``.
    """
    program, *arguments = command
    module = program.replace("-", "_")
    if module in (*SCRIPTS, _PICKER):
        return f"{module}.py", arguments
    if Path(program).name not in ("python", "python3"):
        return None
    if arguments[:1] == ["-m"] and arguments[1].startswith("speech_toolkit."):
        path = arguments[1].replace(".", "/")
        is_package = (REPOSITORY / path).is_dir()
        return f"{path}/__main__.py" if is_package else f"{path}.py", arguments[2:]
    if arguments and arguments[0].endswith(".py"):
        return arguments[0], arguments[1:]
    return None


def parser_of(script, arguments):
    """Return the parser that reads the arguments of a script, None where it builds none."""
    module = script.removesuffix(".py").replace("/", ".")
    if module == _PICKER:
        transcripts = ("--transcript", "--transcript_file")
        module = _ALIGNS if any(word in transcripts for word in arguments) else _RECOGNISES
    if module not in SCRIPTS and not module.startswith("speech_toolkit."):
        return None
    build_parser = getattr(import_module(module), "build_parser", None)
    return build_parser() if build_parser else None


def messages():
    """Return all text of the package and of make, what is put in as it runs left out."""
    texts = [(REPOSITORY / "Makefile").read_text(encoding="utf-8")]
    for path in (REPOSITORY / "speech_toolkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (getattr(part, "value", None) for part in node.values)
                texts.append("".join(part if isinstance(part, str) else "\0" for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def without_comments(block):
    """Return the lines of a block as they run: no comments, no empty lines."""
    if block.language not in ("bash", "python"):
        return block.text.splitlines()
    lines = (re.sub(r"(^|\s+)#.*$", "", line) for line in block.text.splitlines())
    return [line for line in lines if line]
