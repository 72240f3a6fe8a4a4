"""Pages of results, opened in a browser."""

import pytest

from speech_toolkit.formats import render
from speech_toolkit.formats.page.settings import PageSettings
from tests.end_to_end import chromium
from tests.end_to_end.page_reader import Reader

WIDE = (1280, 900)


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as started:
        yield started


@pytest.fixture
def opened(browser, tmp_path):
    """Return a function that opens a result as a page and watches it."""
    contexts, readers = [], []

    def open_page(document, size=WIDE, *, touch=False, scheme="light", **settings):
        settings = {"audio_path": document["audio_path"], **settings}
        file = tmp_path / "page.html"
        file.write_text(render(document, "html", page=PageSettings(**settings)), encoding="utf-8")
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), size, strict=True)),
            has_touch=touch,
            color_scheme=scheme,
            accept_downloads=True,
        )
        contexts.append(context)
        reader = Reader(context.new_page(), [], [], tmp_path)
        readers.append(reader)
        reader.page.on("console", lambda message: reader.complaints.append(message.text))
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        reader.page.on("request", lambda request: reader.requests.append(request.url))
        reader.page.goto(file.as_uri())
        reader.page.wait_for_selector("html[data-ready]", timeout=60_000)
        reader.watch_jumps()
        return reader

    yield open_page
    for reader in readers:
        assert reader.complaints == []
        outside = [url for url in reader.requests if not url.startswith(("file:", "blob:"))]
        assert outside == [], "a request left the page"
    for context in contexts:
        context.close()
