"""Parity of the task: what is heard on a device against what the reference hears."""
