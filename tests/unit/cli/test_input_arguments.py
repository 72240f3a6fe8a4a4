import numpy as np
import pytest
import soundfile

from speech_toolkit.cli.input_arguments import MANIFEST_FORMATS, check_inputs
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.cli.scripts import inference_mms, inference_whisper
from speech_toolkit.corpus.inputs.faults import InputsError
from speech_toolkit.corpus.inputs.manifests import AUTO, FORMATS
from speech_toolkit.errors import UsageError

BOTH = pytest.mark.parametrize("script", [inference_mms, inference_whisper])


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "s1").mkdir(parents=True)
    for name, seconds in (("a", 90), ("b", 30), ("s1/c", 60)):
        soundfile.write(tmp_path / "in" / f"{name}.wav", np.zeros(seconds * 1000), 1000)
        (tmp_path / "in" / f"{name}.lab").write_text("so it is", encoding="utf-8")
    return tmp_path


def test_the_forms_of_the_help_are_those_of_the_table():
    assert (AUTO, *FORMATS) == MANIFEST_FORMATS


@pytest.mark.parametrize(
    ("argv", "recordings", "minutes"),
    [
        (["--audio", "in"], 2, "2.00"),
        (["--audio", "in", "--recursive"], 3, "3.00"),
        (["--audio", "in/a.wav", "in/s1/*.wav"], 2, "2.50"),
        (["--audio", "in/a.wav"], 1, "1.50"),
    ],
)
@BOTH
def test_check_only_counts_and_stops(corpus, capsys, script, argv, recordings, minutes):
    assert script.main([*argv, "--check_only", "--model_path", "gone"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"Recordings: {recordings} in {recordings} files"
    assert said[1] == f"Audio:      {minutes} min"
    assert said[-1] == "No fault was found."
    assert (f"Text:       {recordings * 8} characters" in said) == (script is inference_mms)
    assert {path.name for path in corpus.iterdir()} == {"in"}


def test_check_only_adds_up_parts_and_languages(corpus, capsys):
    rows = ["a.wav,x,deu,30,60", "a.wav,x,deu,60,", "b.wav,x,eng,,500", "b.wav,x,,,"]
    table = "\n".join(["audio,text,language,start_s,end_s", *rows])
    (corpus / "in" / "list.txt").write_text(table, encoding="utf-8")
    argv = ["--manifest", "in/list.txt", "--manifest_format", "csv", "--check_only"]
    assert inference_mms.main(argv) == 0
    said = capsys.readouterr().out
    assert "Recordings: 4 in 2 files\nAudio:      2.00 min\n" in said
    assert "Languages:  deu 2, eng 1\n" in said


@BOTH
def test_a_long_check_says_how_far_it_is(corpus, capsys, script):
    arguments = script.build_parser().parse_args(["--audio", "in", "--recursive", "--check_only"])
    assert check_inputs(arguments, True, Reporter(line_interval_s=0.0)) == 0
    said = [line.split(" item")[0] for line in capsys.readouterr().err.splitlines()]
    assert said == [f"[INFO] Checking the list: {n}" for n in (1, 2, 3)] + [
        f"[INFO] Opening the recordings: {n}/3" for n in (1, 2, 3)
    ]
    assert check_inputs(arguments, True, Reporter(quiet=True, line_interval_s=0.0)) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("part", "minutes"),
    [
        (["--start_s", "20"], "1.67"),
        (["--end_s", "6"], "0.60"),
        (["--start_s", "15", "--end_s", "45"], "1.00"),
    ],
)
@BOTH
def test_check_only_counts_the_part_of_those_without_times_of_their_own(
    corpus, capsys, script, part, minutes
):
    (corpus / "m.csv").write_text("audio,text,start_s\nin/a.wav,x,\nin/b.wav,x,0\n")
    assert script.main(["--manifest", "m.csv", "--check_only", *part]) == 0
    assert f"Audio:      {minutes} min" in capsys.readouterr().out


@BOTH
def test_check_only_looks_for_the_track_and_the_part(corpus, capsys, script):
    for part, complaint in (
        (["--audio_track", "1"], "has audio track 0 alone, no audio_track 1"),
        (["--start_s", "60"], "start_s 60 is not before the recording's end, 30.00 s"),
    ):
        with pytest.raises(InputsError, match=complaint):
            script.main(["--audio", "in", "--check_only", *part])


@BOTH
def test_recordings_that_cannot_be_opened_are_told_together(corpus, capsys, script):
    (corpus / "in" / "a.wav").write_text("<html>")
    (corpus / "m.csv").write_text("audio,text,start_s\nin/a.wav,x,\nin/b.wav,y,30\nin/b.wav,z,0\n")
    with pytest.raises(SystemExit) as leaving:
        run_script(script.main, ["--manifest", "m.csv", "--check_only"])
    said = capsys.readouterr().err.splitlines()
    assert leaving.value.code == 2
    assert said[0] == "error: --manifest m.csv: 2 faults, nothing was done:"
    assert "m.csv:2: audio 'in/a.wav' holds a web page" in said[1]
    assert said[2].startswith("m.csv:3: start_s 30 is not before the recording's end, 30.00 s")


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--manifest", "m.csv"], "--manifest names many recordings: give --output_dir"),
        (["--audio", "in", "--recursive"], "--audio names many recordings: give --output_dir"),
        (["--audio", "a", "b", "--output", "c"], "--output is one file for the results of many"),
        (["--manifest", "m", "--plot", "c.png"], "--plot is one file for the results of many"),
        (["--audio", "a", "--manifest_format", "csv"], "has no effect without --manifest"),
        (["--manifest", "m", "--recursive", "--check_only"], "no effect with --manifest"),
        (["--audio", "gone", "--check_only"], "'gone' does not exist"),
        (["--audio", "-", "--check_only"], "standard input can only be read alone"),
    ],
)
@BOTH
def test_arguments_that_do_not_go_together(corpus, script, argv, complaint):
    with pytest.raises(UsageError, match=complaint):
        script.main(argv)


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--audio", "a.wav"], "--transcript --transcript_file is required"),
        (
            ["--audio", "a", "b", "--output_dir", "o", "--transcript", "x"],
            "belong to one recording",
        ),
        (["--audio", "a.wav", "--transcript", "x", "--check_only"], "belong to one recording"),
    ],
)
def test_texts_of_alignment(argv, complaint):
    with pytest.raises(UsageError, match=complaint):
        inference_mms.main(argv)


def test_compare_takes_one_file(corpus):
    with pytest.raises(UsageError, match="--mode compare takes one --audio file"):
        inference_whisper.main(["--audio", "in/a.wav", "in/b.wav", "--mode", "compare"])
    with pytest.raises(UsageError, match="--mode compare takes one --audio file"):
        inference_whisper.main(["--manifest", "m.csv", "--mode", "compare"])
