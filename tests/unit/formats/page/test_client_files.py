"""The script's modules: files of the package, short, and one when they are put together."""

import re
from collections import Counter

import pytest

from speech_toolkit.formats.page.client_files import CLIENT, read, script

MODULES = sorted(path.name for path in CLIENT.glob("*.js"))
LONGEST_FILE_LINES = 350
DECLARED = re.compile(r"^(export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
IMPORTED = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";', re.MULTILINE)


def test_every_module_is_in_the_script_once():
    parts = re.findall(r"^// ([\w-]+\.js)$", script(), re.MULTILINE)
    assert sorted(parts) == MODULES
    assert not re.search(r"^(import|export)\b", script(), re.MULTILINE)


def test_names_at_the_top_are_used_once():
    names = Counter(name for _, name in DECLARED.findall(script()))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_imports_is_exported_and_used(name):
    text = read(name)
    for wanted, other in IMPORTED.findall(text):
        exported = {declared for export, declared in DECLARED.findall(read(other)) if export}
        for item in filter(None, (part.strip() for part in wanted.split(","))):
            assert item in exported, f"{other} exports no {item}"
            assert len(re.findall(rf"\b{item}\b", text)) > 1, f"{item} is not used"


@pytest.mark.parametrize("path", sorted(CLIENT.iterdir()), ids=lambda path: path.name)
def test_files_are_short_and_load_nothing(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE_LINES
    assert (
        "http:" not in text
        and "https:" not in text
        and "fetch(" not in text
        and "innerHTML" not in text
    )
