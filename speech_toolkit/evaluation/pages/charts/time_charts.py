"""Charts of seconds: every run of every device, and the stages that a run is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.chart import (
    bottom_axis,
    box,
    canvas,
    dot,
    figure,
    label,
    line,
    series,
)
from speech_toolkit.page_parts.elements import Markup, join
from speech_toolkit.page_parts.figures import duration
from speech_toolkit.page_parts.scales import Scale, amounts

_LEFT, _RIGHT = 16, 40
_ROW, _STRIP, _BAR, _AXIS = 62, 34, 22, 48


@dataclass(frozen=True)
class Runs:
    """The measured runs of one device.

    Attributes:
        name: of the device.
        seconds: of each run, in order.
        p50_s: the median.
        p90_s: the 90th percentile.
    """

    name: str
    seconds: Sequence[float]
    p50_s: float
    p90_s: float


def latency_chart(title: str, devices: Sequence[Runs], texts: Texts) -> Markup:
    """Draw each run as a point, a strip a device, with median and 90th percentile."""
    bottom = _ROW * len(devices) + 4
    all_s = [seconds for device in devices for seconds in device.seconds]
    description = "; ".join(
        f"{device.name}: p50 {duration(device.p50_s)}, p90 {duration(device.p90_s)}"
        for device in devices
    )

    def draw(width: int) -> Markup:
        scale = amounts(all_s, _LEFT, width - _RIGHT)
        rows = [_strip(index, device, scale, texts) for index, device in enumerate(devices)]
        return _on_seconds(rows, scale, bottom, f"{title}. {description}", texts)

    legend = [
        (dot(8, 8, "mark series-0"), texts("one_run")),
        (line(8, 0, 8, 16, "median"), "p50"),
        (line(8, 0, 8, 16, "tail"), "p90"),
    ]
    return figure(title, draw, legend, texts("latency_note"))


def _on_seconds(
    rows: Sequence[Markup], scale: Scale, bottom: float, description: str, texts: Texts
) -> Markup:
    """Draw rows above an axis of seconds."""
    axis = bottom_axis(scale, bottom, 0, texts("seconds_axis"), lambda value: f"{value:.4g}")
    return canvas(scale.end + _RIGHT, bottom + _AXIS, description, axis, *rows)


def _strip(index: int, device: Runs, scale: Scale, texts: Texts) -> Markup:
    """Draw one device's runs, the first on top."""
    top = _ROW * index + 22
    count = len(device.seconds)
    points = [
        dot(
            scale(seconds),
            top + 4 + (_STRIP - 8) * (run + 0.5) / count,
            f"mark {series(index)}",
            texts("run_hint", run=run + 1, time=duration(seconds)),
        )
        for run, seconds in enumerate(device.seconds)
    ]
    return join(
        label(_LEFT, top - 6, f"{device.name}: p50 {duration(device.p50_s)}"),
        *points,
        line(scale(device.p50_s), top, scale(device.p50_s), top + _STRIP, "median"),
        line(scale(device.p90_s), top, scale(device.p90_s), top + _STRIP, "tail"),
    )


def stage_chart(
    title: str, devices: Sequence[tuple[str, Mapping[str, float]]], texts: Texts
) -> Markup:
    """Draw the median seconds of the stages of each device as a bar of parts.

    Args:
        title: of the chart.
        devices: name, and seconds per stage.
        texts: of the page's language.
    """
    names = list(dict.fromkeys(name for _, stages in devices for name in stages))
    longest_s = max(sum(stages.values()) for _, stages in devices)
    bottom = (_ROW - 10) * len(devices) + 4
    description = "; ".join(
        f"{device}: " + ", ".join(f"{name} {duration(s)}" for name, s in stages.items())
        for device, stages in devices
    )

    def draw(width: int) -> Markup:
        scale = Scale(0.0, longest_s or 1.0, _LEFT, width - _RIGHT)
        rows = [_bar(index, device, names, scale) for index, device in enumerate(devices)]
        return _on_seconds(rows, scale, bottom, f"{title}. {description}", texts)

    legend = [
        (box(2, 2, 12, 12, f"mark {series(index)}"), texts.stage(name))
        for index, name in enumerate(names)
    ]
    return figure(title, draw, legend)


def _bar(
    index: int, device: tuple[str, Mapping[str, float]], names: Sequence[str], scale: Scale
) -> Markup:
    name, stages = device
    top = (_ROW - 10) * index + 22
    parts, start_s = [], 0.0
    for stage, seconds in stages.items():
        left = scale(start_s)
        start_s += seconds
        kind = f"mark {series(names.index(stage))}"
        parts.append(
            box(left, top, scale(start_s) - left, _BAR, kind, f"{stage} {duration(seconds)}")
        )
    return join(label(_LEFT, top - 6, f"{name}: {duration(start_s)}"), *parts)
