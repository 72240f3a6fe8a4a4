"""The process the toolkit runs in: signals, streams, garbage collection, products on one core."""
