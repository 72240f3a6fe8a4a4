"""How benchmarks/host_stages.py tells what limits a card, and the card that only waits."""

import threading
import time

import pytest

from benchmarks.host_stages import (
    FEEDING,
    CardRun,
    ThreadWatch,
    bars_of,
    speech_stages,
    text_stages,
    transcribe,
)
from benchmarks.talk import write_talk
from benchmarks.waiting_card import Card, Pace, load_waiting

RUN = CardRun(3600.0, 9.0, card_s=1.0, threads_s={FEEDING: 0.5, "audio": 1.2, "features": 0.3})


def test_the_card_and_its_thread_take_turns_and_other_threads_work_beside_them():
    assert RUN.on_free_cores == pytest.approx(3600 / 1.5)
    slower = CardRun(3600.0, 9.0, 1.0, RUN.threads_s | {"audio": 2.0})
    assert slower.on_free_cores == pytest.approx(3600 / 2.0)


def test_cores_are_those_of_all_threads():
    assert RUN.cores_at(1800) == pytest.approx(1.0)
    assert [bar.passed for bar in bars_of(RUN, 2000, cores=16)] == [True, True]
    assert [bar.passed for bar in bars_of(RUN, 3000, cores=1)] == [False, False]


def test_the_processor_time_of_a_thread_goes_by_its_name():
    def work():
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass
        done.wait()
        seen.wait()

    done, seen = threading.Barrier(3), threading.Event()
    threads = [threading.Thread(target=work, name=f"audio_{index}") for index in range(2)]
    with ThreadWatch() as watch:
        for thread in threads:
            thread.start()
        done.wait()
    seen.set()
    for thread in threads:
        thread.join()
    assert watch.seconds["audio"] >= 0.1
    assert {FEEDING, "audio"} <= set(watch.seconds)


def test_the_card_works_no_less_than_its_pace_says():
    card = Card(Pace(0.0, 0.0, 0.0))
    started = time.perf_counter()
    with card.working(0.02):
        pass
    assert time.perf_counter() - started >= 0.02
    assert card.paced_s == 0.02


def test_the_engine_writes_the_script_of_the_card(tmp_path):
    transcriber, card = load_waiting(Pace(0.0, 0.0, 0.0), tokens=40)
    write_talk(tmp_path / "talk.flac", 1)
    result = transcribe(transcriber, tmp_path / "talk.flac", batch_size=4)
    assert result.windows == len(result.tokens) >= 2
    assert {len(tokens) for tokens in result.tokens} == {40}
    assert len(result.segments) == 4 * result.windows
    assert result.text.startswith("Last week, Mary")
    assert card.computed_s > 0


def test_each_stage_runs(tmp_path):
    for step, audio_s in (speech_stages() | text_stages(tmp_path)).values():
        step()
        assert audio_s > 0
