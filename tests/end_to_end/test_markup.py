"""Transcripts with markup, in subtitles and in TextGrids, from the command line."""

import json

import jsonschema
import pytest

from tests.end_to_end.alignment_results import SCHEMA
from tests.end_to_end.support import SAMPLES, run_many

DEMO = SAMPLES / "demo.wav"
TEXT = (SAMPLES / "demo.txt").read_text(encoding="utf-8").strip()
MARKED = TEXT.replace("lighthouse", "lighthouse[1] (sighs)").replace("waved", "<b>waved</b> ♪")
CUES = ("<i>The old lighthouse</i>\n- keeper waved", "[music]", "at every boat. That", "left the")
FILES = {
    "marked.txt": f"KEEPER: {MARKED} [applause]",
    "demo.srt": "".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},500\n{cue}\n\n"
        for n, cue in enumerate([*CUES, "harbour."], start=1)
    ),
    "demo.TextGrid": f'"ooTextFile"\n"TextGrid"\n0 4 <exists> 1\n"IntervalTier" "words" 0 4 1\n0 4 '
    f'"{TEXT}"',
    "damaged.srt": "1\n00:00:01 -> 00:00:02\nhello",
    "music.txt": "[music]",
}
COMMANDS = {
    "plain": f"--transcript_file {SAMPLES / 'demo.txt'} --output plain.json",
    "marked": "--transcript_file marked.txt --output marked.json",
    "stripped": "--transcript_file marked.txt --output stripped.json --markup strip",
    "subtitles": "--transcript_file demo.srt --output_dir out --format srt,json "
    "--subtitle_style plain",
    "tier": "--transcript_file demo.TextGrid#words --output tier.json",
    "damaged": "--transcript_file damaged.srt --output damaged.json",
    "music": "--transcript_file music.txt --output music.json",
    "name": "--transcript ./marked.txt --output name.json",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("markup")
    for name, text in FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
    finished = run_many(
        [
            ("inference_mms.py", ["--audio", DEMO, "--device", "cpu", *line.split()])
            for line in COMMANDS.values()
        ],
        cwd=directory,
    )
    return directory, dict(zip(COMMANDS, finished, strict=True))


def read(directory, name):
    document = json.loads((directory / name).read_text(encoding="utf-8"))
    jsonschema.validate(document, SCHEMA)
    return document


def spoken(document):
    return [
        (word["text"].strip("."), word["start_time"], word["end_time"], word["score"])
        for word in document["words"]
        if word["aligned"]
    ]


@pytest.mark.parametrize("name", ["marked.json", "stripped.json", "out/demo.json", "tier.json"])
def test_spoken_words_have_the_times_that_they_have_without_markup(runs, name):
    directory, finished = runs
    expected = spoken(read(directory, "plain.json"))
    found = [(text.replace("That", "that"), *rest) for text, *rest in spoken(read(directory, name))]
    assert found == expected, finished


def test_markup_stays_in_its_sentence(runs):
    directory, finished = runs
    document = read(directory, "marked.json")
    assert document["transcript"] == FILES["marked.txt"]
    unspoken = [word for word in document["words"] if not word["aligned"]]
    assert [word["text"] for word in unspoken] == [
        *("KEEPER:", "[1]", "(sighs)", "<b>", "</b>", "♪", "[applause]")
    ]
    assert all(word["spoken"] is False for word in unspoken)
    for sentence in document["sentences"]:
        for word in document["words"]:
            if sentence["start_char"] <= word["start_char"] < sentence["end_char"]:
                assert sentence["start_time"] <= word["start_time"]
                assert word["end_time"] <= sentence["end_time"]
    assert "[WARNING] not spoken: 7 passages of markup: 'KEEPER:'" in finished["marked"].stderr


def test_the_cues_of_subtitles_come_back_to_the_letter(runs):
    directory, _ = runs
    written = (directory / "out" / "demo.srt").read_text(encoding="utf-8")
    cues = [block.split("\n", 2)[2] for block in written.strip().split("\n\n")]
    assert cues == [*CUES, "harbour."]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("damaged", "damaged.srt:2: '00:00:01 -> 00:00:02' is no line of times; write"),
        ("music", "nothing but markup that is not meant to be spoken"),
        ("name", "--transcript ./marked.txt: is the name of a file"),
    ],
)
def test_errors_name_the_way_out(runs, name, message):
    _, finished = runs
    assert finished[name].code == 2
    assert message in finished[name].stderr.splitlines()[-1]
