"""Axes, and what the charts make of errors that are zero, NaN or missing."""

import re
from itertools import pairwise

import pytest

from speech_toolkit.evaluation.pages.charts.histogram import error_histogram
from speech_toolkit.evaluation.pages.charts.layer_chart import layer_chart
from speech_toolkit.evaluation.pages.charts.time_charts import Runs, latency_chart, stage_chart
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.chart import PAGE_PX, PHONE_PX, WIDEST_PX
from speech_toolkit.page_parts.figures import duration, error_size, size
from speech_toolkit.page_parts.scales import Scale, amounts, decades, power_of_ten
from tests.unit.evaluation.pages.reports import layer_figures, module
from tests.unit.page_parts.page_parser import ParsedPage

TEXTS = Texts("en")


def test_linear_axis():
    scale = Scale(0.0, 10.0, 100.0, 300.0)
    assert [scale(value) for value in (0, 5, 10, 20)] == [100, 200, 300, 300]
    assert scale.ticks() == [0, 2, 4, 6, 8, 10]


def test_logarithmic_axis_of_whole_decades():
    scale = decades([3e-6, 2e-3, 0.0], 300.0, 0.0)
    assert (scale.low, scale.high) == pytest.approx((1e-6, 1e-2))
    assert [scale(value) for value in (1e-6, 1e-4, 1e-2, 1.0)] == pytest.approx([300, 150, 0, 0])
    assert scale.ticks() == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2])


@pytest.mark.parametrize(
    ("values", "low", "high", "is_log"),
    [
        ([0.11, 0.18], 0.0, 0.2, False),
        ([1.0, 30.0], 1.0, 100.0, True),
        ([0.0, 0.0], 0.0, 1.2, False),
        ([0.2], 0.0, 0.25, False),
    ],
)
def test_axis_of_amounts(values, low, high, is_log):
    scale = amounts(values, 0.0, 100.0)
    assert (scale.low, scale.is_log) == (low, is_log)
    assert scale.high >= max(values)
    assert scale.high == pytest.approx(high)


@pytest.mark.parametrize("high", [1e-9, 0.3, 7.0, 1e6])
def test_every_axis_has_a_few_ticks(high):
    ticks = amounts([high], 0.0, 100.0).ticks()
    assert 3 <= len(ticks) <= 8
    assert ticks[0] == 0


def test_decades_are_written_as_powers():
    assert [power_of_ten(value) for value in (1e-10, 1.0, 100.0)] == ["10⁻¹⁰", "10⁰", "10²"]


def drawn(chart, width=PAGE_PX):
    """Return the one drawing of a chart that has a width."""
    (drawing,) = re.findall(rf'<div class="drawn drawn-{width}">(.*?)</div>', chart, re.DOTALL)
    return drawing


def points(chart, kind, place="cy"):
    found = [e for e in ParsedPage(chart).named("circle") if e.attributes.get("class") == kind]
    return [float(e.attributes[place]) for e in found if e.children]


def test_errors_of_modules():
    figures = layer_figures()
    chart = drawn(layer_chart(figures["modules"], figures["culprits"], TEXTS))
    page = ParsedPage(chart)
    assert page.problems == []
    heights = points(chart, "mark series-0")
    assert len(heights) == 3  # of five modules two are culprits
    assert heights[1] > heights[0] == heights[2]  # no error at all stands at the bottom
    culprits = [e for e in page.named("polygon") if e.children]
    tops = [min(float(p.split(",")[1]) for p in e.attributes["points"].split()) for e in culprits]
    assert len(culprits) == 2
    assert tops[1] < tops[0] < heights[0]  # NaN stands on top
    assert "NaN/Inf" in culprits[1].children[0].text
    assert len(page.named("polyline")) == 2  # the curve is broken by NaN
    texts = [e.text for e in page.named("text")]
    assert {"encoder.layers.0", "encoder.layers.1", "lm_head"} <= set(texts)


def test_module_that_was_not_run_alone_has_no_local_error():
    rows = [module("a.b", None, 1e-3), module("a.c", 1e-4, 1e-3)]
    assert len(points(drawn(layer_chart(rows, [], TEXTS)), "mark series-0")) == 1


@pytest.mark.parametrize("width", [PHONE_PX, PAGE_PX, WIDEST_PX])
def test_many_modules_fit_and_their_names_stay_apart(width):
    rows = [module(f"model.layers.{i // 4}.fc{i % 4}", 1e-4, 1e-3) for i in range(2000)]
    page = ParsedPage(drawn(layer_chart(rows, [], TEXTS), width))
    (chart,) = page.with_class("chart")
    assert float(chart.attributes["width"]) == pytest.approx(width, abs=1)
    places = [float(e.attributes["x"]) for e in page.named("text") if "layers" in e.text]
    assert min(b - a for a, b in pairwise(places)) >= 20


def test_long_names_of_layers_keep_their_end():
    names = ["a_module_with_a_long_name.and_a_part", "encoder.layers.0.fc1", "encoder.layers.1.fc1"]
    rows = [module(name, 1e-4, 1e-3) for name in names for _ in range(3)]
    page = ParsedPage(drawn(layer_chart(rows, [], TEXTS)))
    assert any(e.text.startswith("…") and e.text.endswith("name") for e in page.named("text"))


def test_every_run_is_a_point():
    devices = [Runs("cpu", [0.1, 0.2, 0.15], 0.15, 0.19), Runs("npu:0", [0.05], 0.05, 0.05)]
    chart = drawn(latency_chart("Runs", devices, TEXTS))
    assert len(points(chart, "mark series-0")) == 3
    assert len(points(chart, "mark series-1")) == 1
    across = points(chart, "mark series-0", "cx")
    assert across[0] < across[2] < across[1]
    assert "cpu: p50 150.0 ms, p90 190.0 ms" in chart


def test_stages_stand_one_after_the_other():
    chart = drawn(stage_chart("Stages", [("cpu", {"encoder": 0.3, "tokens": 0.1})], TEXTS))
    encoder, tokens = (e for e in ParsedPage(chart).named("rect") if e.children)
    start, width = (float(encoder.attributes[name]) for name in ("x", "width"))
    assert float(tokens.attributes["x"]) == pytest.approx(start + width, abs=0.01)
    assert width == pytest.approx(3 * float(tokens.attributes["width"]), rel=1e-3)


def test_stages_that_took_no_time():
    assert ParsedPage(stage_chart("Stages", [("cpu", {"encoder": 0.0})], TEXTS)).problems == []


def test_histogram_bars_are_shares():
    edges, counts = [1e-3, 1e-2, 1e-1], [0, 100, 300, 0, 0]
    page = ParsedPage(drawn(error_histogram("Errors", edges, counts, TEXTS)))
    bars = [e for e in page.named("rect") if e.children]
    heights = [float(e.attributes["height"]) for e in bars]
    assert heights[2] == pytest.approx(3 * heights[1], rel=1e-3)
    assert heights[0] == heights[3] == heights[4] == 0
    assert bars[2].children[0].text == "1.0e-03 … 1.0e-02: 300 (75.00 %)"
    assert "1.0e-03" in page.with_class("chart")[0].attributes["aria-label"]


def test_numbers_with_units():
    assert [duration(s) for s in (None, 0.0123, 12.3)] == ["–", "12.3 ms", "12.30 s"]
    assert [size(b) for b in (None, 0, 1023, 1536, 5 << 30)] == [
        "–", "0 B", "1023 B", "1.5 KiB", "5.0 GiB"
    ]  # fmt: skip
    assert [error_size(e) for e in (None, 0.0, 0.00123)] == ["–", "0", "1.2e-03"]
