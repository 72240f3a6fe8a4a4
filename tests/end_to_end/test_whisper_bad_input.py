"""Bad inputs of inference_whisper.py: each ends with exit code 2 and one line, and writes nothing.

Nearly all must be found before torch is imported, as in test_bad_input.py.
"""

import json
import struct

import pytest

from tests.end_to_end.bad_input import (
    LFS_POINTER,
    WRONG,
    Bad,
    Good,
    assert_refused,
    copy_checkpoint,
    make_audio,
    run_rows,
)
from tests.end_to_end.support import HEAVY_PACKAGES, MODEL, SAMPLES, WHISPER, run_many, run_script

GOOD = Good(
    "inference_whisper.py",
    {"--model_path": str(WHISPER), "--audio": "{dir}/good.wav", "--device": "cpu"},
)
DEMO = SAMPLES / "demo.wav"

BEFORE_TORCH = [
    # audio
    Bad("audio missing", {"--audio": "absent.wav"}, "'absent.wav' does not exist"),
    Bad("audio name too long", {"--audio": "x" * 300}, "File name too long"),
    Bad("audio directory", {"--audio": "{dir}"}, "one file for the results of many recordings"),
    Bad("audio empty", {"--audio": "{dir}/empty.wav"}, "is empty (0 bytes)"),
    Bad("audio text", {"--audio": "{dir}/text.wav"}, "holds text, not audio"),
    Bad("audio lfs", {"--audio": "{dir}/lfs.wav"}, "run git lfs pull"),
    Bad("audio nan", {"--audio": "{dir}/nan.wav"}, "1 NaN or infinite samples of 16000"),
    Bad("audio too short", {"--audio": "{dir}/short.wav"}, "is too short: 0.0187 s"),
    Bad("audio no samples", {"--audio": "{dir}/no_samples.wav"}, "holds no samples"),
    Bad("audio stdin empty", {"--audio": "-"}, "standard input is empty"),
    Bad("audio absent", {"--audio": None}, "--audio --manifest is required"),
    Bad("audio stdin timed", {"--audio": "-", "--mode": "benchmark"}, "standard input is empty"),
    Bad(
        "audio and reference on stdin",
        {"--audio": "-", "--mode": "compare", "--reference_file": "-"},
        "--audio and --reference_file cannot both",
    ),
    Bad("audio compared", {"--audio": "absent.wav", "--mode": "compare"}, "does not exist"),
    Bad("audio timed", {"--audio": "{dir}/text.wav", "--mode": "benchmark"}, "not audio"),
    # arguments
    Bad("mode", {"--mode": "listen"}, "invalid choice: 'listen'"),
    Bad("mode hands on", {"--model_path": None, "--mode": "x"}, "'x'", "inference.py"),
    Bad("device", {"--device": "tpu"}, "unknown device 'tpu'"),
    Bad("dtype", {"--dtype": "int8"}, "invalid choice: 'int8'"),
    Bad("chunk 0", {"--chunk_length": "0"}, "'0' is not a number of at least 1"),
    Bad("chunk nan", {"--chunk_length": "nan"}, "'nan' is not a number of at least 1"),
    Bad("chunk 31", {"--chunk_length": "31"}, "hears at most 30 s"),
    Bad("batch size 0", {"--mode": "chunked", "--batch_size": "0"}, "'0' is not a whole number"),
    Bad("runs 0", {"--mode": "benchmark", "--num_runs": "0"}, "'0' is not a whole number"),
    Bad("runs unused", {"--num_runs": "3"}, "no effect in --mode transcribe"),
    Bad("task", {"--task": "sing"}, "invalid choice: 'sing'"),
    Bad("timestamps", {"--timestamps": "letter"}, "invalid choice: 'letter'"),
    Bad("tokens 0", {"--max_new_tokens": "0"}, "'0' is not a whole number of at least 1"),
    Bad("temperature", {"--temperature": "-1"}, "'-1' is not 0, or a number of at least 0.01"),
    Bad("temperature huge", {"--temperature": "1e300"}, "'1e300' is not 0, or a number"),
    Bad("threshold", {"--logprob_threshold": "low"}, "'low' is not a number"),
    Bad("format", {"--format": "srt,doc"}, "'doc' is none of txt, json, "),
    Bad("format empty", {"--format": ""}, "'' is none of"),
    Bad("format without times", {"--format": "srt", "--timestamps": "none"}, "needs segment times"),
    Bad(
        "suffix without times", {"--output": "x.srt", "--timestamps": "none"}, "needs segment times"
    ),
    Bad("formats in one file", {"--format": "srt,txt"}, "is one file for 2 formats"),
    Bad("attention", {"--attn_implementation": "fast"}, "invalid choice: 'fast'"),
    Bad("graph", {"--decode_graph": "maybe"}, "invalid choice: 'maybe'"),
    Bad("reference unused", {"--reference": "hello"}, "no effect in --mode transcribe"),
    Bad("transcript", {"--transcript": "hello"}, "unrecognized arguments: --transcript"),
    # model
    Bad("model missing", {"--model_path": "./absent"}, "./absent"),
    Bad("model empty directory", {"--model_path": "{dir}/empty"}, "has no config.json"),
    Bad("model config not json", {"--model_path": "{dir}/bad_json"}, "cannot be read as JSON"),
    Bad("model weights lfs", {"--model_path": "{dir}/weights_lfs"}, "git lfs pull"),
    Bad("model tokenizer lfs", {"--model_path": "{dir}/tokenizer_lfs"}, "git lfs pull"),
    Bad("model tokenizer damaged", {"--model_path": "{dir}/tokenizer_cut"}, "holds no tokenizer"),
    Bad("model no weights", {"--model_path": "{dir}/no_weights"}, "no weights found"),
    Bad("model no tokenizer", {"--model_path": "{dir}/no_tokenizer"}, "no_tokenizer"),
    Bad("model mel bins", {"--model_path": "{dir}/mel_bins"}, "mel bins"),
    Bad("model other family", {"--model_path": str(MODEL)}, "is a Wav2Vec2ForCTC"),
    # output
    Bad("output directory", {"--output": "{dir}"}, "is a directory"),
    Bad("output of no format", {"--output": "x.docx"}, "end the name in .txt, .json, "),
    Bad("output below a file", {"--output": "{dir}/good.wav/x"}, "cannot be created"),
    Bad(
        "output is the audio",
        {"--audio": "{dir}/audio.json", "--output": "{dir}/link.json"},
        "is the same file as --audio",
    ),
    Bad(
        "report is the audio",
        {"--mode": "benchmark", "--output": "{dir}/good.wav"},
        "the same file as --audio",
    ),
    Bad(
        "page is the report",
        {"--mode": "compare", "--html": "x/../r.json", "--output": "r.json"},
        "the same file as --output",
    ),
    Bad("output twice", {"--output_dir": "x"}, "not allowed with argument"),
    Bad("device compared", {"--device": "tpu", "--mode": "compare"}, "unknown device 'tpu'"),
    Bad("chunk timed", {"--chunk_length": "31", "--mode": "benchmark"}, "hears at most 30 s"),
    Bad(
        "truth names a file",
        {"--mode": "compare", "--reference": "{dir}/good.wav"},
        "give --reference_file",
    ),
    Bad("truth missing", {"--mode": "compare", "--reference_file": "absent.txt"}, "absent.txt"),
    Bad("report below a file", {"--mode": "compare", "--output": "{dir}/good.wav/x"}, "created"),
]

WITH_TORCH = [
    Bad("npu not installed", {"--device": "npu"}, "torch_npu is not installed: pip install"),
    Bad("cuda not there", {"--device": "cuda"}, "cuda is not there"),
    Bad("weights cut short", {"--model_path": "{dir}/weights_cut"}, "its weights cannot be read"),
    Bad("weights of another", {"--model_path": "{dir}/weights_other"}, "its weights lack"),
    Bad("graph on a cpu", {"--decode_graph": "on"}, "--decode_graph"),
    Bad("language", {"--language": "xx"}, "language 'xx'"),
    Bad("language empty", {"--language": ""}, "argument --language: the value is empty"),
]


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A directory with all the bad files that the tables name."""
    directory = tmp_path_factory.mktemp("material")
    make_audio(directory)
    make_checkpoints(directory)
    return directory


def make_checkpoints(directory):
    """Copies of the bundled model, each with one thing wrong."""

    def checkpoint(name, remove=(), **replaced):
        copy_checkpoint(WHISPER, directory / name, remove, **replaced)

    weights = (WHISPER / "model.safetensors").read_bytes()
    header = json.dumps({"__metadata__": {"format": "pt"}}).encode()
    preprocessor = json.loads((WHISPER / "preprocessor_config.json").read_text())
    (directory / "empty").mkdir()
    checkpoint("bad_json", config="{")
    checkpoint("weights_lfs", weights=LFS_POINTER)
    checkpoint("tokenizer_lfs", tokenizer=LFS_POINTER)
    checkpoint("tokenizer_cut", tokenizer='{"version": "1.0", "added_tokens": []}')
    checkpoint("no_weights", remove=["model.safetensors"])
    tokenizer_files = ["tokenizer.json", "vocab.json", "added_tokens.json"]
    checkpoint("no_tokenizer", remove=tokenizer_files)
    checkpoint("mel_bins", preprocessor_config=preprocessor | {"feature_size": 77})
    checkpoint("weights_cut", weights=weights[: len(weights) // 2])
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


def test_the_aligner_refuses_a_whisper_checkpoint(tmp_path):
    finished = run_script(
        "inference_mms.py",
        *("--model_path", WHISPER, "--audio", DEMO, "--transcript", "hello"),
        cwd=tmp_path,
        forbid=HEAVY_PACKAGES,
    )

    assert finished.code == WRONG
    assert "WhisperForConditionalGeneration" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_several_files_need_a_directory_for_their_results(material, tmp_path):
    audio = ("--audio", DEMO, material / "good.wav")
    (refused, not_a_directory) = run_many(
        [
            ("inference_whisper.py", [*audio, "--output", "x.json"]),
            ("inference_whisper.py", [*audio, "--output_dir", material / "good.wav"]),
        ],
        cwd=tmp_path,
        forbid=HEAVY_PACKAGES,
    )

    assert (refused.code, not_a_directory.code) == (WRONG, WRONG)
    assert "--output is one file for the results of many recordings" in refused.stderr
    assert "--output_dir" in not_a_directory.stderr
    assert "cannot be created" in not_a_directory.stderr
    assert list(tmp_path.iterdir()) == []
