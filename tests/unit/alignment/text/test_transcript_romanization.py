import time
from concurrent.futures import ThreadPoolExecutor
from unicodedata import category

import pytest
from uroman import RomFormat

from speech_toolkit.alignment.text import romanization
from speech_toolkit.alignment.text.romanization import Romanized, prepare, romanize

SAMPLES = {
    "rus": "съешь же ещё этих мягких французских булок да выпей чаю объявление",
    "ukr": "жебракують філософи при ґанку церкви в гадячі ще й шатро їхнє п'яне знаємо",
    "bul": "ах чудна българска земьо полюшвай цъфтящи жита",
    "kaz": "қазақстан республикасының тұңғыш өзге ғылым",
    "ell": "ξεσκεπάζω την ψυχοφθόρα βδελυγμία μπανγκαλόρ αυτός ευχή",
    "deu": "zwölf boxkämpfer jagen viktor quer über den großen sylter deich äöü",
    "tur": "pijamalı hasta yağız şoföre çabucak güvendi ılık ığdır",
    "lav": "glāžšķūņa rūķīši dzērumā čiepj baha koncertflīģeļu vākus",
    "ara": "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر السلام عليكم",
    "fas": "بر اثر چنین تلقین و شستشوی مغزی جامعه",
    "heb": "דג סקרן שט בים מאוכזב ולפתע מצא חברה שָׁלוֹם",
    "hin": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश हिन्दी क्षत्रिय",
    "ben": "বাংলা ভাষা আমার মাতৃভাষা বিদ্যালয়",
    "tam": "யாமறிந்த மொழிகளிலே தமிழ்மொழி",
    "amh": "አማርኛ ቋንቋ ኢትዮጵያ",
    "kat": "ქართული ენა საქართველო",
    "hye": "հայերեն լեզու և",
    "tha": "ภาษาไทยศักดิ์สิทธิ์ เป็นมนุษย์สุดประเสริฐเลิศคุณค่า สวัสดี",
    "khm": "ភាសាខ្មែរ ជាភាសា កម្ពុជា",
    "lao": "ພາສາລາວ ສະບາຍດີ",
    "mya": "မြန်မာဘာသာ မင်္ဂလာပါ",
    "bod": "བོད་སྐད་ བཀྲ་ཤིས་བདེ་ལེགས",
    "kor": "한국어 키스의 고유조건은 입술끼리 만나야 하고",
    "jpn": "いろはにほへとちりぬるを きゃっカー シャーロック ゔ",
    "zho": "我 爱 中 国 三 百 千 万 亿 零 半 两 参 伍",
}
# Languages whose readings depend on the letters around, or on rules of their own.
CONTEXT_RULES = ("bod", "deu", "hin", "jpn", "rus", "tha")


@pytest.fixture
def no_rules_loaded():
    romanization._romanizer.cache_clear()
    romanize.cache_clear()
    yield
    romanization._romanizer.cache_clear()
    romanize.cache_clear()


def test_threads_that_start_at_once_wait_for_the_rules(no_rules_loaded, monkeypatch):
    load = romanization._load_uroman

    def slow(wanted):
        time.sleep(0.2)
        return load(wanted)

    monkeypatch.setattr(romanization, "_load_uroman", slow)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(romanize, ["дом", "домом", "домой", "дома"], ["rus"] * 4))
    assert [word[0] for word in found] == [Romanized("d", 0, 1)] * 4


def test_ranges_cover_the_word(no_rules_loaded):
    assert romanize("щётка", "rus") == (
        Romanized("shch", 0, 1),
        Romanized("yo", 1, 2),
        Romanized("t", 2, 3),
        Romanized("k", 3, 4),
        Romanized("a", 4, 5),
    )


def test_chinese_numerals_are_read_and_not_counted(no_rules_loaded):
    assert [part.text for part in romanize("三百", "zho")] == ["san", "bai"]


def test_another_script_is_loaded_when_it_comes(no_rules_loaded):
    assert romanize("да", "rus")[0].text == "d"
    assert romanize("三", "zho")[0].text == "san"
    assert romanize("да!", "rus")[0].text == "d"


def test_a_prepared_text_is_loaded_once(no_rules_loaded):
    prepare(set("да三ไ"))
    for word in ("да", "三", "ไ"):
        romanize(word, "eng")
    assert romanization._romanizer()._loads == 1


def test_long_text_keeps_its_ranges(no_rules_loaded):
    parts = romanize("да" * 500, "rus")
    assert [(part.start, part.end) for part in parts] == [(i, i + 1) for i in range(1000)]
    assert "".join(part.text for part in parts) == "da" * 500


def test_text_on_which_uroman_fails_is_halved(no_rules_loaded):
    text = "\u0e75ผอ๙ເ\u0e64"
    prepare(set(text))
    with pytest.raises(TypeError):
        romanization._romanizer().edges(text, "tha")
    parts = romanize(text, "tha")
    assert parts[0].start == 0
    assert parts[-1].end == len(text)
    assert "p" in "".join(part.text for part in parts)


def test_without_a_place_for_temporary_files(no_rules_loaded, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    assert [part.text for part in romanize("三百", "zho")] == ["san", "bai"]


def test_lone_surrogates_pass_through(no_rules_loaded):
    assert romanize("\ud800д", "rus") == (Romanized("\ud800", 0, 1), Romanized("d", 1, 2))


@pytest.mark.parametrize(
    "language",
    [
        language if language in CONTEXT_RULES else pytest.param(language, marks=pytest.mark.slow)
        for language in sorted(SAMPLES)
    ],
)
def test_the_rules_of_the_text_alone_give_what_all_rules_give(
    language, whole_uroman, no_rules_loaded
):
    prepare(set(SAMPLES[language]))
    assert romanization._romanizer()._loads == 1
    for word in SAMPLES[language].split():
        edges = whole_uroman.romanize_string(word, language, RomFormat.EDGES)
        assert romanize(word, language) == tuple(
            Romanized(edge.txt, edge.start, edge.end) for edge in edges
        )


# Above U+1FFFF are ideographs for which uroman has no reading.
BLOCKS = (
    *((first, first + 0x100) for first in range(0, 0x3100, 0x100)),
    *((first, first + 0x1000) for first in range(0x3100, 0x20000, 0x1000)),
)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "end"), BLOCKS)
def test_every_character_is_read_as_with_all_rules(first, end, whole_uroman, no_rules_loaded):
    characters = [c for c in map(chr, range(first, end)) if category(c) != "Cs"]
    prepare(set(characters))
    for character in characters:
        for word in (character, f"a{character}a"):
            assert "".join(part.text for part in romanize(word, "eng")) == (
                whole_uroman.romanize_string(word, "eng")
            ), f"U+{ord(character):04X}"
