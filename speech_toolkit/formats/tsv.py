"""A table of start, end (in milliseconds) and text, as openai/whisper's ``tsv``."""

from speech_toolkit.formats.cues import cues
from speech_toolkit.transcription.result import TranscriptionResult


def render(result: TranscriptionResult) -> str:
    """Return the header and a row for each cue, separated by tabs."""
    rows = (f"{cue.start_ms}\t{cue.end_ms}\t{cue.text}\n" for cue in cues(result.segments))
    return "start\tend\ttext\n" + "".join(rows)
