"""What can be asked for of a page."""

from dataclasses import dataclass

from speech_toolkit.formats.page.languages import LANGUAGES

EMBED, LINK = "embed", "link"
LARGEST_EMBEDDED_BYTES = 32 << 20  # encoded: about three hours


@dataclass(frozen=True)
class PageSettings:
    """How a result is made a page.

    Attributes:
        language: that the page opens in, one of ``LANGUAGES``.
        audio_path: the recording; None for a page without sound.
        audio: EMBED, LINK, or None to embed up to ``LARGEST_EMBEDDED_BYTES`` and link beyond.
        page_path: where the page will stand, from which a link leads; None for the working
            directory.
    """

    language: str = LANGUAGES[0]
    audio_path: str | None = None
    audio: str | None = None
    page_path: str | None = None
