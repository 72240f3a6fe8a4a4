"""A result as a still picture, drawn by matplotlib."""
