"""Spoken test cases: bundled, synthesised, varied, or the user's own."""
