"""A table of bad inputs: each ends with its exit code and one line that names it, writes nothing.

Nearly all must be found before torch is imported, which would make the user wait for seconds: the
import ends the process with another exit code.
"""

import json
import struct
from pathlib import Path

import pytest

from tests.end_to_end.bad_input import (
    LFS_POINTER,
    WRONG,
    Bad,
    Good,
    assert_refused,
    command_line,
    copy_checkpoint,
    make_audio,
    run_rows,
)
from tests.end_to_end.support import HEAVY_PACKAGES, MODEL, run_script

GOOD = Good(
    "inference_mms.py",
    {
        "--model_path": str(MODEL),
        "--audio": "{dir}/good.wav",
        "--transcript": "hello world",
        "--device": "cpu",
    },
)

BEFORE_TORCH = [
    # audio
    Bad("audio missing", {"--audio": "absent.wav"}, "'absent.wav' does not exist"),
    Bad("audio two lines", {"--audio": "two\nlines.wav"}, r"'two\nlines.wav' does not exist"),
    Bad("audio name too long", {"--audio": "x" * 5000}, "File name too long"),
    Bad("audio empty name", {"--audio": ""}, "argument --audio: the value is empty"),
    Bad("audio directory", {"--audio": "{dir}"}, "one file for the results of many recordings"),
    Bad("audio empty", {"--audio": "{dir}/empty.wav"}, "is empty (0 bytes)"),
    Bad("audio text", {"--audio": "{dir}/text.wav"}, "holds text, not audio"),
    Bad("audio lfs", {"--audio": "{dir}/lfs.wav"}, "run git lfs pull"),
    Bad("audio mp4", {"--audio": "{dir}/film.mp4"}, "MP4/M4A but cannot be decoded (moov"),
    Bad("audio nan", {"--audio": "{dir}/nan.wav"}, "1 NaN or infinite samples of 16000"),
    Bad("audio too short", {"--audio": "{dir}/short.wav"}, "is too short: 0.0187 s (300 samples"),
    Bad("audio no samples", {"--audio": "{dir}/no_samples.wav"}, "holds no samples"),
    Bad("audio rate", {"--audio": "{dir}/rate.wav"}, "sample rate of 7 Hz"),
    Bad("audio device file", {"--audio": "/dev/null"}, "a terminal or a device"),
    Bad("audio stdin empty", {"--audio": "-"}, "standard input is empty"),
    Bad("audio stdin text", {"--audio": "-"}, "holds text", stdin=b"hello\n"),
    Bad("audio track absent", {"--audio_track": "1"}, "audio track 0 alone, no audio_track 1"),
    Bad("audio track below 0", {"--audio_track": "-1"}, "'-1' is not a whole number of at least 0"),
    Bad("start after the end", {"--start_s": "9"}, "ends at 1.00 s, start_s 9 is not before that"),
    Bad("start below 0", {"--start_s": "-1"}, "'-1' is not a number of at least 0"),
    Bad("end is start", {"--start_s": "5", "--end_s": "5"}, "end_s 5 is not after start_s 5"),
    Bad("part too short", {"--start_s": "0.5", "--end_s": "0.51"}, "is too short: 0.0100 s"),
    Bad("end nan", {"--end_s": "nan"}, "'nan' is not a number of at least 0"),
    Bad("audio flag absent", {"--audio": None}, "--audio --manifest is required"),
    # transcript
    Bad("transcript absent", {"--transcript": None}, "--transcript --transcript_file is required"),
    Bad("transcript twice", {"--transcript_file": "{dir}/good.txt"}, "not allowed with argument"),
    Bad("transcript empty", {"--transcript": ""}, "transcript"),
    Bad("transcript blank", {"--transcript": " \n\t "}, "transcript"),
    Bad("transcript names a file", {"--transcript": "{dir}/good.txt"}, "give --transcript_file"),
    Bad("transcript signs only", {"--transcript": "?! --"}, "transcript"),
    Bad("transcript emoji only", {"--transcript": "😀"}, "transcript"),
    Bad("language unknown", {"--language": "english"}, "english"),
    Bad("batch size 0", {"--batch_size": "0"}, "'0' is not a whole number of at least 1"),
    Bad("batch size word", {"--batch_size": "many"}, "'many' is not a whole number"),
    Bad("window 0", {"--window_s": "0"}, "'0' is not a number above 0"),
    Bad("window nan", {"--window_s": "nan"}, "'nan' is not a number above 0"),
    Bad("language empty", {"--language": ""}, "argument --language: the value is empty"),
    Bad("window of days", {"--window_s": "1e12"}, "'1e12' is not a number above 0, at most"),
    Bad("batch size of petabytes", {"--batch_size": "1" + "0" * 30}, "is not a whole number"),
    Bad("batch size of 5000 digits", {"--batch_size": "9" * 5000}, "is not a whole number"),
    Bad("device of 5000 digits", {"--device": "npu:" + "9" * 5000}, "unknown device"),
    Bad("window endless", {"--window_s": "inf"}, "'inf' is not a number above 0"),
    Bad("context negative", {"--context_s": "-1"}, "'-1' is not a number of at least 0"),
    Bad("star unknown", {"--star": "both"}, "invalid choice: 'both'"),
    Bad("attention unknown", {"--attn_implementation": "fast"}, "invalid choice: 'fast'"),
    Bad("dtype unknown", {"--dtype": "float64"}, "invalid choice: 'float64'"),
    Bad("flag unknown", {"--speed": "9"}, "unrecognized arguments: --speed"),
    Bad("device unknown", {"--device": "tpu"}, "unknown device 'tpu'"),
    Bad("device cpu with index", {"--device": "cpu:1"}, "unknown device 'cpu:1'"),
    Bad("device index negative", {"--device": "npu:-1"}, "unknown device 'npu:-1'"),
    # model
    Bad("model missing", {"--model_path": "./absent"}, "./absent"),
    Bad("model empty directory", {"--model_path": "{dir}/empty"}, "has no config.json"),
    Bad("model is a file", {"--model_path": "{dir}/good.txt"}, "good.txt"),
    Bad("model empty name", {"--model_path": ""}, "argument --model_path: the value is empty"),
    Bad("model name too long", {"--model_path": "x" * 5000}, "no such directory"),
    Bad("model not downloaded", {"--model_path": "nobody/nothing"}, "nobody/nothing"),
    Bad("model config not json", {"--model_path": "{dir}/bad_json"}, "cannot be read as JSON"),
    Bad("model config lfs", {"--model_path": "{dir}/config_lfs"}, "git lfs pull"),
    Bad("model weights lfs", {"--model_path": "{dir}/weights_lfs"}, "git lfs pull"),
    Bad("model no weights", {"--model_path": "{dir}/no_weights"}, "no weights found"),
    Bad("model shard missing", {"--model_path": "{dir}/no_shard"}, "1 are missing, b.safetensors"),
    Bad("model architecture", {"--model_path": "{dir}/pretraining"}, "Wav2Vec2ForPreTraining"),
    Bad("model no tokenizer", {"--model_path": "{dir}/no_vocab"}, "has no vocab.json"),
    Bad("model no blank", {"--model_path": "{dir}/no_blank"}, "a CTC model needs a blank"),
    Bad(
        "model family",
        {"--model_path": "{dir}/bert"},
        "model_type 'bert'; supported families: hubert, ",
        script="inference.py",
    ),
    Bad("inference.py hands on", {"--audio": "absent.wav"}, "does not exist", "inference.py"),
    Bad(
        "inference.py model missing",
        {"--model_path": "./absent"},
        "./absent",
        script="inference.py",
    ),
    # output
    Bad(
        "output is the audio",
        {"--audio": "{dir}/audio.json", "--output": "{dir}/link.json"},
        "is the same file as --audio",
    ),
    Bad("output empty name", {"--output": ""}, "argument --output: the value is empty"),
    Bad("output is a weight", {"--output": str(MODEL / "config.json")}, "as --model_path"),
    Bad("output directory", {"--output": "{dir}"}, "is a directory"),
    Bad("output ends in a slash", {"--output": "new/"}, "is a directory"),
    Bad("output name too long", {"--output": "x" * 300}, "cannot be created: File name too long"),
    Bad("output of another format", {"--output": "x.pdf"}, "end the name in .txt, .json"),
    Bad("output below a file", {"--output": "{dir}/good.txt/x"}, "cannot be created"),
    Bad("output in proc", {"--output": "/proc/absent/x.json"}, "cannot be created"),
]

BAD_TRANSCRIPT_FILES = [
    Bad("file missing", {"--transcript_file": "absent.txt"}, "absent.txt"),
    Bad("file directory", {"--transcript_file": "{dir}"}, "directory"),
    Bad("file empty", {"--transcript_file": "{dir}/empty.txt"}, "empty"),
    Bad("file latin-1", {"--transcript_file": "{dir}/latin1.txt"}, "byte 3"),
    Bad("file is audio", {"--transcript_file": "{dir}/good.wav"}, "good.wav"),
    Bad(
        "file is the output",
        {"--transcript_file": "{dir}/text.json", "--output": "{dir}/text.json"},
        "is the same file as --transcript_file",
    ),
    Bad("file and audio on stdin", {"--transcript_file": "-", "--audio": "-"}, "both"),
]
BEFORE_TORCH += [
    bad._replace(flags={"--transcript": None, **bad.flags}, name=f"transcript {bad.name}")
    for bad in BAD_TRANSCRIPT_FILES
]

WITH_TORCH = [
    Bad("npu not installed", {"--device": "npu"}, "torch_npu is not installed: pip install"),
    Bad("cuda not there", {"--device": "cuda"}, "cuda is not there"),
    Bad("weights cut short", {"--model_path": "{dir}/weights_cut"}, "its weights cannot be read"),
    Bad("weights of another", {"--model_path": "{dir}/weights_other"}, "its weights lack"),
    Bad("transcript too long", {"--transcript": "hello world " * 200}, "frames"),
]


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A directory with all the bad files that the table names."""
    directory = tmp_path_factory.mktemp("material")
    make_audio(directory)
    make_transcripts(directory)
    make_checkpoints(directory)
    return directory


def make_transcripts(directory):
    (directory / "good.txt").write_text("hello world")
    (directory / "text.json").write_text("hello world")
    (directory / "empty.txt").touch()
    (directory / "latin1.txt").write_bytes("café".encode("latin-1"))


def make_checkpoints(directory):
    """Copies of the bundled model, each with one thing wrong."""
    config = json.loads((MODEL / "config.json").read_text())
    vocabulary = json.loads((MODEL / "vocab.json").read_text())

    def checkpoint(name, remove=(), **replaced):
        return copy_checkpoint(MODEL, directory / name, remove, **replaced)

    (directory / "empty").mkdir()
    checkpoint("bad_json", config="{")
    checkpoint("config_lfs", config=LFS_POINTER)
    checkpoint("weights_lfs", weights=LFS_POINTER)
    checkpoint("no_weights", remove=["model.safetensors"])
    shards = checkpoint("no_shard", remove=["model.safetensors"])
    (shards / "a.safetensors").touch()
    index = {"metadata": {}, "weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (shards / "model.safetensors.index.json").write_text(json.dumps(index))
    checkpoint("pretraining", config=config | {"architectures": ["Wav2Vec2ForPreTraining"]})
    checkpoint("bert", config=config | {"model_type": "bert"})
    checkpoint("no_vocab", remove=["vocab.json"])
    del vocabulary["<blank>"]
    checkpoint("no_blank", vocab=vocabulary, config=config | {"pad_token_id": None})
    weights = (MODEL / "model.safetensors").read_bytes()
    checkpoint("weights_cut", weights=weights[: len(weights) // 2])
    header = json.dumps({"__metadata__": {"format": "pt"}}).encode()
    checkpoint("weights_other", weights=struct.pack("<Q", len(header)) + header)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="module")
def refused_before_torch(material, workplace):
    return run_rows(GOOD, BEFORE_TORCH, material, workplace, HEAVY_PACKAGES)


@pytest.fixture(scope="module")
def refused_with_torch(material, workplace):
    return run_rows(GOOD, WITH_TORCH, material, workplace)


@pytest.mark.parametrize("bad", BEFORE_TORCH, ids=lambda bad: bad.name)
def test_found_before_torch_is_imported(bad, refused_before_torch, workplace):
    assert_refused(refused_before_torch[bad.name], bad, workplace)


@pytest.mark.parametrize("bad", WITH_TORCH, ids=lambda bad: bad.name)
def test_found_with_torch(bad, refused_with_torch, workplace):
    assert_refused(refused_with_torch[bad.name], bad, workplace)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
def test_a_directory_that_cannot_take_the_default_output_is_found_first(material):
    bad = Bad("", {"--output": None}, "--output alignment_result_DEVICE.json: nothing can be")

    finished = run_script(
        GOOD.script, *command_line(GOOD, bad, material, None), cwd="/proc", forbid=HEAVY_PACKAGES
    )

    assert finished.code == WRONG
    assert bad.message in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_failed_run_leaves_the_old_result_alone(material, tmp_path):
    output = tmp_path / "out.json"
    output.write_text("from yesterday")
    bad = Bad("", {"--audio": "{dir}/nan.wav"}, "")

    finished = run_script(
        "inference_mms.py", *command_line(GOOD, bad, material, output), cwd=tmp_path
    )

    assert finished.code == WRONG
    assert output.read_text() == "from yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
