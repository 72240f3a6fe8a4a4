"""A recording -> the windows that the model hears, and their features."""
