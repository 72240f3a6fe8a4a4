"""Numerical parity: the outputs of a model on a device against those of the reference."""
