"""The languages that the page of a result can be opened in."""

LANGUAGES = ("en", "zh")
