"""A run that is killed, at any line or moment, and resumed ends as one that nothing disturbed."""

import subprocess
import sys
from pathlib import Path

from tests.unit.corpus import stand_in

ROOT = Path(__file__).parents[3]
ITEMS, SEED, ROUNDS = 60, 7, 4


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_nothing_is_lost_doubled_or_half_written(tmp_path):
    stand_in.record_audio(tmp_path, ITEMS)
    stand_in.work(stand_in.items_in(tmp_path, ITEMS), tmp_path / stand_in.UNDISTURBED)
    expected = tree(tmp_path / stand_in.UNDISTURBED)
    assert len(expected["journal.jsonl"].splitlines()) == 1 + ITEMS
    script = [sys.executable, "-m", stand_in.__name__]
    finished = subprocess.run(
        [*script, str(tmp_path), str(ITEMS), str(SEED), str(ROUNDS)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    deaths = [int(line) for line in finished.stdout.split()]
    assert len(deaths) == ROUNDS
    assert sum(deaths) >= 10
    for number in range(ROUNDS):
        found = tree(tmp_path / f"killed-{number}")
        assert found.keys() == expected.keys()
        assert {name for name in found if found[name] != expected[name]} == set()
