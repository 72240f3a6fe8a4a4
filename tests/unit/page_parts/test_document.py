import re

from speech_toolkit.page_parts.document import hash_source, page_text
from speech_toolkit.page_parts.elements import paragraph
from tests.unit.page_parts.page_parser import ParsedPage


def test_only_the_scripts_of_the_page_may_run():
    scripts = ["const a = '<b>' && 1;", "let c;"]
    text = page_text("t & u", [paragraph("x < y")], language_tag="en", scripts=scripts)
    page = ParsedPage(text)
    assert page.problems == []
    assert [element.text for element in page.named("script")] == scripts
    policy = next(filter(None, (e.attributes.get("content") for e in page.named("meta")[2:])))
    assert re.findall(r"'sha256-[^']+'", policy) == [hash_source(script) for script in scripts]
    assert "default-src 'none'" in policy


def test_a_page_without_scripts_runs_none():
    assert "script-src &#x27;none&#x27;" in page_text("t", [], language_tag="en")
