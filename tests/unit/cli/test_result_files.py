import pytest

from speech_toolkit.cli.result_files import OutputFile, plan_jobs, unique_stems
from speech_toolkit.errors import UsageError

STEM = "transcription_result_DEVICE"


def paths(jobs):
    return [[output.path for output in job.outputs] for job in jobs]


def test_one_file_has_the_default_name_with_its_device():
    ((output,),) = (job.outputs for job in plan_jobs(["a.wav"], None, None, None, STEM))

    assert output.format_name == "json"
    assert output.path_for("npu:1") == "transcription_result_npu_1.json"


def test_a_name_that_was_given_stays_whatever_it_says():
    assert OutputFile("DEVICE/x.json", "json").path_for("cpu") == "DEVICE/x.json"


def test_several_formats_of_one_file_stand_side_by_side():
    jobs = plan_jobs(["a.wav"], ("txt", "srt"), None, None, STEM)

    assert paths(jobs) == [["transcription_result_DEVICE.txt", "transcription_result_DEVICE.srt"]]


@pytest.mark.parametrize(
    ("output", "formats", "expected"),
    [
        ("x.srt", None, "srt"),
        ("x.TXT", None, "txt"),
        ("x", None, "json"),
        ("talk_0.5", None, "json"),
        (".hidden", None, "json"),
        ("/dev/null", None, "json"),
        ("dir.srt/x", None, "json"),
        ("x.srt", ("tsv",), "tsv"),
        ("-", None, "json"),
        ("-", ("vtt",), "vtt"),
    ],
)
def test_the_suffix_names_the_format_unless_it_is_given(output, formats, expected):
    (job,) = plan_jobs(["a.wav"], formats, output, None, STEM)

    assert job.outputs == (OutputFile(output, expected),)


def test_results_in_a_directory_are_named_after_their_audio():
    jobs = plan_jobs(["in/a.wav", "-"], ("json", "txt"), None, "out", STEM)

    assert paths(jobs) == [["out/a.json", "out/a.txt"], ["out/stdin.json", "out/stdin.txt"]]


def test_equal_stems_do_not_replace_each_other():
    assert unique_stems(["a/x.wav", "b/x.flac", "c/y.wav"]) == ["x.wav", "x.flac", "y"]
    assert unique_stems(["a/x.wav", "b/x.wav", "c/X.wav"]) == ["x.wav", "x.wav_2", "X.wav_3"]
    assert unique_stems(["x.wav", "x.flac", "x.wav.mp3"]) == ["x.wav", "x.flac", "x.wav_2"]
    assert unique_stems(["-", "stdin.wav"]) == ["stdin", "stdin.wav"]


@pytest.mark.parametrize(
    ("audio", "formats", "output", "output_dir", "message"),
    [
        (["a", "b"], None, None, None, "names 2 files: give --output_dir"),
        (["a", "b"], None, "x.json", None, "names 2 files: give --output_dir"),
        (["a"], ("txt", "srt"), "x", None, "is one file for 2 formats"),
        (["-", "-"], None, None, "out", "can be given once"),
        (["a"], None, "x.docx", None, r"x.docx: .docx is not .* end the name in .txt, .json, "),
        (["a"], None, "x.TextGridd", None, ".TextGridd is not a format"),
    ],
)
def test_results_without_a_place_are_refused(audio, formats, output, output_dir, message):
    with pytest.raises(UsageError, match=message):
        plan_jobs(audio, formats, output, output_dir, STEM)
