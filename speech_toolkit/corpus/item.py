"""One recording of a corpus."""

import re
from dataclasses import dataclass, replace

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.audio.part import AudioPart
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.ranges import MOMENT_S

LONGEST_NAME_BYTES = 200  # of the 255 that file systems allow; the suffix of a result comes on top
UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ItemFault:
    """What is wrong with one recording or its text, as was seen before anything was opened.

    Attributes:
        kind: in a few words, one of :mod:`speech_toolkit.errors`, such as "missing".
        message: one line: where it is named, which file it is, and the way out.
    """

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Item:
    """One recording to align or transcribe.

    Attributes:
        id: names its results, and is unique in its corpus; "/" makes folders. It has no "..", is no
            absolute path, and holds no control characters.
        audio_path: file.
        text: what is spoken; None for recognition.
        language: code; None for the run's default.
        start_s: seconds into the file at which it begins; None for the file's start.
        end_s: seconds at which it ends; None for the file's end.
        place: where it was named, for messages, such as "list.jsonl:12" or "in/a.wav".
        fault: why it cannot be worked on, and its file must not be opened; None where it can.
        cue_starts: where each of its sentences begins, where they are known; else empty.

    Raises:
        UsageError: the id cannot name files, or the times are no part of a recording.
    """

    id: str
    audio_path: str
    text: str | None = None
    language: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    place: str = ""
    fault: ItemFault | None = None
    cue_starts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_id(self.id)
        if self.start_s is not None:
            MOMENT_S.check("start_s", self.start_s)
        if self.end_s is not None:
            MOMENT_S.check("end_s", self.end_s)
            if self.end_s <= (self.start_s or 0.0):
                raise UsageError(
                    f"end_s {self.end_s:.10g} is not after start_s {self.start_s or 0.0:.10g}; "
                    "give a later end"
                )

    @property
    def transcript(self) -> str | CuedText | None:
        """What is spoken, with its sentences where they are known."""
        if self.text is None or not self.cue_starts:
            return self.text
        return CuedText(self.text, self.cue_starts)

    def part(self, otherwise: AudioPart) -> AudioPart:
        """Return the part of its file that is meant.

        Args:
            otherwise: of an item without times of its own; its track is that of all.
        """
        if self.start_s is None and self.end_s is None:
            return otherwise
        return replace(otherwise, start_s=self.start_s or 0.0, end_s=self.end_s)


def check_id(item_id: str) -> None:
    """Make sure that results can be named after an id, inside one directory.

    Args:
        item_id: anything.

    Raises:
        UsageError: they cannot.
    """
    if not isinstance(item_id, str) or not item_id.strip():
        raise UsageError(f"id {shown_value(item_id)}: is no name; give some letters or digits")
    shown = f"id {shown_value(item_id)}"
    if UNUSABLE.search(item_id):
        raise UsageError(f"{shown}: has characters that no file name should have; leave them out")
    parts = item_id.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise UsageError(
            f"{shown}: is no path inside a directory; give names with one / between them, "
            "such as speaker/recording"
        )
    if len(item_id) * 4 > LONGEST_NAME_BYTES and any(
        len(part.encode()) > LONGEST_NAME_BYTES for part in parts
    ):
        raise UsageError(
            f"{shown}: is longer than {LONGEST_NAME_BYTES} bytes, too long to name files; "
            "shorten it"
        )
