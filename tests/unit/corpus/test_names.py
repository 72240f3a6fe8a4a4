import pytest

from speech_toolkit.corpus.names import is_reserved
from speech_toolkit.corpus.shard import WHOLE_CORPUS, Shard


@pytest.mark.parametrize(
    "name",
    ["corpus.json", "corpus.html", "Corpus.HTML", WHOLE_CORPUS.journal_name,
     Shard(2, 30).journal_name, "export", "export/nemo/manifest.json",
     "Export/a.json"],
)  # fmt: skip
def test_files_of_the_corpus_are_reserved(name):
    assert is_reserved(name)


@pytest.mark.parametrize(
    "name",
    ["a.json", "corpus.srt", "speaker/corpus.json", "a/journal.jsonl", "exports/a.json",
     "journal.json", "a/export/b.json", "journal/a.jsonl"],
)  # fmt: skip
def test_files_of_items_are_free(name):
    assert not is_reserved(name)
