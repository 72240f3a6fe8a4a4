"""The picture of an alignment: is it one, with every word where it is spoken?"""

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.end_to_end.support import REPOSITORY

SVG = "{http://www.w3.org/2000/svg}"
RESULT = {
    "transcript": "R&B <now>\n",
    "words": [
        {"text": "R&B", "start_time": 0.5, "end_time": 1.0},
        {"text": "<now>", "start_time": 1.0, "end_time": 2.0},
    ],
}


@pytest.fixture
def draw(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "tools"))
    yield __import__("draw_alignment")
    sys.modules.pop("draw_alignment", None)


def test_words_stand_where_they_are_spoken(draw):
    samples = np.sin(np.arange(32_000) / 5).astype(np.float32)
    picture = ElementTree.fromstring(draw.draw(samples, 2.0, RESULT))
    words = [group for group in picture.iter(f"{SVG}g") if group.get("class") == "word"]
    assert [group.find(f"{SVG}text").text for group in words] == ["R&B", "<now>"]
    pixels_per_s = (draw.WIDTH - 2 * draw.MARGIN) / 2
    boxes = [group.find(f"{SVG}rect") for group in words]
    starts = [(float(box.get("x")) - draw.MARGIN) / pixels_per_s for box in boxes]
    assert starts == pytest.approx([0.5, 1.0], abs=0.001)
    assert float(boxes[1].get("width")) == pytest.approx(pixels_per_s, abs=0.1)


def test_silence_can_be_drawn(draw):
    picture = draw.draw(np.zeros(1600, dtype=np.float32), 0.1, RESULT)
    assert "nan" not in picture


def test_the_picture_of_the_readme_is_small_and_shows_the_demo():
    path = REPOSITORY / "docs" / "alignment.svg"
    assert path.stat().st_size < 200_000
    text = "".join(node.text or "" for node in ElementTree.parse(path).iter(f"{SVG}text"))
    for word in (REPOSITORY / "samples" / "demo.txt").read_text(encoding="utf-8").split():
        assert word in text
