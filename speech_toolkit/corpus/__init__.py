"""Many recordings in one run: what is to be done, what was done, and by whom."""
