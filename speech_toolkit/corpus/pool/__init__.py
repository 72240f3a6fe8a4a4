"""Several devices: one worker process for each, and one that hands out items and gathers results.

    items -> Pool -> worker of npu:0: reads, hears, finishes -> Pool -> results
                  -> worker of npu:1: ...

The process that gathers imports no torch, and never waits for one worker alone.
"""
