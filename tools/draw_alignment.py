#!/usr/bin/env python3
"""Draw a recording's waveform with the words that were aligned to it, as an SVG picture.

    python tools/draw_alignment.py samples/demo.wav results/runs/demo.json docs/alignment.svg

The picture has a background of its own, so that it can be read on light and dark pages.
"""

import argparse
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

WIDTH, HEIGHT = 960, 208
MARGIN = 20
WAVE_MIDDLE, WAVE_HEIGHT = 72, 104
WORDS_TOP, WORDS_HEIGHT = 134, 28
AXIS_TOP = 184
COLUMNS_PER_PIXEL = 0.75
STYLE = """
svg { font-family: Helvetica, Arial, "DejaVu Sans", sans-serif }
text { fill: #1f2937; text-anchor: middle }
.card { fill: #ffffff; stroke: #9ca3af }
.wave { fill: #2563eb }
.word { fill: #dbeafe; stroke: #2563eb }
.word text { font-size: 13px }
.edge { stroke: #93c5fd; stroke-dasharray: 2 3 }
.axis text { font-size: 12px; fill: #4b5563 }
.axis line { stroke: #4b5563 }
"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("audio", help="the recording that was aligned")
    parser.add_argument("result", help="JSON written by inference_mms.py")
    parser.add_argument("output", help="SVG file")
    arguments = parser.parse_args()
    samples, rate_hz = soundfile.read(arguments.audio, dtype="float32", always_2d=True)
    result = json.loads(Path(arguments.result).read_text(encoding="utf-8"))
    picture = draw(samples.mean(axis=1), len(samples) / rate_hz, result)
    Path(arguments.output).write_text(picture, encoding="utf-8")


def draw(samples: np.ndarray, duration_s: float, result: dict[str, Any]) -> str:
    """Return the picture.

    Args:
        samples: (samples,) of one channel.
        duration_s: their length in seconds.
        result: the JSON form of the alignment.
    """
    scale = (WIDTH - 2 * MARGIN) / duration_s
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(result['transcript'].strip())}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
        *_words(result["words"], scale),
        _wave(samples),
        *_axis(duration_s, scale),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _wave(samples: np.ndarray) -> str:
    """Draw the outline of the samples: the largest of each column above, the smallest below."""
    columns = np.array_split(samples, round((WIDTH - 2 * MARGIN) * COLUMNS_PER_PIXEL))
    pixels = WAVE_HEIGHT / 2 / (np.abs(samples).max() or 1)
    x = MARGIN + (np.arange(len(columns)) + 0.5) / COLUMNS_PER_PIXEL
    top = WAVE_MIDDLE - pixels * np.array([column.max() for column in columns]) - 0.4
    bottom = WAVE_MIDDLE - pixels * np.array([column.min() for column in columns]) + 0.4
    outline = [*zip(x, top, strict=True), *reversed([*zip(x, bottom, strict=True)])]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in outline)
    return f'<polygon class="wave" points="{points}"/>'


def _words(words: list[dict[str, Any]], scale: float) -> Iterator[str]:
    bottom = WORDS_TOP + WORDS_HEIGHT
    for word in words:
        start, end = (MARGIN + word[key] * scale for key in ("start_time", "end_time"))
        yield '<g class="word">'
        for x in (start, end):
            yield f'<line class="edge" x1="{x:.1f}" y1="16" x2="{x:.1f}" y2="{bottom}"/>'
        yield (
            f'<rect x="{start:.1f}" y="{WORDS_TOP}" width="{end - start:.1f}" '
            f'height="{WORDS_HEIGHT}" rx="3"/>'
        )
        text, middle = escape(word["text"]), (start + end) / 2
        yield f'<text x="{middle:.1f}" y="{WORDS_TOP + 19}">{text}</text></g>'


def _axis(duration_s: float, scale: float) -> Iterator[str]:
    yield '<g class="axis">'
    for half_s in range(int(2 * duration_s) + 1):
        x = MARGIN + half_s / 2 * scale
        yield f'<line x1="{x:.1f}" y1="{AXIS_TOP - 8}" x2="{x:.1f}" y2="{AXIS_TOP - 2}"/>'
        yield f'<text x="{x:.1f}" y="{AXIS_TOP + 14}">{half_s / 2:g} s</text>'
    yield "</g>"


if __name__ == "__main__":
    main()
