"""Which script a text is written in, and whether its language is."""

from __future__ import annotations

from collections import Counter

import regex

# Languages that are written in one script or two alone; the first of each line is the best known.
_LANGUAGES = {
    "Han": "zho yue wuu nan hak gan hsn lzh jpn kor",
    "Hiragana": "jpn",
    "Katakana": "jpn ain",
    "Hangul": "kor",
    "Cyrillic": "rus ukr bel bul mkd srp bos kaz kir tgk mon tat bak chv che uzb aze tuk abk oss",
    "Greek": "ell grc",
    "Arabic": "ara fas urd pus snd uig kur ckb arz apc ary azb aze kas msa pan",
    "Hebrew": "heb yid",
    "Devanagari": "hin mar nep san bho mai kok snd kas",
    "Bengali": "ben asm",
    "Gurmukhi": "pan",
    "Gujarati": "guj",
    "Oriya": "ori ory",
    "Tamil": "tam",
    "Telugu": "tel",
    "Kannada": "kan",
    "Malayalam": "mal",
    "Sinhala": "sin",
    "Thai": "tha",
    "Lao": "lao",
    "Khmer": "khm",
    "Myanmar": "mya",
    "Tibetan": "bod dzo",
    "Georgian": "kat",
    "Armenian": "hye",
    "Ethiopic": "amh tir",
    "Latin": "eng deu nld fra spa ita por cat glg eus oci ron dan nob nno nor swe isl fao fin est "
    "lav lit pol ces slk slv hrv bos srp hun sqi tur aze uzb tuk kur mlt cym gle gla bre ltz afr "
    "vie ind msa jav sun tgl swa hau yor ibo zul xho sot tsn som kin lug mri smo haw epo lat tet",
}
_SCRIPT = regex.compile("|".join(rf"(?P<{script}>\p{{{script}}})" for script in _LANGUAGES))
_WRITTEN_IN = {
    language: {script for script, languages in _LANGUAGES.items() if language in languages.split()}
    for languages in _LANGUAGES.values()
    for language in languages.split()
}


def script_of(character: str) -> str | None:
    """Return the script that a letter belongs to; None for what is no letter of these scripts."""
    script = _SCRIPT.match(character)
    return script.lastgroup if script else None


def foreign_script(text: str, language: str) -> str | None:
    """Return the script of a text that cannot be in its language.

    Args:
        text: as typed.
        language: ISO 639-3.

    Returns:
        The script that most of the letters belong to; None where the language is written in it,
        or may be. Text in Latin letters may be a transliteration.
    """
    if text.isascii() or language not in _WRITTEN_IN:
        return None
    letters: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if script := script_of(character):
            letters[script] += count
    if not letters:
        return None
    script, _ = letters.most_common(1)[0]
    return None if script == "Latin" or script in _WRITTEN_IN[language] else script


def language_in(script: str) -> str:
    """Return the best-known language (ISO 639-3) that is written in a script."""
    return _LANGUAGES[script].split()[0]
