"""Markup of transcripts: what stands in the text and is not meant to be spoken."""
