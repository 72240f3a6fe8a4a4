"""The summary of a corpus as a page to read: one file, without a network, in two languages."""
