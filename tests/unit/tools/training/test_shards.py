"""Shards hold what was written, and are made once."""

import numpy as np
import pytest
from shards import read_shard, shard_parser, shards_of, write_missing_shards
from speech_synthesis import PAUSE, Phone, SynthesisedSpeech


def speech(count):
    phones = (Phone("pau", 0.0, 0.1, PAUSE), Phone("ah", 0.1, 0.2, 0))
    return SynthesisedSpeech(np.full(count, 0.5, np.float32), 16000, phones, (("a",),))


@pytest.fixture
def arguments(tmp_path):
    return shard_parser("", "0:40").parse_args(["--output", str(tmp_path), "--shards", "3:7:2"])


def test_a_shard_holds_its_utterances_one_after_the_other(arguments, capsys):
    write_missing_shards(arguments, 1, lambda rng: [speech(3200), speech(1600)])
    assert capsys.readouterr().out.splitlines()[0] == "shard_0003.npz: 2 of 200 utterances, 0 s"
    samples, utterances = read_shard(arguments.output / "shard_0003.npz")
    assert samples.dtype == np.int16
    assert len(samples) == 4800
    assert [(u["start"], u["end"]) for u in utterances] == [(0, 3200), (3200, 4800)]
    assert utterances[0]["phones"] == [["pau", 0.0, 0.1, PAUSE], ["ah", 0.1, 0.2, 0]]


def test_only_missing_shards_are_made_and_each_has_its_own_seed(arguments):
    drawn = []

    def speak(rng):
        drawn.append(rng.integers(1 << 30))
        return [speech(1600)]

    write_missing_shards(arguments, 1, speak)
    (arguments.output / "shard_0005.npz").unlink()
    write_missing_shards(arguments, 1, speak)
    assert len(drawn) == 3
    assert drawn[0] != drawn[1] == drawn[2]
    first, second = shards_of(arguments.output)
    assert shards_of(arguments.output, {first}) == [second]
