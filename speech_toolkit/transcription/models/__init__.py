"""Whisper checkpoints: what their files say, and how they are loaded."""
