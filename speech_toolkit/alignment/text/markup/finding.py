"""Which stretches of a transcript are markup, and the transcript without them."""

from __future__ import annotations

import regex

from speech_toolkit.alignment.text.markup.brackets import find_brackets
from speech_toolkit.alignment.text.markup.lines import find_lines
from speech_toolkit.alignment.text.markup.ranges import Stretch, blanked, merged
from speech_toolkit.alignment.text.markup.speakers import find_speakers

_MAY_BE_MARKUP = regex.compile(
    r"[\[{(<>:：（【［｛〔♩♪♫♬🎵🎶🎼¹²³⁰⁴-⁹=&\\]|^[^\S\n\r]*(?:\p{Nd}|[-–—_*~.·•+]|page|seite|p[áa]g|стр|S\.|p[gp]?\."
    r"|第|sayfa|strona|WEBVTT)",
    regex.MULTILINE | regex.IGNORECASE,
)


def find_markup(text: str, *, has_cues: bool = False) -> tuple[Stretch, ...]:
    """Find what is not meant to be spoken.

    Args:
        text: as typed.
        has_cues: whether it comes from subtitles, all of whose lines are said: "42" is no page.

    Returns:
        First character of each stretch and one past its last, in order and apart.
    """
    if _MAY_BE_MARKUP.search(text) is None:
        return ()
    found = merged([*(() if has_cues else find_lines(text)), *find_brackets(text)])
    # Labels stand first in what is left of a line: "[00:12] JOHN: Hello."
    return merged([*found, *find_speakers(blanked(text, found))])
