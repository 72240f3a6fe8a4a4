"""From a directory or hub id to checked files, and from these to a model on a device."""
