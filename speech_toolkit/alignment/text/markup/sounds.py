"""What is written in round brackets of sounds and voices, and never said: "(laughs softly)".

A bracket counts where all its words are known here and one of them is a sound. So "(which was
old)" and "(the door)" are read aloud.
"""

from __future__ import annotations

import regex

_ENGLISH = r"""
    laugh(?:s|ed|ing|ter)? chuckl(?:e|es|ed|ing) giggl(?:e|es|ed|ing) snicker(?:s|ing)?
    sigh(?:s|ed|ing)? gasp(?:s|ed|ing)? cough(?:s|ed|ing)? sneez(?:e|es|ed|ing)
    sniff(?:s|ing|les|ling)? sob(?:s|bed|bing)? cries crying weep(?:s|ing) scream(?:s|ed|ing)?
    shout(?:s|ed|ing) yell(?:s|ed|ing) groan(?:s|ed|ing)? moan(?:s|ed|ing)? grunt(?:s|ed|ing)?
    snort(?:s|ed|ing)? scoff(?:s|ed|ing)? applau(?:se|ds|ding) clap(?:s|ping) cheer(?:s|ing)
    boo(?:s|ing) whistl(?:es|ing) hum(?:s|ming) music sing(?:s|ing) silence pause(?:s|d)?
    inaudible unintelligible indistinct indiscernible crosstalk static beep(?:s|ed|ing)?
    bleep(?:s|ed)? ringing knock(?:s|ing)? footsteps thunder gunshots? gunfire explosions?
    bark(?:s|ing) meow(?:s|ing)? chatter(?:s|ing)? murmur(?:s|ing)? mumbl(?:es|ing)
    mutter(?:s|ing) whisper(?:s|ing) stammer(?:s|ing) stutter(?:s|ing) exhal(?:es|ing)
    inhal(?:es|ing) breath(?:es|ing) yawn(?:s|ing) snor(?:es|ing) hiccups? burps? slam(?:s|ming)
    noise sfx voice-?over v\.?o\.? o\.?s\.? o\.?c\.? off-?screen off-?mic cont'?d sic ph redacted
"""
_ENGLISH_BESIDE = r"""
    a an the and his her their its both all audience crowd people man woman door
    phone telephone bell bells dog cat engine car siren alarm throat nose voice voices conversation
    background distance heavily softly loudly quietly nervously deeply slightly gently continues
    continuing playing plays starts stops ends fades soft loud upbeat dramatic tense gentle ominous
    long short light heavy nervous more overlapping mild scattered clears clearing speaking speaks
    foreign language blowing out
"""
_ENGLISH_AFTER = "in on at of to by from"
_PHRASES = r"""
    clear(?:s|ing)\ (?:his\ |her\ |their\ )?throat foreign\ language cross\ talk
    (?:speaks|speaking|speaks\ in|speaking\ in)\ (?:a\ )?\p{L}+(?:\ language)?
    end\ of\ (?:recording|tape) no\ audio off\ (?:mic|screen|camera)
"""
_OTHER_LANGUAGES = r"""
    lacht lachen gelächter seufzt seufzen hustet husten räuspert\ sich niest weint schreit
    flüstert applaus beifall musik stille pause unverständlich kichert jubel stöhnt gähnt geräusch
    rires? rit riant rient soupire?s? tousse toux pleure pleurs cris crie chuchote
    applaudissements musique silence inaudible incompréhensible gémit risas? ríe ríen riendo
    suspir[ao]s? tose tos llora grita susurra aplausos música silencio inaudible ininteligible
    ride risate ridono sospir[ao] tossisce piange urla sussurra applausi musica silenzio
    incomprensibile risos ri rindo suspiros? suspira tosse chora aplausos música silêncio
    inaudível gelach lacht zucht zuchten hoest huilt fluistert applaus gejuich muziek stilte
    onverstaanbaar смех смеётся смеется смеются вздыхает вздох кашляет кашель плачет кричит
    шёпотом шепчет аплодисменты музыка тишина пауза неразборчиво śmiech śmieje\ się wzdycha kaszle
    płacze krzyczy szepcze oklaski brawa muzyka cisza niewyraźnie gülüyor gülüşmeler kahkaha
    iç\ çekiyor öksürüyor ağlıyor alkış alkışlar müzik sessizlik anlaşılmıyor ضحك يضحك تضحك تصفيق
    موسيقى صمت تنهد يتنهد سعال हँसी हंसी हँसते\ हुए तालियाँ तालियां संगीत आह 웃음 웃음소리 웃는다
    박수 박수갈채 음악 한숨 침묵 기침 울음 환호
"""
_CHINESE = r"""
    (?:众人|大家|观众|全场|现场|所有人|两人|他|她|轻|大|微|苦|冷|偷|狂|哄堂)?(?:笑|大笑|微笑|哈哈大笑)(?:声|着)?
    笑聲 众人笑 眾人笑 (?:热烈|熱烈)?(?:鼓)?掌(?:声|聲)? 鼓掌 欢呼(?:声)? 歡呼(?:聲)?
    (?:背景|轻|輕)?(?:音乐|音樂)(?:声|聲|起|响起|響起)? 叹气 嘆氣 叹息 咳嗽(?:声|聲)?
    哭(?:泣|声|聲)? 尖叫(?:声|聲)? 沉默 停顿 停頓 静音 靜音 听不清 聽不清 听不清楚 无法听清 噪音
    杂音 雜音 口哨(?:声)? 敲门声 电话铃声 脚步声 枪声 铃声 掌声雷动 画外音 畫外音 旁白 笑 笑い
    笑い声 爆笑 苦笑 拍手 歓声 音楽 ため息 咳 咳払い 沈黙 泣く 泣き声 聞き取れず 聞き取り不能
    効果音
"""


def any_of(words: str) -> str:
    r"""Return a pattern for any of some patterns that space parts, "\ " where one holds space."""
    return "|".join(word.replace("\0", r"\ ") for word in words.replace(r"\ ", "\0").split())


_SOUND = rf"(?:{any_of(_ENGLISH)}|{any_of(_PHRASES)}|{any_of(_OTHER_LANGUAGES)}|{any_of(_CHINESE)})"
_BESIDE = rf"(?:{any_of(_ENGLISH_BESIDE)})"
_AFTER = rf"(?:{_SOUND}|{_BESIDE}|{any_of(_ENGLISH_AFTER)})"
_PHRASE = regex.compile(
    rf"(?:{_BESIDE}[\ ,]+){{0,4}}{_SOUND}(?:[\ ,;/+&、，]+{_AFTER}){{0,4}}",
    regex.IGNORECASE,
)
_OUTER = regex.compile(r"^[\p{P}\s]+|[\p{P}\s]+$")


def is_sound(content: str) -> bool:
    """Tell whether the content of a bracket names sounds or how something is said.

    Args:
        content: what stands between the brackets.
    """
    bare = regex.sub(r"\s+", " ", _OUTER.sub("", content))
    return _PHRASE.fullmatch(bare) is not None or _PHRASE.fullmatch(content.strip()) is not None
