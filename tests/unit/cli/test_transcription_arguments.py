import argparse

import pytest

from speech_toolkit.cli.subtitle_arguments import subtitle_options
from speech_toolkit.cli.transcription_arguments import add_arguments, check_arguments, settings_from
from speech_toolkit.errors import UsageError
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.transcription.settings import TranscriptionSettings


def parse(line):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_arguments(parser)
    return parser.parse_args(["--audio", "a.wav", *line.split()])


def test_the_defaults_are_those_of_the_settings():
    arguments = parse("")

    check_arguments(arguments)
    assert settings_from(arguments) == TranscriptionSettings()
    assert (arguments.dtype, arguments.device, arguments.decode_graph) == (None, "auto", "auto")


def test_every_setting_has_its_flag():
    arguments = parse(
        "--mode chunked --language german --task translate --timestamps word --prompt Ann "
        "--max_new_tokens 9 --temperature 0,0.5 --compression_ratio_threshold 1.35 "
        "--logprob_threshold -0.5 --no_speech_threshold 0.7 --no_condition_on_previous_text "
        "--chunk_length 25 --batch_size 4 --keep_silence --seed 7"
    )

    check_arguments(arguments)
    assert settings_from(arguments) == TranscriptionSettings(
        mode="chunked",
        language="german",
        task="translate",
        timestamps="word",
        prompt="Ann",
        max_new_tokens=9,
        temperatures=(0.0, 0.5),
        compression_ratio_threshold=1.35,
        logprob_threshold=-0.5,
        no_speech_threshold=0.7,
        condition_on_previous_text=False,
        chunk_length_s=25.0,
        batch_size=4,
        skip_silence=False,
        seed=7,
    )


def test_tests_are_switched_off_by_none():
    settings = settings_from(
        parse(
            "--compression_ratio_threshold none --logprob_threshold None "
            "--no_speech_threshold none --temperature 0"
        )
    )

    assert settings.compression_ratio_threshold is None
    assert settings.logprob_threshold is None
    assert settings.no_speech_threshold is None
    assert settings.temperatures == (0.0,)


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        ("--mode chunked", "chunked"),
        ("--mode compare", "transcribe"),
        ("--mode benchmark --batch_size 1", "chunked"),
    ],
)
def test_a_batch_size_is_what_makes_a_measurement_chunked(line, mode):
    assert settings_from(parse(line)).mode == mode


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--num_runs 3", "--num_runs has no effect in --mode transcribe, only in benchmark"),
        ("--mode compare --warmup 0", "--warmup has no effect in --mode compare"),
        ("--mode chunked --reference x", "--reference has no effect in --mode chunked"),
        ("--reference_file x", "--reference_file has no effect"),
        ("--mode compare --format txt", "--format has no effect in --mode compare"),
        ("--mode benchmark --output_dir x", "--output_dir has no effect in --mode benchmark"),
        ("--html page.html", "--html has no effect in --mode transcribe"),
        ("--mode compare --audio b.wav", "--mode compare takes one --audio file"),
    ],
)
def test_what_contradicts_is_refused(line, message):
    with pytest.raises(UsageError, match=message):
        check_arguments(parse(line))


def test_a_prompt_of_bytes_that_are_no_text_is_refused():
    """Bytes that Python cannot decode come as lone surrogates, which tokenizers do not take."""
    message = r"prompt 'a \\udcff b': holds bytes that are not UTF-8 text"
    with pytest.raises(UsageError, match=message):
        TranscriptionSettings(prompt="a \udcff b")
    assert TranscriptionSettings(prompt="Müller\n 山田").prompt == "Müller\n 山田"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--temperature 0,x", "'x' is not 0, or a number of at least 0.01"),
        ("--temperature 0,,1", "'' is not 0, or a number"),
        ("--temperature inf", "'inf' is not 0, or a number"),
        ("--no_speech_threshold 1.1", "'1.1' is not a number of at least 0, at most 1"),
        ("--logprob_threshold nan", "'nan' is not a number"),
        ("--format json,pdf", "'pdf' is none of txt, json, "),
        ("--seed 1.5", "'1.5' is not a whole number"),
        ("--chunk_length 0", "'0' is not a number of at least 1"),
        ("--output a --output_dir b", "not allowed with argument"),
        ("--warmup -1", "'-1' is not a whole number of at least 0"),
    ],
)
def test_values_out_of_range_are_refused(line, message, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(line)

    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_audio_may_be_given_in_one_go_or_several():
    assert parse("--audio b.wav c.wav").audio == ["a.wav", "b.wav", "c.wav"]


def test_formats_are_taken_once_each():
    assert parse("--format srt,txt,srt").format == ("srt", "txt")


@pytest.mark.parametrize(
    ("asked_for", "formats", "found"),
    [
        ("", ("json",), "segment"),
        ("", ("txt", "srt"), "word"),
        ("--subtitle_style plain", ("txt", "srt"), "segment"),
        ("--subtitle_style plain --highlight_words", ("ass",), "word"),
        ("--timestamps segment", ("srt",), "segment"),
        ("", ("tsv", "ctm", "txt"), "word"),
        ("", ("textgrid",), "word"),
        ("--timestamps segment", ("textgrid", "csv"), "segment"),
        ("--timestamps none", ("txt", "json"), "none"),
        ("--timestamps word", ("srt",), "word"),
    ],
)
def test_times_are_those_asked_for_or_those_that_formats_need(asked_for, formats, found):
    arguments = parse(asked_for)
    subtitles = subtitle_options(arguments, formats)
    assert settings_from(arguments, formats, subtitles).timestamps == found


def test_a_format_whose_times_were_refused_is_an_error():
    with pytest.raises(
        UsageError, match="format vtt needs segment times: use --timestamps segment or"
    ):
        settings_from(parse("--timestamps none"), ("txt", "vtt"))
    with pytest.raises(UsageError, match="format ctm needs word times: use --timestamps word"):
        settings_from(parse("--timestamps segment"), ("textgrid", "ctm"))
    highlighted = SubtitleOptions(highlight_words=True)
    with pytest.raises(UsageError, match="format srt needs word times: use --timestamps word"):
        settings_from(parse("--timestamps segment"), ("srt",), highlighted)
