"""The same texts in every language, all of them used; sentences of reports have their Chinese."""

import ast
import re
from pathlib import Path

import pytest

from speech_toolkit.evaluation import pages as html
from speech_toolkit.evaluation.accuracy.criteria import criteria_for
from speech_toolkit.evaluation.accuracy.lead_shift import lead_limits
from speech_toolkit.evaluation.accuracy.verdict import added_errors_limit
from speech_toolkit.evaluation.metrics.timing import Distribution
from speech_toolkit.evaluation.pages.languages import LANGUAGES
from speech_toolkit.evaluation.pages.wording.sentences import chinese_sentences, translate
from speech_toolkit.evaluation.pages.wording.texts import Texts, wording
from speech_toolkit.evaluation.parity.limits import limits_for
from speech_toolkit.evaluation.thresholds import DTYPES_BY_PRECISION

PACKAGE = Path(html.__file__).parents[2]
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in Path(html.__file__).parent.rglob("*.py")
)
OF_A_MODULE = {
    "block_error",
    "local_error",
    "local_error_gelu",
    "rounding_ratio",
}  # not checked one by one
PLACES = re.compile(r"\{\w+\}")


def test_languages_have_the_same_texts():
    first, *others = (wording(language) for language in LANGUAGES)
    for other in others:
        assert other.keys() == first.keys()
        for part in first:
            assert other[part].keys() == first[part].keys()
            for key, text in first[part].items():
                assert sorted(PLACES.findall(other[part][key])) == sorted(PLACES.findall(text)), key


def test_every_text_is_used():
    unused = [key for key in wording("en")["page"] if f'"{key}"' not in SOURCES]
    assert unused == []


def test_translations_keep_what_stands_in_their_places():
    for english, chinese in chinese_sentences().items():
        assert sorted(PLACES.findall(chinese)) == sorted(PLACES.findall(english)), english


@pytest.mark.parametrize("dtype", DTYPES_BY_PRECISION)
def test_reasons_of_all_limits_are_known_in_chinese(dtype):
    limits = [*limits_for(dtype).values(), *limits_for(dtype, {"cosine": 0.5}).values()]
    for family in ("mms", "whisper"):
        limits += [*criteria_for(family, dtype), added_errors_limit(family, dtype)]
    limits += lead_limits(dtype)
    assert [limit.reason for limit in limits if translate(limit.reason) is None] == []
    held = {limit.name for limit in limits} - OF_A_MODULE
    assert held <= wording("zh")["checks"].keys()


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("the run did not end well", "运行未正常结束"),
        (
            "cosine of logits is 0.5, must be above 0.99 (set on the command line)",
            "logits 的 cosine 为 0.5，必须大于 0.99（由命令行设定）",
        ),
        (
            "culprits of modules is 2, must be at most 0 (new reason)",
            "modules 的 culprits 为 2，必须不大于 0（new reason）",
        ),
        ("channels 3 and 7 changed places", "通道 3 与 7 互换了位置"),
        (Distribution.of([1.0, 2.0]).note, "共 2 次运行；要可信，p90 需要 64 次，p99 需要 662 次"),
        (Distribution.of([1.0] * 64).note, "共 64 次运行；要可信，p99 需要 662 次"),
        ("58 sentences of the bundled samples with seeded changes, seed 3",
         "自带样本中的 58 个句子，按种子作改动，随机种子 3"),
        ("killed by signal 11", None),
    ],
)  # fmt: skip
def test_translated_sentences(english, chinese):
    assert translate(english) == chinese


def test_unknown_sentence_says_that_it_is_english():
    assert Texts("zh").sentence("a <b>") == '<span lang="en">a &lt;b&gt;</span>'
    assert Texts("en").sentence("a <b>") == "a <b>"


def test_unknown_names_are_shown_as_they_are():
    texts = Texts("zh")
    assert texts.check("new_figure") is None
    assert texts.stage("new_stage") == texts.name("new_stage") == "new stage"


def texts_within(node):
    """Yield the texts of a piece of source, with X for what is put in."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(p.value if isinstance(p, ast.Constant) else "X" for p in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from texts_within(child)


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("audio/defects", "completeness_warnings"),
        ("audio/defects", "level_warnings"),
        ("audio/ffmpeg_reader", "oddities"),
        ("audio/libsndfile_reader", "oddities"),
        ("checkpoint/not_finite", "redone_warning"),
        ("device/fallbacks", "fallback_warnings"),
        ("transcription/text/file_text", "text_warnings"),
        ("transcription/text/file_text", "cut_off_warnings"),
    ],
)
def test_warnings_of_runs_are_known_in_chinese(module, function):
    tree = ast.parse(PACKAGE.joinpath(f"{module}.py").read_text(encoding="utf-8"))
    (found,) = (n for n in ast.walk(tree) if getattr(n, "name", None) == function)
    ends = [n for n in ast.walk(found) if isinstance(n, ast.Yield | ast.Return) and n.value]
    texts = [text for end in ends for text in texts_within(end) if text.count(" ") > 3]
    assert texts
    assert [text for text in texts if not has_translation(text)] == []


def has_translation(text):
    """What is put in right after a word may be empty, as where there is no cause to name.

    What is said of a file may lack the file.
    """
    ways = (text, re.sub(r"(?<=[a-z])X", "", text), f"X {text}")
    return any(translate(way) is not None for way in ways)


def test_conditions_are_in_chinese_and_voices_as_they_are():
    texts = Texts("zh")
    assert texts.condition("20 dB pink") == "20 dB 粉红噪声"
    assert texts.condition("none added") == "未加噪声"
    assert texts.condition("story + talk") == "story + talk"
    assert Texts("en").condition("20 dB pink") == "20 dB pink"
