"""Headless Chromium for tests: where it is, and how playwright starts it."""

import os
import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALLED = "chromium-*/chrome-linux*/chrome"  # by playwright, in its folder


def find_chromium():
    """Return the browser of the system, else the one that playwright installed, else None."""
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    own = sorted(map(str, folder.glob(INSTALLED)), reverse=True)
    return next(filter(None, (*map(shutil.which, NAMES), *own)), None)


def missing():
    """Return why pages cannot be used here, None where they can."""
    if find_spec("playwright") is None:
        return "needs playwright: pip install -r requirements-dev.txt"
    return "needs Chromium: make browser" if find_chromium() is None else None


@contextmanager
def browser():
    """Start the browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield chromium
        chromium.close()
