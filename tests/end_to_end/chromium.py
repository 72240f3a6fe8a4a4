"""Headless Chromium for tests that use a page as a reader does, by playwright."""

import shutil
from contextlib import contextmanager
from pathlib import Path

ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing():
    """Return why pages cannot be opened here, None where they can."""
    try:
        import playwright.sync_api
    except ImportError:
        return "needs playwright: pip install -r requirements-dev.txt"
    with started() as playwright:
        if executable(playwright) is None:
            return "needs Chromium: make browser"
    return None


def executable(playwright):
    """Return the browser of the system, else the one that playwright installed, else None."""
    own = Path(playwright.chromium.executable_path)
    return next(filter(None, map(shutil.which, NAMES)), str(own) if own.exists() else None)


@contextmanager
def started():
    """Start playwright itself."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def browser():
    """Start the browser."""
    with started() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable(playwright), args=ARGUMENTS
        )
        yield chromium
        chromium.close()
