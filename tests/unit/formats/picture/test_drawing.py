import io

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.formats.picture import requirements
from tests.unit.formats.page.made_up import DEMO, alignment, demo, faulty, hour, transcription

matplotlib = pytest.importorskip("matplotlib")


def drawn(document, recording=str(DEMO)):
    from matplotlib.image import imread

    from speech_toolkit.formats.picture.drawing import draw_picture

    picture = draw_picture(document, recording)
    return imread(io.BytesIO(picture.png)), picture.warnings


def test_words_stand_in_the_colour_of_their_confidence():
    image, warnings = drawn(demo())
    assert warnings == ()
    height, width, _ = image.shape
    assert width == 1200
    row = image[int(height * 0.88), :, :3]  # through the words
    at = {name: int((0.012 + 0.976 * time_s / 4.825) * width) for name, time_s in
          (("The", 0.18), ("old", 0.42), ("lighthouse", 0.82))}  # fmt: skip
    red, blue, yellow = (row[x] for x in at.values())
    assert red[0] > red[2] + 0.1
    assert blue[2] > blue[0] + 0.05
    assert yellow[0] > yellow[2] + 0.1


def test_where_text_and_audio_disagree_is_hatched():
    plain, _ = drawn(demo())
    image, warnings = drawn(faulty())
    assert warnings == ()
    height, width, _ = image.shape
    reddish = image[..., 0] - image[..., 2] > 0.3
    left, right = (int((0.012 + 0.976 * time_s / 4.825) * width) for time_s in (0.5, 1.3))
    waves = slice(int(height * 0.25), int(height * 0.4))
    assert reddish[waves, left:right].mean() > 0.05
    assert not (plain[..., 0] - plain[..., 2] > 0.3)[waves, left:right].any()


def test_a_part_without_sound_words_or_length_is_drawn_too():
    words_alone, _ = drawn(demo(), recording=None)
    assert words_alone.std() > 0.01
    drawn(transcription(audio_duration_s=0.0))
    drawn(transcription(("No words.", 1, 2, []), ("-", 2, 2, [("-", 2, 2, 0.5)])))


def test_only_the_first_minutes_are_drawn_and_that_is_said():
    image, warnings = drawn(hour(), recording=None)
    assert len(image) < 6000
    assert warnings == ("the picture shows the first 120 s of 3600 s",)


def test_text_is_no_mathematics_and_what_no_font_has_is_named():
    _, warnings = drawn(alignment(("$x_", 0, 1, 0.5), ("\U000e0041\ufdd0", 1, 2, 0.5)))
    assert len(warnings) == 1
    assert warnings[0].startswith("no installed font has '\\ufdd0")


def test_a_font_is_found_for_each_character_that_has_one():
    from matplotlib import font_manager

    from speech_toolkit.formats.picture.fonts import BASE_FONT, fonts_for

    assert fonts_for(["plain é"]).families == (BASE_FONT,)
    fonts = fonts_for(["今天"])
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    if any("CJK" in name for name in installed):
        assert fonts.missing == "" and len(fonts.families) == 2
    else:
        assert fonts.missing == "今天"


def test_nothing_is_drawn_without_matplotlib(monkeypatch):
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="--plot needs matplotlib.*pip install matplotlib"):
        requirements.check_can_draw()


def test_the_picture_of_the_readme_is_small():
    from speech_toolkit.bundled import CHECKOUT

    assert (CHECKOUT / "docs" / "demo.png").stat().st_size < 120_000
