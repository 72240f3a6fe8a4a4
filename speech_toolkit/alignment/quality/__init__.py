"""Is the transcript what was said? Confidences, a verdict, and where audio and text disagree."""
