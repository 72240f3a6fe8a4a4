"""The process that the toolkit runs in: signals, standard streams, garbage collection."""
