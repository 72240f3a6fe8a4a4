"""Measures of how right a result is."""
