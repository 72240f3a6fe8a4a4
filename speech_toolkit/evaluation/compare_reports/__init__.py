"""Two reports of speed beside each other: a command, see ``__main__.py``."""
