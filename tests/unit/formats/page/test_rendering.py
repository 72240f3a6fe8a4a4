import base64
import hashlib
import re

import numpy as np
import pytest
import soundfile

from speech_toolkit.errors import AudioError
from speech_toolkit.formats import render
from speech_toolkit.formats.page.languages import LANGUAGES
from speech_toolkit.formats.page.settings import EMBED, LINK, PageSettings
from tests.unit.formats.page.made_up import DEMO, alignment, demo, transcription
from tests.unit.formats.page.page_parts import PageParts

NASTY = '</script><script>alert(1)</script> <!-- "quoted" &amp; \u2028 \\N {} 🙂 漢'


def parts(document, **settings):
    return PageParts(render(document, "html", page=PageSettings(**settings)))


def test_text_stays_text():
    document = alignment((NASTY, 0, 1, 0.5), audio_path="</title><script>x")

    page = parts(document)

    assert page.data["document"] == document
    assert len(page.scripts) == 1, "a script of the text's"
    assert "\u2028" not in page.blocks["data"]


def test_nothing_is_allowed_but_what_is_in_the_page():
    page = parts(demo(), audio_path=str(DEMO))

    def hashed(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    rules = dict(rule.split(" ", 1) for rule in page.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{hashed(page.scripts[0])}'"
    assert rules["style-src"] == f"'sha256-{hashed(page.styles[0])}'"
    assert rules["media-src"] == "blob:"
    for tag, attributes in page.tags:
        assert not {"src", "href", "style", "onclick"} & attributes.keys(), tag


def test_sound_in_the_page_is_the_recording():
    samples, rate_hz = parts(demo(), audio_path=str(DEMO)).sound()

    truth, _ = soundfile.read(DEMO, dtype="float32")
    assert rate_hz == 16_000
    assert np.array_equal(samples, truth), "short sound is kept without loss"


def test_long_sound_is_compressed_and_keeps_every_click_at_its_time(tmp_path):
    rate_hz, click_s = 16_000, 5.0
    samples = np.zeros(130 * rate_hz, np.float32)
    samples[:: int(click_s * rate_hz)] = 0.9
    soundfile.write(tmp_path / "clicks.wav", samples, rate_hz)

    page = parts(demo(), audio_path=str(tmp_path / "clicks.wav"))

    heard, _ = page.sound()
    assert page.data["audio"]["media_type"] == "audio/ogg"
    assert len(heard) == len(samples)
    assert len(page.blocks["sound"]) < 2 * len(samples) / 4
    for at in range(int(click_s * rate_hz), len(samples), int(click_s * rate_hz)):
        near = np.abs(heard[at - 800 : at + 800])
        assert abs(int(near.argmax()) - 800) <= 16, "a click is more than a millisecond off"


def test_what_is_drawn_is_there():
    page = parts(demo(), audio_path=str(DEMO))

    audio = page.data["audio"]
    peaks = page.unpacked("peaks").reshape(-1, 2)
    columns = page.unpacked("spectrogram").reshape(-1, audio["bands"])
    assert len(peaks) * audio["peak_s"] == pytest.approx(4.825, abs=0.01)
    assert len(columns) * audio["column_s"] == pytest.approx(4.825, abs=0.02)


def test_a_part_of_a_recording_is_all_that_is_in_its_page():
    document = demo() | {"settings": {"start_s": 1.5, "end_s": 3.0}, "audio_duration": 1.5}

    page = parts(document, audio_path=str(DEMO))

    samples, _ = page.sound()
    truth, _ = soundfile.read(DEMO, dtype="float32")
    assert np.array_equal(samples, truth[24_000:48_000])
    assert page.data["start_s"] == 1.5
    assert len(page.unpacked("peaks")) // 2 * page.data["audio"]["peak_s"] == pytest.approx(1.5)


def test_a_large_recording_is_linked_from_where_the_page_stands(tmp_path, monkeypatch):
    from speech_toolkit.formats.page import recording

    monkeypatch.setattr(recording, "LARGEST_EMBEDDED_BYTES", 1000)
    sound = tmp_path / "a b#1.wav"
    sound.write_bytes(DEMO.read_bytes())
    settings = {"audio_path": str(sound), "page_path": str(tmp_path / "pages" / "x.html")}

    page = parts(demo(), **settings)

    assert page.data["audio"]["link"] == "../a%20b%231.wav"
    assert "sound" not in page.blocks
    assert "peaks" in page.blocks
    assert "file:" in page.policy
    assert "sound" in parts(demo(), audio=EMBED, **settings).blocks
    monkeypatch.undo()
    assert "sound" not in parts(demo(), audio=LINK, **settings).blocks


def test_a_page_without_sound():
    page = parts(demo())
    assert page.data["audio"] is None
    assert set(page.blocks) == {"data"}


def test_a_recording_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(AudioError, match="does not exist"):
        parts(demo(), audio_path=str(tmp_path / "gone.wav"))


def test_a_segment_without_words_is_told_from_one_with_them():
    document = transcription(
        ("Good day.", 0, 1, [("Good", 0, 0.5, 0.9), ("day.", 0.5, 1, 0.9)]),
        ("An hour later.", 2, 3, []),
    )
    assert parts(document).data["segment_sizes"] == [2, 0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opens_in_the_language_that_is_asked_for(language):
    page = parts(demo(), language=language)
    (html,) = (attributes for tag, attributes in page.tags if tag == "html")
    assert html["lang"].startswith(page.data["language"]) and page.data["language"] == language


def test_every_text_is_there_in_both_languages_and_used():
    page = parts(demo())
    wording = page.data["wording"]
    assert set(wording) == set(LANGUAGES)
    english, chinese = wording["en"], wording["zh"]
    assert list(english) == list(chinese) == sorted(english)
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key
    named = {
        attributes[name]
        for _, attributes in page.tags
        for name in ("data-text", "data-title", "data-hint")
        if name in attributes
    }
    named |= set(re.findall(r'\btext\(\s*"(\w+)"', page.scripts[0]))
    assert named <= set(english), named - set(english)
    made = (
        "kind_",
        "reason_",
        "verdict_",
        "because_",
        "alignment",
        "transcription",
    )  # named by what is shown
    unused = {
        key
        for key in english
        if not key.startswith(made) and key not in named and f'"{key}"' not in page.scripts[0]
    }
    assert unused == set()
