"""What the terminal says of whether a transcript is what was said."""

import sys

import pytest

from speech_toolkit.cli.quality_report import (
    NEVER,
    is_bad,
    report_quality,
    report_verdicts,
    word_lines,
)
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.scripts import inference_mms
from speech_toolkit.errors import UsageError
from tests.unit.corpus.page.made_up import summary

REASONS = {
    "check": [("not_spoken", '"old boat" was probably not spoken'), ("cut_off", "ends early")],
    "wrong_transcript": [("low_confidence", "9 of 9 words are not to be heard")],
}


def document(verdict, confidence=0.5):
    reasons = [{"kind": kind, "text": text} for kind, text in REASONS.get(verdict, ())]
    words = [
        {"text": text, "start_time": place, "end_time": place + 0.5}
        for place, text in enumerate(("The", "old", "boat", "waved"))
    ]
    unspoken = [{"first_word": 1, "end_word": 3}] if reasons else []
    quality = {"verdict": verdict, "confidence": confidence, "reasons": reasons}
    return {
        "audio_path": "talk.wav",
        "words": words,
        "settings": {},
        "quality": quality | {"not_spoken": unspoken},
    }


@pytest.fixture
def told(capsys):
    """Return what a report prints on stdout and stderr."""

    def tell(content, **options):
        report_quality(content, Reporter(**options))
        return capsys.readouterr()

    return tell


def test_a_good_transcript_is_one_line_of_the_report(told):
    assert told(document("good", 0.934)) == ("[QUALITY] good (confidence 0.93)\n", "")
    assert told(document("good"), quiet=True) == ("", "")


@pytest.mark.parametrize(
    ("left_out", "stars_after", "changes"),
    [
        ([1], [], "without 1 word"),
        ([], [-1, 3], "with <star> in 2 places"),
        (list(range(1200)), [3], "without 1,200 words, and with <star> in 1 place"),
    ],
)
def test_a_repair_tells_what_it_changed_and_nothing_else(told, left_out, stars_after, changes):
    content = document("check")
    content["settings"]["repair"] = True
    content["quality"]["repair"] = {"left_out": left_out, "stars_after": stars_after}
    line = f"[INFO] Repair: aligned {changes}; the text is quality.repair in the JSON\n"
    assert told(content).out == line


@pytest.mark.parametrize("quiet", [False, True])
def test_one_to_check_is_one_warning_with_its_reasons(told, quiet):
    assert told(document("check"), quiet=quiet) == (
        "",
        '[WARNING] check the transcript (confidence 0.50): "old boat" was probably not spoken; '
        "ends early\n",
    )


@pytest.mark.parametrize("quiet", [False, True])
def test_a_wrong_one_is_loud_and_names_the_way_out(told, quiet):
    _, said = told(document("wrong_transcript", 0.04), quiet=quiet)
    lines = said.splitlines()
    assert lines[0].startswith("[WARNING] WRONG TRANSCRIPT? talk.wav: ")
    assert len(lines) >= 4
    assert all(line.startswith("[WARNING] ") for line in lines)
    for part in ("confidence 0.04", "9 of 9 words", "--language", "--star segments"):
        assert part in said


def test_it_is_red_where_a_terminal_shows_that(told, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for line in told(document("wrong_transcript")).err.splitlines():
        assert line.startswith("\x1b[31m[WARNING] ") and line.endswith("\x1b[0m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in told(document("wrong_transcript")).err


def test_words_that_were_not_spoken_are_marked():
    assert word_lines(document("check")) == [
        "   0.000s -    0.500s  The",
        "   1.000s -    1.500s  old  not spoken?",
        "   2.000s -    2.500s  boat  not spoken?",
        "   3.000s -    3.500s  waved",
    ]


@pytest.mark.parametrize(
    ("bad_from", "bad"),
    [
        (NEVER, set()),
        ("wrong_transcript", {"wrong_transcript"}),
        ("check", {"check", "wrong_transcript"}),
    ],
)
def test_from_which_verdict_on_a_transcript_is_bad(bad_from, bad):
    verdicts = ("good", "check", "wrong_transcript")
    assert {verdict for verdict in verdicts if is_bad(verdict, bad_from)} == bad


def test_the_verdicts_on_a_corpus(capsys):
    report_verdicts(summary(), Reporter())
    why = "9 of 9 words were probably not spoken"
    assert capsys.readouterr().out.splitlines() == [
        "[QUALITY] 10,997 good, 1 check, 1 wrong_transcript (median confidence 0.93)",
        f"       1  wrong_transcript: such as wrong_transcript/1: {why}",
        f"       1  check: such as check/1: {why}",
    ]
    report_verdicts(summary(quality=None, to_check=[]), Reporter())
    assert capsys.readouterr().out == ""


def test_what_to_leave_out_of_no_export_is_an_error():
    argv = ["--audio", "a.wav", "b.wav", "--output_dir", "out", "--export_unless", "check"]
    with pytest.raises(UsageError, match="--export_unless has no effect without --export"):
        inference_mms.main(argv)
