"""Tokens of windows -> words and segments of a file, with times."""
