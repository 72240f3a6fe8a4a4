"""Language codes, and how each language reads out numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value

# ISO 639-1 -> ISO 639-3, https://www.loc.gov/standards/iso639-2/php/code_list.php
_THREE_LETTER_CODES: dict[str, str] = dict(
    re.findall(
        r"(\w\w):(\w\w\w)",
        """
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
    """,
    )
)
# Other codes for the same language: bibliographic (ISO 639-2/B), members of a macrolanguage.
_SAME_LANGUAGE = {
    "chi": "zho", "cmn": "zho", "cze": "ces", "dut": "nld", "fre": "fra", "ger": "deu",
    "gre": "ell", "ice": "isl", "per": "fas", "pes": "fas", "rum": "ron", "slo": "slk",
    "wel": "cym", "arb": "ara", "azj": "aze", "zlm": "msa", "lvs": "lav", "ekk": "est",
}  # fmt: skip


@dataclass(frozen=True)
class NumberStyle:
    """How a language writes and says numbers.

    Attributes:
        num2words_code: the language's name in the num2words package.
        decimal_mark: "." or ","; the other one groups thousands.
        point: what is said for the decimal mark ("" where nothing is known).
        minus: what is said for a minus sign.
        percent: what is said after a number for "%".
        says_years: whether 1984 is read in hundreds ("nineteen eighty-four").
        reads_decimals_by_digit: whether 3.14 is read "one four", not "fourteen".
    """

    num2words_code: str
    decimal_mark: str = ","
    point: str = ""
    minus: str = ""
    percent: str = ""
    says_years: bool = False
    reads_decimals_by_digit: bool = True


def _by_digit(code: str, mark: str, point: str, minus: str, percent: str = "") -> NumberStyle:
    return NumberStyle(code, mark, point, minus, percent)


def _as_number(code: str, mark: str, point: str, minus: str, percent: str = "") -> NumberStyle:
    return NumberStyle(code, mark, point, minus, percent, reads_decimals_by_digit=False)


def _with_years(code: str, mark: str, point: str, minus: str, percent: str) -> NumberStyle:
    return NumberStyle(code, mark, point, minus, percent, says_years=True)


# Amharic is left out: num2words 0.5.14 does not return from numbers such as 3,873,297.
_NUMBER_STYLES = {
    "eng": _with_years("en", ".", "point", "minus", "percent"),
    "deu": _with_years("de", ",", "Komma", "minus", "Prozent"),
    "nld": _with_years("nl", ",", "komma", "min", "procent"),
    "dan": _with_years("da", ",", "komma", "minus", "procent"),
    "nob": _with_years("no", ",", "komma", "minus", "prosent"),
    "nor": _with_years("no", ",", "komma", "minus", "prosent"),
    "swe": _by_digit("sv", ",", "komma", "minus", "procent"),
    "isl": _by_digit("is", ",", "komma", "mínus", "prósent"),
    "fin": _by_digit("fi", ",", "pilkku", "miinus", "prosenttia"),
    "epo": _by_digit("eo", ",", "komo", "minus", "procentoj"),
    "cym": _by_digit("cy", ".", "pwynt", "minws", "y cant"),
    "ind": _by_digit("id", ",", "koma", "min", "persen"),
    "tet": _by_digit("tet", ",", "vírgula", "menus"),
    "vie": _by_digit("vi", ",", "phẩy", "âm", "phần trăm"),
    "tha": _by_digit("th", ".", "จุด", "ลบ", "เปอร์เซ็นต์"),
    "jpn": _by_digit("ja", ".", "てん", "マイナス", "パーセント"),
    "kor": _by_digit("ko", ".", "점", "마이너스", "퍼센트"),
    "heb": _by_digit("he", ".", "נקודה", "מינוס", "אחוז"),
    "ara": _by_digit("ar", ",", "فاصلة", "ناقص", "بالمئة"),
    "fas": _by_digit("fa", ".", "ممیز", "منفی", "درصد"),
    "ben": _by_digit("bn", ".", "দশমিক", "", "শতাংশ"),
    "kan": _by_digit("kn", ".", "ಬಿಂದು", "", ""),
    "tel": _by_digit("te", ".", "బిందువు", "", "శాతం"),
    "tgk": _by_digit("tg", ",", "нуқта", "минус", "фоиз"),
    "che": _by_digit("ce", ",", "запятая", "минус"),
    "fra": _as_number("fr", ",", "virgule", "moins", "pour cent"),
    "spa": _as_number("es", ",", "coma", "menos", "por ciento"),
    "ita": _as_number("it", ",", "virgola", "meno", "per cento"),
    "por": _as_number("pt_BR", ",", "vírgula", "menos", "por cento"),
    "cat": _as_number("ca", ",", "coma", "menys", "per cent"),
    "ron": _as_number("ro", ",", "virgulă", "minus", "la sută"),
    "pol": _as_number("pl", ",", "przecinek", "minus", "procent"),
    "ces": _as_number("cs", ",", "celá", "mínus", "procent"),
    "slk": _as_number("sk", ",", "celých", "mínus", "percent"),
    "slv": _as_number("sl", ",", "vejica", "minus", "odstotkov"),
    "srp": _as_number("sr", ",", "zapeta", "minus", "procenata"),
    "rus": _as_number("ru", ",", "запятая", "минус", "процентов"),
    "ukr": _as_number("uk", ",", "кома", "мінус", "відсотків"),
    "bel": _as_number("be", ",", "коска", "мінус", "працэнтаў"),
    "lit": _as_number("lt", ",", "kablelis", "minus", "procentų"),
    "lav": _as_number("lv", ",", "komats", "mīnus", "procenti"),
    "hun": _as_number("hu", ",", "egész", "mínusz", "százalék"),
    "tur": _as_number("tr", ",", "virgül", "eksi"),
    "aze": _as_number("az", ",", "vergül", "mənfi", "faiz"),
    "kaz": _as_number("kz", ",", "бүтін", "минус", "пайыз"),
}


def resolve_language(language: str) -> str:
    """Return the ISO 639-3 code for ``language``.

    Args:
        language: ISO 639-3 ("deu"); ISO 639-1 ("de"), ISO 639-2/B ("ger") and tags with a region
            or script ("de-AT", "zh_Hans") are mapped to it.

    Raises:
        UsageError: it is none of these.
    """
    primary = re.split(r"[-_]", language.strip().lower(), maxsplit=1)[0]
    if primary in _THREE_LETTER_CODES:
        return _THREE_LETTER_CODES[primary]
    if not re.fullmatch(r"[a-z]{3}", primary):
        raise UsageError(
            f"language {shown_value(language)} is not a language code; give ISO 639-3, "
            "three letters such as eng, deu, cmn"
        )
    return _SAME_LANGUAGE.get(primary, primary)


def number_style(language: str) -> NumberStyle | None:
    """Return how ``language`` (ISO 639-3) says numbers; None where num2words lacks it."""
    return _NUMBER_STYLES.get(language)
