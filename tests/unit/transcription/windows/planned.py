"""All windows of a recording, planned one behind the other."""


def planned(planner, from_sample=0, index=0):
    while window := planner.next(from_sample, index):
        yield window
        from_sample, index = window.end_sample, index + 1
