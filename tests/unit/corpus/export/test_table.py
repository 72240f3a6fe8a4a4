import pytest

from speech_toolkit.corpus.export.folder import ExportFolder
from speech_toolkit.corpus.export.table import Table, TableWriter
from speech_toolkit.errors import UsageError


def written(table, lines, folder):
    writer = TableWriter(table, folder)
    for line in lines:
        writer.add(line)
    writer.finish()
    assert [path.name for path in folder.iterdir()] == [table.name]
    return (folder / table.name).read_text("utf-8")


@pytest.mark.parametrize(
    ("table", "lines", "text"),
    [
        (Table("a"), ["b x", "a y"], "b x\na y\n"),
        (Table("a", header="head\n"), ["b"], "head\nb\n"),
        (Table("a"), [], ""),
        (Table("a", is_sorted=True), ["b x", "a-b y", "a z", "é 1"], "a z\na-b y\nb x\né 1\n"),
        (Table("a", is_merged=True), ["s 1", "s 2", "t 3", "s 4"], "s 1 2\nt 3\ns 4\n"),
        (Table("a", is_sorted=True, is_merged=True), ["t 3", "s 1", "s 2"], "s 1 2\nt 3\n"),
    ],
)
def test_lines_of_a_table(tmp_path, table, lines, text):
    assert written(table, lines, tmp_path) == text


def test_the_same_table_is_left_alone(tmp_path):
    written(Table("a"), ["1"], tmp_path)
    before = (tmp_path / "a").stat().st_ino
    written(Table("a"), ["1"], tmp_path)
    assert (tmp_path / "a").stat().st_ino == before
    assert written(Table("a"), ["2"], tmp_path) == "2\n"


def test_a_table_that_lacks_keys_is_left_out(tmp_path):
    text = Table("text")
    languages = Table("languages", as_many_as=text)
    for spoken, there in ((["a en", "b en"], True), (["a en"], False)):
        folder = ExportFolder(tmp_path)
        for line in ("a 1", "b 2"):
            folder.add(text, line)
        for line in spoken:
            folder.add(languages, line)
        folder.finish()
        assert (tmp_path / "languages").exists() is there


def test_a_table_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UsageError, match="gone/a: cannot be written: No such file"):
        TableWriter(Table("a"), tmp_path / "gone")
