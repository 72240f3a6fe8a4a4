"""The languages that a page can be written in."""

LANGUAGES = ("en", "zh")
