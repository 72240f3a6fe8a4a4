"""Speech to text with Whisper models: windows, decoding, segments."""
