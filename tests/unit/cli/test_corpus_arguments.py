"""The arguments of a run over many recordings, where they do not go together."""

import pytest

from speech_toolkit.cli.scripts import inference_mms, inference_whisper
from speech_toolkit.errors import UsageError
from tests.unit.corpus.stand_in import record_audio

BOTH = pytest.mark.parametrize("script", [inference_mms, inference_whisper])
MANY = ["--audio", "a.wav", "b.wav"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([*MANY, "--workers", "2"], "--workers has no effect without --ray"),
        (["--audio", "a.wav", "--ray", "local"], "--ray has no effect with one recording"),
        ([*MANY, "--ray", "local", "--devices", "cpu,cpu"], "leave one out"),
        (["--audio", "a.wav", "--output_dir", "s3://b/c"], "s3://b/c: is for many recordings"),
    ],
)
@BOTH
def test_arguments_that_do_not_go_together(script, argv, said):
    one = "b.wav" not in argv
    text = ["--transcript", "a"] if one and script is inference_mms else []
    output = [] if one else ["--output_dir", "out"]
    with pytest.raises(UsageError, match=said):
        script.main([*argv, *output, *text])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--export", "nemo"], "--export reads the results again: give --output_dir a directory"),
        (["--format", "html"], "give --page_audio embed"),
    ],
)
def test_what_an_object_store_cannot_take(tmp_path, monkeypatch, argv, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    record_audio(tmp_path / "in", 2)
    for number in range(2):
        (tmp_path / "in" / f"{number}.lab").write_text("so it is", encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        inference_mms.main(["--audio", "in", "--output_dir", "memory://a/b", *argv])
