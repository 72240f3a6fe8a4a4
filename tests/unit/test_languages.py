from itertools import product
from string import ascii_lowercase

import pytest

from speech_toolkit.languages import (
    _BIBLIOGRAPHIC,
    UNSPACED_LANGUAGES,
    is_english,
    is_unspaced,
    three_letter_code,
)
from speech_toolkit.transcription.text.words import SPLIT_BY_CHARACTER

# ISO 639-1 and ISO 639-3, https://www.loc.gov/standards/iso639-2/php/code_list.php
TWO_AND_THREE_LETTERS = """
    aa:aar ab:abk af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel
    bg:bul bi:bis bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces
    cu:chu cv:chv cy:cym da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est
    eu:eus fa:fas ff:ful fi:fin fj:fij fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj
    gv:glv ha:hau he:heb hi:hin ho:hmo hr:hrv ht:hat hu:hun hy:hye hz:her ia:ina id:ind ie:ile
    ig:ibo ii:iii ik:ipk io:ido is:isl it:ita iu:iku ja:jpn jv:jav ka:kat kg:kon ki:kik kj:kua
    kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau ks:kas ku:kur kv:kom kw:cor ky:kir la:lat lb:ltz
    lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav mg:mlg mh:mah mi:mri mk:mkd ml:mal mn:mon
    mr:mar ms:msa mt:mlt my:mya na:nau nb:nob nd:nde ne:nep ng:ndo nl:nld nn:nno no:nor nr:nbl
    nv:nav ny:nya oc:oci oj:oji om:orm or:ori os:oss pa:pan pi:pli pl:pol ps:pus pt:por qu:que
    rm:roh rn:run ro:ron ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag sh:hbs si:sin sk:slk
    sl:slv sm:smo sn:sna so:som sq:sqi sr:srp ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel
    tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig
    uk:ukr ur:urd uz:uzb ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid yo:yor za:zha zh:zho
    zu:zul
"""
OTHER_CODES = (
    "alb:sqi arm:hye baq:eus bur:mya chi:zho cze:ces dut:nld fre:fra geo:kat ger:deu gre:ell "
    "ice:isl mac:mkd mao:mri may:msa per:fas rum:ron slo:slk tib:bod wel:cym "  # bibliographic
    "cmn:zho arb:ara pes:fas azj:aze zlm:msa lvs:lav ekk:est "  # stand for a macrolanguage
    "iw:heb in:ind ji:yid jw:jav"  # out of use; Whisper has the last
)


@pytest.mark.parametrize("pair", [*TWO_AND_THREE_LETTERS.split(), *OTHER_CODES.split()])
def test_codes_are_brought_to_one_form(pair):
    code, three = pair.split(":")
    assert three_letter_code(code) == three
    assert three_letter_code(three) == three


@pytest.mark.parametrize(
    "code", ["yue", "swh", "uzn", "tgl", "hbs", "prs", "ckb", "tet", "haw", "und", "mul", "xyz"]
)
def test_other_three_letters_stay(code):
    assert three_letter_code(code) == code


@pytest.mark.parametrize(
    ("tag", "code"),
    [("zh-Hans", "zho"), ("zh_CN", "zho"), ("EN-us", "eng"), (" de_AT ", "deu"), ("yue-HK", "yue")],
)
def test_a_tag_is_taken_for_its_language(tag, code):
    assert three_letter_code(tag) == code


@pytest.mark.parametrize("tag", ["", "e", "xx", "e1", "12", "eng1", "english", "e\u0301n", "-en"])
def test_what_is_no_code_has_none(tag):
    assert three_letter_code(tag) is None


@pytest.mark.parametrize("language", ["en", "ENG", "English", "en-US"])
def test_english_is_known_by_code_and_name(language):
    assert is_english(language)
    assert not is_english("enm")


@pytest.mark.parametrize(
    "language", ["zh", "zh-TW", "zho", "cmn", "Chinese", "YUE", "lao", "khm", "bod"]
)
def test_languages_without_spaces_are_known_by_code_and_name(language):
    assert is_unspaced(language)


@pytest.mark.parametrize("language", ["en", "eng", "ko", "Korean", "vi", "", None])
def test_others_have_spaces(language):
    assert not is_unspaced(language)


def test_whisper_splits_all_but_tibetan_by_character():
    assert {"bo"} == UNSPACED_LANGUAGES - SPLIT_BY_CHARACTER
    assert {"zh", "ja", "th", "lo", "my", "yue"} < SPLIT_BY_CHARACTER, "those of openai/whisper"


def test_no_other_three_letters_have_another_form():
    from langcodes import Language

    for letters in product(ascii_lowercase, repeat=3):
        code = "".join(letters)
        try:
            language = Language.get(code)
            bibliographic = language.to_alpha3(variant="B") == code
            other = language.to_alpha3() if bibliographic else code
        except LookupError:
            continue
        assert (other != code) == (code in _BIBLIOGRAPHIC), code
