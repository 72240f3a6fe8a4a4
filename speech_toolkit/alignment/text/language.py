"""The language of a transcript, and how each language reads out numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.languages import three_letter_code


@dataclass(frozen=True)
class NumberStyle:
    """How a language writes and says numbers.

    Attributes:
        code: the language's name in the package that spells its numbers.
        decimal_mark: "." or ","; the other one groups thousands.
        point: what is said for the decimal mark ("" where nothing is known).
        minus: what is said for a minus sign.
        percent: what is said after a number for "%".
        says_years: whether 1984 is read in hundreds ("nineteen eighty-four").
        reads_decimals_by_digit: whether 3.14 is read "one four", not "fourteen".
        from_cldr: whether the numbers are spelled by the rules of Unicode CLDR, not by num2words.
    """

    code: str
    decimal_mark: str = ","
    point: str = ""
    minus: str = ""
    percent: str = ""
    says_years: bool = False
    reads_decimals_by_digit: bool = True
    from_cldr: bool = False


def _by_digit(code: str, mark: str, point: str, minus: str, percent: str = "") -> NumberStyle:
    return NumberStyle(code, mark, point, minus, percent)


def _as_number(code: str, mark: str, point: str, minus: str, percent: str = "") -> NumberStyle:
    return NumberStyle(code, mark, point, minus, percent, reads_decimals_by_digit=False)


def _with_years(code: str, mark: str, point: str, minus: str, percent: str) -> NumberStyle:
    return NumberStyle(code, mark, point, minus, percent, says_years=True)


def _cldr(code: str, mark: str, point: str, minus: str, percent: str = "") -> NumberStyle:
    return NumberStyle(code, mark, point, minus, percent, from_cldr=True)


def _cldr_as_number(code: str, mark: str, point: str, minus: str, percent: str) -> NumberStyle:
    return replace(_cldr(code, mark, point, minus, percent), reads_decimals_by_digit=False)


def _cldr_with_years(
    code: str, mark: str, point: str, minus: str, percent: str = ""
) -> NumberStyle:
    return replace(_cldr(code, mark, point, minus, percent), says_years=True)


_NUMBER_STYLES = {
    "eng": _with_years("en", ".", "point", "minus", "percent"),
    "deu": _with_years("de", ",", "Komma", "minus", "Prozent"),
    "nld": _with_years("nl", ",", "komma", "min", "procent"),
    "nob": _with_years("no", ",", "komma", "minus", "prosent"),
    "nor": _with_years("no", ",", "komma", "minus", "prosent"),
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
    "amh": _by_digit("am", ".", "ነጥብ", "", "በመቶ"),
    "dan": _cldr_with_years("da", ",", "komma", "minus", "procent"),  # num2words: "treds" for 60
    "swe": _cldr("sv", ",", "komma", "minus", "procent"),  # num2words: "förtio" for 40
    "afr": _cldr_with_years("af", ",", "komma", "min", "persent"),
    "fao": _cldr_with_years("fo", ",", "komma", "minus", "prosent"),
    "gle": _cldr_with_years("ga", ".", "pointe", "míneas", "faoin gcéad"),
    "ltz": _cldr_with_years("lb", ",", "Komma", "minus", "Prozent"),
    "nep": _cldr_with_years("ne", ".", "दशमलव", "ऋणात्मक", "प्रतिशत"),
    "nno": _cldr_with_years("nn", ",", "komma", "minus", "prosent"),
    "sme": _cldr_with_years("se", ",", "pilkku", ""),
    "aka": _cldr("ak", ".", "pɔw", ""),
    "ccp": _cldr("ccp", ".", "𑄜𑄪𑄘𑄮", ""),
    "chr": _cldr("chr", ".", "ꭺꮝꮣᏹ", ""),
    "est": _cldr("et", ",", "koma", "miinus", "protsenti"),
    "ewe": _cldr("ee", ",", "kple kakɛ", ""),
    "fil": _cldr("fil", ".", "punto", "", "porsiyento"),
    "ful": _cldr("ff", ",", "poofirgel", "minus"),
    "hin": _cldr("hi", ".", "दशमलव", "माइनस", "प्रतिशत"),
    "hye": _cldr("hy", ",", "ստորակետ", "մինուս", "տոկոս"),
    "kal": _cldr("kl", ",", "komma", "minus", "procenti"),
    "kat": _cldr("ka", ",", "მძიმე", "მინუს", "პროცენტი"),
    "khm": _cldr("km", ",", "ចុច", "ដក", "ភាគរយ"),
    "kir": _cldr("ky", ",", "бүтүн", "минус", "пайыз"),
    "lao": _cldr("lo", ",", "ຈຸດ", "ລົບ", "ເປີເຊັນ"),
    "lrc": _cldr("lrc", ".", "مومٱیز", "منفی"),
    "mlt": _cldr("mt", ".", "punt", "minus", "fil-mija"),
    "msa": _cldr("ms", ".", "perpuluhan", "negatif", "peratus"),
    "mya": _cldr("my", ".", "ဒသမ", "အနုတ်", "ရာခိုင်နှုန်း"),
    "que": _cldr("qu", ".", "coma", ""),
    "sun": _cldr("su", ",", "koma", "minus", "persen"),
    "swa": _cldr("sw", ".", "nukta", "kasoro"),  # "%" is read before the number
    "tam": _cldr("ta", ".", "புள்ளி", "மைனஸ்", "சதவீதம்"),
    "zul": _cldr("zu", ".", "", ""),
    "bos": _cldr_as_number("sr_Latn", ",", "zarez", "minus", "posto"),  # its own say 1000 wrongly
    "bul": _cldr_as_number("bg", ",", "цяло и", "минус", "процента"),
    "ell": _cldr_as_number("el", ",", "κόμμα", "μείον", "τοις εκατό"),
    "hrv": _cldr_as_number("hr", ",", "zarez", "minus", "posto"),
    "mkd": _cldr_as_number("mk", ",", "запирка", "минус", "проценти"),
    "sqi": _cldr_as_number("sq", ",", "presje", "minus", "përqind"),
    "vec": _cldr_as_number("vec", ",", "vìrgoła", "manco", ""),
}
# Members that read numbers as another language does, or as their macrolanguage.
_NUMBERS_AS = {
    "swh": "swa",
    "tgl": "fil",
    "twi": "aka",
    "fat": "aka",
    "npi": "nep",
    "als": "sqi",
    "quz": "que",
    "fuc": "ful",
    "cnr": "srp",
}


def resolve_language(language: str) -> str:
    """Return the ISO 639-3 code for ``language``.

    Args:
        language: see :func:`three_letter_code`.

    Raises:
        UsageError: it is none of these.
    """
    code = three_letter_code(language)
    if code is None:
        raise UsageError(
            f"language {shown_value(language)} is not a language code; give ISO 639-3, "
            "three letters such as eng, deu, cmn"
        )
    return code


def number_style(language: str) -> NumberStyle | None:
    """Return how ``language`` (ISO 639-3) says numbers; None where no package knows."""
    return _NUMBER_STYLES.get(_NUMBERS_AS.get(language, language))
