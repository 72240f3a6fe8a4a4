"""The page of each kind of report."""
