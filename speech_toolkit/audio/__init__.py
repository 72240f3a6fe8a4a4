"""From an audio file, pipe or array to one waveform at a model's rate."""
