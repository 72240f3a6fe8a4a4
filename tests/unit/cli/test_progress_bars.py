import io
import sys

import pytest

from speech_toolkit.cli.progress_bars import CountingCorpusBar, LineBar
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import UsageError
from speech_toolkit.progress import UNWATCHED


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def on_terminal(monkeypatch):
    """Let both streams be one terminal, whose text can be read."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    return terminal


def lines_of(clock, **options):
    said = []
    description = {"total": 200, "label": "Inference", "unit": "window"} | options
    return LineBar(said.append, **description, clock=clock), said


def test_a_line_comes_only_after_half_a_minute_and_then_each_half_minute(clock):
    bar, said = lines_of(clock)
    for second in range(1, 96):
        clock.now_s = float(second)
        bar.update()
    assert said == [
        "Inference: 30/200 windows (15%), 00:30 elapsed, 1 windows/s, 02:50 left",
        "Inference: 60/200 windows (30%), 01:00 elapsed, 1 windows/s, 02:20 left",
        "Inference: 90/200 windows (45%), 01:30 elapsed, 1 windows/s, 01:50 left",
    ]


def test_a_stage_that_is_silent_for_long_is_told_of_with_its_next_unit(clock):
    bar, said = lines_of(clock, unit="%", total=100, label="Alignment")
    clock.now_s = 7200.0
    bar.update(40 - bar.n)
    bar.update()
    assert said == ["Alignment: 40/100 %, 2:00:00 elapsed, 0.00556 %/s, 3:00:00 left"]


def test_what_was_done_before_tells_nothing_of_the_speed(clock):
    bar, said = lines_of(clock, initial=100, interval_s=5.0)
    clock.now_s = 10.0
    bar.update(0)
    bar.update(50)
    clock.now_s = 20.0
    bar.update(0)
    assert said == [
        "Inference: 100/200 windows (50%), 00:10 elapsed",
        "Inference: 150/200 windows (75%), 00:20 elapsed, 2.5 windows/s, 00:20 left",
    ]


def test_work_of_unknown_length_has_no_share_and_no_end(clock):
    bar, said = lines_of(clock, total=None, label="Checking the list", unit="item")
    bar.update(120_000)
    clock.now_s = 30.0
    bar.update()
    assert said == ["Checking the list: 120,001 items, 00:30 elapsed, 4,000 items/s"]


def test_a_corpus_says_how_much_audio_how_fast_and_what_failed(clock):
    lines, said = lines_of(clock, total=1_500, label="Corpus", unit="file", initial=1_000)
    with CountingCorpusBar(lines, clock) as bar:
        for _ in range(99):
            bar.add(audio_s=36.0)
        clock.now_s = 35.64
        bar.add(audio_s=None, failed=True)
    assert said == [
        "Corpus: 1,100/1,500 files (73%), 0.99 h audio, RTF 0.01, 1 failed, 00:35 elapsed, "
        "2.81 files/s, 02:22 left"
    ]


def test_a_corpus_that_only_failed_has_no_real_time_factor(clock):
    lines, said = lines_of(clock, interval_s=0.0)
    CountingCorpusBar(lines, clock).add(audio_s=None, failed=True)
    assert "0.00 h audio, 1 failed" in said[0]


def test_no_terminal_gets_lines_on_stderr(capsys):
    reporter = Reporter(line_interval_s=0.0)
    with reporter.progress_bar(total=2, label="Inference", unit="window") as bar:
        bar.update()
    with reporter.corpus_bar(total_files=2) as bar:
        bar.add(audio_s=1.0)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" (")[0] for line in err.splitlines()] == [
        "[INFO] Inference: 1/2 windows",
        "[INFO] Corpus: 1/2 files",
    ]


@pytest.mark.parametrize(
    "progress", [Reporter(quiet=True, line_interval_s=0.0), UNWATCHED], ids=["quiet", "unwatched"]
)
def test_nothing_is_shown_to_those_who_do_not_look(capsys, progress):
    with progress.progress_bar(total=5, label="Inference", unit="window") as bar:
        bar.update(2)
        assert bar.n == 2
    with progress.corpus_bar(total_files=5, done_files=1) as bar:
        bar.add(audio_s=1.0, failed=True)
    assert capsys.readouterr() == ("", "")


def test_short_work_prints_nothing(capsys):
    with Reporter().progress_bar(total=5, label="Inference", unit="window") as bar:
        bar.update(5)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_with_the_facts_of_the_corpus(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Reporter().corpus_bar(total_files=10, done_files=4) as bar:
        bar.add(audio_s=7200.0)
        bar._bar.refresh()
    shown = terminal.getvalue().split("\r")
    assert any("Corpus:  50%" in text and " 5/10 [" in text for text in shown)
    assert any("2.00 h audio, RTF " in text and ", 0 failed]" in text for text in shown)


@pytest.mark.parametrize("quiet", [False, True])
def test_lines_do_not_run_into_a_bar(monkeypatch, quiet):
    terminal = on_terminal(monkeypatch)
    reporter = Reporter(verbose=True)
    with reporter.progress_bar(total=9, label="Inference", unit="window") as bar:
        bar.update()
        reporter.quiet = quiet
        for say in (reporter.info, reporter.debug, reporter.warning):
            say("odd")
        reporter.error(UsageError("bad"))
        bar.update()
    lines = terminal.getvalue().split("\n")
    kinds = ["[INFO] odd"] * (not quiet) + ["[DEBUG] odd", "[WARNING] odd", "error: bad"]
    assert len(lines) == len(kinds) + 1
    for line, wanted in zip(lines, kinds, strict=False):
        *before, shown = line.split("\r")
        assert shown == wanted
        assert before[-1].strip() == ""  # the bar was wiped out


def test_a_list_that_is_read_at_once_does_not_flicker(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Reporter().progress_bar(total=None, label="Checking the list", unit="item") as bar:
        bar.update(1000)
    assert terminal.getvalue().strip() == ""
