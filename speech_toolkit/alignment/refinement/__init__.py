"""Where words begin and end, closer than the frames of a model tell."""
