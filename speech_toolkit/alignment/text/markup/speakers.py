"""Labels that name who speaks, where a line begins: "JOHN:", "Dr. Smith:", "张三：", ">>"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

import regex

from speech_toolkit.alignment.text.markup.brackets import tells_by_case
from speech_toolkit.alignment.text.markup.lines import Line, lines_of
from speech_toolkit.alignment.text.markup.ranges import Stretch
from speech_toolkit.alignment.text.markup.sounds import any_of

# Roles that nobody opens a sentence with, and those that are nouns like others.
_SURE_ROLES = r"""
    speaker interviewer interviewee narrator moderator announcer presenter host co-?host
    voice-?over spk unidentified unknown sprecher(?:in)? moderator(?:in)? erzähler(?:in)?
    interviewer(?:in)? intervieweur présentateur présentatrice narrateur narratrice locuteur
    entrevistador(?:a)? locutor(?:a)? narrador(?:a)? presentador(?:a)? hablante intervistatore
    narratore conduttore conduttrice entrevistado ведущий ведущая диктор рассказчик 主持人 主持
    记者 記者 采访者 採訪者 受访者 受訪者 旁白 画外音 解说 解說 说话人 說話人 发言人 發言人 嘉宾
    嘉賓 司会 司会者 ナレーション ナレーター 進行 진행자 사회자 화자 내레이션
"""
_OTHER_ROLES = r"""
    man woman boy girl male female guy child kid doctor nurse teacher student patient customer
    agent caller operator guest reporter anchor audience crowd officer judge attorney witness
    mother father question answer q a frage antwort question réponse pregunta respuesta вопрос
    ответ 问 答 問 男 女 男子 女子 甲 乙 丙 老师 老師 学生 學生 医生 醫生 众人 眾人 观众 觀眾 男声
    女声 男生 女生 客服 客户
"""
_TITLES = r"""
    mr mrs ms miss dr prof professor sir lady lord capt captain sgt sergeant lt officer judge
    justice senator sen representative rep president secretary chairman chairwoman rev father
    sister nurse doctor detective inspector agent herr frau fräulein monsieur madame mme mlle
    señor señora sr sra signor signora don doña доктор г-н г-жа
"""
# What opens a line with a colon and is read aloud.
_NOTICES = r"""
    from to cc source author authors format comment comments version status description help
    appendix license copyright url
    note notes notice nb warning caution attention important tip tips hint reminder remember
    danger example examples exercise todo ps p\.s p\.s\. faq summary conclusion update breaking
    news step chapter part act scene section lesson unit book volume episode day week title
    subject re date time place location topic agenda problem solution result results reason answer
    key first second third fourth fifth one two three four five six seven eight nine ten next then
    finally last also but and so or yes no ok okay well now because however therefore thus hence
    meanwhile today tomorrow yesterday tonight he she it they we you i this that these those here
    there what who when where why how monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december morning
    afternoon evening ingredients directions instructions materials method background introduction
    definition fact rule rules goal prologue epilogue preface foreword afterword interlude
    look listen wait stop hello hi hey oh alas beware behold psalm verse article figure table
    achtung hinweis anmerkung wichtig beispiel merke
    zusammenfassung kapitel teil warnung attention remarque important exemple conclusion résumé
    chapitre partie avertissement nota atención importante ejemplo resumen conclusión capítulo
    parte advertencia aviso attenzione avviso esempio riassunto capitolo parte внимание примечание
    важно пример глава часть итог 注意 注 备注 備註 说明 說明 提示 警告 例如 比如 例 结论 結論
    总结 總結 总之 問題 问题 答案 原因 结果 結果 时间 時間 地点 地點 人物 主题 主題 标题 標題 题目
    目的 方法 步骤 内容 內容 要求 附注 重要 特点 优点 缺点 首先 其次 最后 第一 第二 第三 因此 所以
    但是 然而 今天 明天 昨天 早上 晚上 下午 中午 周一 周二 周三 周四 周五 周六 周日 他说 她说 我说
    张力 张开 王国 王子 王朝 王后 李子 刘海 陈述 陈列 杨树 黄金 赵国 周末 周期 吴国 孙子 徐徐 朱红
    郭外 郑重 谢谢 宋代 唐代 唐朝 许多 許多 韩国 冯河 曹操 时候
"""
_SURNAMES = "张張王李赵趙刘劉陈陳杨楊黄黃吴吳周徐孙孫朱郭郑鄭谢謝宋唐许許韩韓冯馮曹彭潘蒋蔣"


# Spaces are possessive: what is padded with thousands of them must not take their square.
_END = r"\s*+(?:[(（\[][^()（）\n]{1,40}[)）\]]\s*+)?[:：][*_]*(?:(?<=：)|(?=\s|$))"
_START = r"[\s\-–—>*_•·\"“]{0,40}?"
_NUMBERED = r"(?:\s*+[#№]?\s*+(?P<number>\d{1,3}|[A-Z一二三四五六七八九十](?![\p{L}])))?"
_NAME = r"\p{Lu}[\p{L}\p{M}'’.-]*"
_LABEL = regex.compile(
    rf"{_START}(?P<label>(?:"
    rf"(?P<role>(?i:{any_of(_SURE_ROLES)}))\b{_NUMBERED}"
    rf"|(?P<noun>(?i:{any_of(_OTHER_ROLES)}))\b{_NUMBERED}"
    rf"|(?P<titled>(?i:{any_of(_TITLES)})\.?\s++{_NAME}(?:\s++{_NAME}){{0,2}})"
    rf"|(?P<han>\p{{Han}}{{1,5}}(?:[·・]\p{{Han}}{{1,6}})?|[\p{{Katakana}}ー・]{{2,12}})(?:さん|くん|ちゃん)?"
    rf"|(?P<name>[\p{{Lu}}][\p{{L}}\p{{M}}\d'’.&/-]*(?:\s++#?[\p{{Lu}}\d][\p{{L}}\p{{M}}\d'’.&/-]*){{0,4}})"
    rf"){_END})",
    regex.V0,
)
_NOTICE = regex.compile(rf"(?i:{any_of(_NOTICES)})")
_SURNAMED = regex.compile(
    rf"(?:[老小阿])?[{_SURNAMES}](?:\p{{Han}}{{1,2}}|先生|女士|小姐|老师|老師|医生|醫生|教授|总|總)?"
)
# With a number it is read aloud: "Question 1:".
_NUMBERED_NOTICE = regex.compile(
    r"(?i:(?:question|answer|frage|antwort|réponse|pregunta|respuesta)\b.*)"
)
# Who narrates says it: "张三说：". It is not a name that ends so.
_SAYING = regex.compile(r".*[说說道问問答曰云叫喊讲講想笑哭写寫唱念骂罵]")
# "Mr. President:" is mostly said to somebody.
_ADDRESS = regex.compile(rf"(?i:(?:{any_of(_TITLES)}|speaker|vice|madam)\.?(?:\s++|$))+")
_CHEVRONS = regex.compile(
    r"(?:(?:^|(?<=[\n\r]))[^\S\n\r]*|(?<=[.?!…\"”。！？]\s))(?P<mark>>>>?)(?=\s|$|\w)"
)
_SENTENCE = regex.compile(r"\s*[\p{Lu}\p{Lo}\"“¿¡].*[.!?…。！？][\"”’)]*\s*", regex.DOTALL)
_BEFORE_COLON = regex.compile(r"^[^:：\n\r]{1,60}[:：]", regex.MULTILINE)
_FEWEST_SHOUTED = 4  # letters; "USA:" and "II:" may be said
_LONGEST_NAME = 3  # words


class _Trust(Enum):
    """How sure a label is by itself."""

    SURE = 1
    LIKELY = 2  # a first and a last name, or a role that is a noun like others
    POSSIBLE = 3  # one name


class _Label(NamedTuple):
    stretch: Stretch
    name: str
    trust: _Trust
    is_followed_by_sentence: bool


def find_speakers(text: str) -> Iterator[Stretch]:
    """Find labels of speakers.

    A label is sure by itself in upper case, with a title, with a number or by its role. Names in
    other letters are labels where one recurs, or where all lines have one before a whole sentence;
    full names also where several lines have one. What announces a remark, as "Note:" does, is none.

    Args:
        text: as typed, other markup blanked.

    Yields:
        Stretches from the label's first letter to its colon.
    """
    yield from (match.span("mark") for match in _CHEVRONS.finditer(text))
    lines = lines_of(text)
    case_tells = tells_by_case(_BEFORE_COLON.sub("", text))
    labels = [label for line in lines if (label := _label(line, case_tells))]
    names = Counter(label.name for label in labels)
    all_have_one = len(labels) == len(lines) > 1 and all(
        label.is_followed_by_sentence for label in labels
    )
    is_dialogue = 2 * len(labels) >= len(lines) and len(names) < len(labels)
    for label in labels:
        if (
            label.trust is _Trust.SURE
            or all_have_one
            or is_dialogue
            or names[label.name] > 1
            or (label.trust is _Trust.LIKELY and len(labels) > 1)
        ):
            yield label.stretch


def _label(line: Line, case_tells: bool) -> _Label | None:
    match = _LABEL.match(line.text)
    if match is None:
        return None
    name = regex.sub(r"\s*[(（\[].*|[:：*_]+$", "", match["label"]).strip()
    words = name.split()
    if any(_NOTICE.fullmatch(word) for word in (name, words[0].rstrip("."))):
        return None
    if match["number"] and _NUMBERED_NOTICE.fullmatch(name):
        return None
    if match["han"] and _SAYING.fullmatch(name):
        return None
    if len(words) > _LONGEST_NAME and not name.isupper():
        return None
    start, end = match.span("label")
    rest = line.text[end:]
    return _Label(
        stretch=(line.start + start, line.start + end),
        name=name.casefold(),
        trust=_trust(match, name, case_tells),
        is_followed_by_sentence=_SENTENCE.fullmatch(rest) is not None,
    )


def _trust(match: regex.Match[str], name: str, case_tells: bool) -> _Trust:
    if match["titled"] and _ADDRESS.fullmatch(name):
        return _Trust.LIKELY
    if match["titled"] or match["role"] or match["number"]:
        return _Trust.SURE
    if match["noun"]:
        return _Trust.LIKELY if len(name) > 1 or not name.isascii() else _Trust.POSSIBLE
    if match["han"]:
        return _Trust.SURE if _SURNAMED.fullmatch(name) else _Trust.POSSIBLE
    letters = [character for character in name if character.isalpha()]
    is_shouted = len(letters) >= _FEWEST_SHOUTED and all(map(str.isupper, letters))
    if is_shouted and (case_tells or any(map(str.isdecimal, name))):
        return _Trust.SURE
    is_full = len(name.split()) > 1 and not any(map(str.isdecimal, name))
    return _Trust.LIKELY if is_full else _Trust.POSSIBLE
