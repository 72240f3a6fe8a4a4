import pytest

from speech_toolkit.corpus.shard import Shard
from speech_toolkit.errors import UsageError


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "1/999999", "a/b"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match="give I/N"):
        Shard.parse(text)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_each_item_belongs_to_one_shard(count):
    shards = [Shard(number, count) for number in range(1, count + 1)]
    ids = [f"speaker/ü{number}" for number in range(500)]
    owners = [[shard.number for shard in shards if shard.owns(item_id)] for item_id in ids]
    assert all(len(each) == 1 for each in owners)
    counts = [owners.count([shard.number]) for shard in shards]
    assert min(counts) > 0.6 * 500 / count


def test_names_of_journals_tell_their_shard():
    for shard in (Shard(), Shard(2, 8)):
        assert Shard.of_journal(shard.journal_name) == shard
    assert Shard.parse("2/8") == Shard(2, 8)
    assert Shard.of_journal("journal.json") is None
