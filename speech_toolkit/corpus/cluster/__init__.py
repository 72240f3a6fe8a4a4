"""A corpus done by workers of a Ray cluster.

Ray starts the workers, carries items and results, and tells who died. What is done and what is left
is known to the run's journal alone, which the process on the command line writes.

Ray Data is not used: when an item ends its worker (a broken codec, memory), Ray Data hands the same
block to the next worker again and again, and tells nobody (Ray 2.60, and so with
``max_errored_blocks=-1``). Its batches also leave a card idle while the next one is read.
"""
