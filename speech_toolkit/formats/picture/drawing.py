"""Waveform, spectrogram and words of a result in rows, as a PNG."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.formats.confidence import confidence, limits_of
from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.page.overview import spectrogram_CB
from speech_toolkit.formats.picture.fonts import BASE_FONT, Fonts, fonts_for
from speech_toolkit.formats.timed_text import (
    Remark,
    TimedSegment,
    TimedText,
    TimedWord,
    part_of,
    timed_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE_HZ = 16_000
ROW_S = 6.0
MOST_ROWS = 20
_HOP_SAMPLES = 80
_WIDTH_IN, _ROW_IN, _TITLE_IN = 12.0, 2.5, 0.55
_DOTS_AN_INCH = 100
_HEIGHTS = (3, 3, 1.1)  # of waveform, spectrogram and words
_FILLS = {"low": "#fbd9cb", "middle": "#fbeebf", "high": "#dcebf7", "unknown": "#e3e7ea"}
_LINES = {"low": "#b3350a", "middle": "#8f6a00", "high": "#0072b2", "unknown": "#6b7580"}
_LABELS = {"low": "unsure", "middle": "fairly sure", "high": "sure", "unknown": "unknown"}
_LETTER_IN, _SMALL_LETTER_IN = 0.085, 0.052
_HATCHED = {"facecolor": "none", "edgecolor": _LINES["low"], "hatch": "////", "linewidth": 0.5}
_DISAGREEMENT = "text and audio disagree"


@dataclass(frozen=True)
class Picture:
    """A result as it was drawn.

    Attributes:
        png: the file.
        warnings: one line for each thing that is not on it.
    """

    png: bytes
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Rows:
    """What is drawn: words and samples of a stretch of time, None where there is no sound."""

    words: list[TimedWord | TimedSegment]
    remarks: tuple[Remark, ...]
    samples_N: np.ndarray | None
    start_s: float
    end_s: float
    limits: tuple[float, float]


def draw_picture(document: Mapping[str, Any], recording: str | None) -> Picture:
    """Return a picture of the first minutes of a result.

    Args:
        document: the JSON form of a transcription or an alignment.
        recording: its audio; None to draw the words alone.

    Raises:
        AudioError: the recording cannot be read.
    """
    timed, part = timed_text(document), part_of(document)
    start_s = part.start_s
    end_s = min(timed.duration_s, start_s + ROW_S * MOST_ROWS)
    samples_N = None
    if recording is not None:
        shown = replace(part, end_s=end_s) if end_s < timed.duration_s else part
        samples_N = load_audio(recording, RATE_HZ, min_samples=1, part=shown).samples
    words = [word for word in _words(timed) if word.start_s < end_s]
    fonts = fonts_for([timed.source, *(part.text for part in (*words, *timed.remarks))])
    rows = _Rows(words, timed.remarks, samples_N, start_s, end_s, limits_of(document))
    return Picture(_draw(rows, timed.source, fonts), tuple(_complaints(timed, rows, fonts)))


def _complaints(timed: TimedText, rows: _Rows, fonts: Fonts) -> Iterator[str]:
    if rows.end_s < timed.duration_s:
        length_s, whole_s = rows.end_s - rows.start_s, timed.duration_s - rows.start_s
        yield f"the picture shows the first {length_s:.0f} s of {whole_s:.0f} s"
    if fonts.missing:
        yield (
            f"no installed font has {fonts.missing[:20]!r}, which the picture shows as boxes; "
            "install one, such as fonts-noto-cjk"
        )


def _words(timed: TimedText) -> list[TimedWord | TimedSegment]:
    """Return the words, and segments where they have none."""
    return [part for segment in timed.segments for part in (segment.words or (segment,))]


def _draw(rows: _Rows, source: str, fonts: Fonts) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    row_s = min(ROW_S, max(rows.end_s - rows.start_s, 0.1))
    count = max(1, math.ceil((rows.end_s - rows.start_s) / row_s - 1e-6))
    height_in = _TITLE_IN + count * _ROW_IN
    with mpl.rc_context({"font.family": list(fonts.families)}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # said once, by name
        figure = Figure(figsize=(_WIDTH_IN, height_in), facecolor="white")
        grid = figure.add_gridspec(count, 1, hspace=0.16, left=0.012, right=0.988)
        grid.update(top=1 - _TITLE_IN / height_in, bottom=0.12 / height_in)
        for row in range(count):
            parts = grid[row].subgridspec(3, 1, height_ratios=_HEIGHTS, hspace=0)
            axes = [figure.add_subplot(part) for part in parts]
            start_s = rows.start_s + row * row_s
            _draw_sound(axes[0], axes[1], rows, start_s, start_s + row_s)
            _draw_remarks(axes[0], rows)
            _draw_words(axes[2], rows, start_s, start_s + row_s)
        _draw_title(figure, one_line(source), height_in, has_remarks=bool(rows.remarks))
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=_DOTS_AN_INCH)
    return file.getvalue()


def _draw_title(figure: Figure, source: str, height_in: float, *, has_remarks: bool) -> None:
    from matplotlib.patches import Patch

    middle = 1 - _TITLE_IN / 2 / height_in
    figure.text(0.012, middle, source, va="center", fontsize=12, parse_math=False)
    patches = [
        Patch(facecolor=_FILLS[name], edgecolor=_LINES[name], label=_LABELS[name])
        for name in _FILLS
    ]
    if has_remarks:
        patches.append(Patch(**_HATCHED, label=_DISAGREEMENT))
    figure.legend(
        handles=patches,
        loc="center right",
        bbox_to_anchor=(0.99, middle),
        ncols=len(patches),
        frameon=False,
        fontsize=9,
        prop={"family": BASE_FONT, "size": 9},
    )


def _draw_sound(wave: Axes, picture: Axes, rows: _Rows, start_s: float, end_s: float) -> None:
    for axes in (wave, picture):
        axes.set_xlim(start_s, end_s)
        axes.set_yticks([])
        axes.spines[:].set_color("#d5dbe1")
    wave.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, labelsize=8, pad=1)
    picture.set_xticks([])
    samples_N = rows.samples_N
    if samples_N is None:
        return
    first, last = (round((time_s - rows.start_s) * RATE_HZ) for time_s in (start_s, end_s))
    own_N = samples_N[first:last]
    if not len(own_N):
        return
    step = max(1, (last - first) // 2400)
    starts = np.arange(0, len(own_N), step)
    time_s = start_s + starts / RATE_HZ
    low, high = np.minimum.reduceat(own_N, starts), np.maximum.reduceat(own_N, starts)
    wave.fill_between(time_s, low, high, color="#54708f", linewidth=0.3)
    reach = max(float(np.abs(samples_N).max()), 0.01) * 1.05
    wave.set_ylim(-reach, reach)
    columns_CB = spectrogram_CB(own_N, RATE_HZ, _HOP_SAMPLES)
    own_end_s = start_s + len(own_N) / RATE_HZ
    picture.imshow(
        columns_CB.T,
        origin="lower",
        aspect="auto",
        cmap="Blues",
        interpolation="bilinear",
        extent=(start_s, own_end_s, 0, 1),
    )
    picture.set_xlim(start_s, end_s)


def _draw_remarks(wave: Axes, rows: _Rows) -> None:
    """Hatch where text and audio disagree; what is said of it stands at the top if it fits."""
    start_s, end_s = wave.get_xlim()
    inches_a_s = _WIDTH_IN * 0.976 / (end_s - start_s)
    for remark in rows.remarks:
        wave.axvspan(remark.start_s, remark.end_s, alpha=0.7, **_HATCHED)
        room = (min(remark.end_s, end_s) - remark.start_s) * inches_a_s
        if room < len(remark.text) * _SMALL_LETTER_IN:
            continue
        wave.text(
            remark.start_s,
            0.97,
            one_line(remark.text),
            transform=wave.get_xaxis_transform(),
            va="top",
            fontsize=7,
            color=_LINES["low"],
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            clip_on=True,
            parse_math=False,
        )


def _draw_words(axes: Axes, rows: _Rows, start_s: float, end_s: float) -> None:
    axes.set_xlim(start_s, end_s)
    axes.set_ylim(0, 1)
    axes.axis("off")
    inches_a_s = _WIDTH_IN * 0.976 / (end_s - start_s)
    for word in rows.words:
        if word.end_s < start_s or word.start_s >= end_s:
            continue
        name = confidence(getattr(word, "sureness", None), rows.limits)
        length_s = max(word.end_s - word.start_s, 0.01)
        axes.broken_barh(
            [(word.start_s, length_s)], (0.08, 0.84), facecolor=_FILLS[name], edgecolor="white"
        )
        axes.broken_barh([(word.start_s, length_s)], (0.08, 0.07), facecolor=_LINES[name])
        left, right = max(word.start_s, start_s), min(word.end_s, end_s)
        text = one_line(word.text)
        room = (right - left) * inches_a_s
        size = (
            11 if room >= len(text) * _LETTER_IN else 11 * room / max(len(text) * _LETTER_IN, 0.01)
        )
        if size >= 4:
            axes.text(
                (left + right) / 2,
                0.55,
                text,
                ha="center",
                va="center",
                fontsize=min(size, 11),
                clip_on=True,
                parse_math=False,
            )
