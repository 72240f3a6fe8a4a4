"""Exports read back by the readers of the same forms: texts, times and samples agree."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.corpus.export.exports import write_exports
from speech_toolkit.corpus.export.forms import FORMS
from speech_toolkit.corpus.inputs.read import read_audio_items, read_manifest_items
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome, ItemQuality
from speech_toolkit.errors import DiskFullError
from speech_toolkit.progress import UNWATCHED, LoggedProgress
from tests.unit.corpus.export.made_up import (
    CUTS_MS,
    END_S,
    RATE_HZ,
    TEXTS,
    Corpus,
    alignment,
    files_in,
    noise,
    transcription,
)

MANIFESTS = {"nemo": "manifest.jsonl", "kaldi": "", "ljspeech": "metadata.csv"}
LJSPEECH_TEXTS = [text.replace(" | ", " ") for text in TEXTS]


@pytest.fixture
def corpus(tmp_path):
    corpus = Corpus(tmp_path)
    corpus.add("zoë/b 1")
    corpus.add("anna/a", suffix=".flac")
    corpus.add("alone")
    return corpus


def export(corpus, *names, cut=True, progress=UNWATCHED):
    return write_exports(
        corpus.out, names or [*FORMS], corpus.items, corpus.outcomes, cut=cut, progress=progress
    )


def read_back(corpus, name):
    folder = corpus.out / "export" / name
    if name == "mfa":
        return read_audio_items([str(folder)], needs_text=True, recursive=True)
    return read_manifest_items(folder / MANIFESTS[name], needs_text=True, format_name=name)


def heard(item):
    """Return the samples of an item that was read back."""
    samples, rate_hz = soundfile.read(item.audio_path, dtype="int16", always_2d=True)
    assert rate_hz == RATE_HZ
    end = None if item.end_s is None else round(item.end_s * rate_hz)
    return samples[round((item.start_s or 0) * rate_hz) : end, 0]


def of_source(item, start_ms, end_ms):
    samples, _ = soundfile.read(item.audio_path, dtype="int16", always_2d=True)
    return samples[round(start_ms * RATE_HZ / 1000) : round(end_ms * RATE_HZ / 1000), 0]


@pytest.mark.parametrize("name", FORMS)
def test_pieces_read_back_are_the_sentences(corpus, name):
    exported = export(corpus)
    assert (exported.recordings, exported.utterances, exported.failures) == (3, 9, {})
    assert exported.seconds == pytest.approx(3 * (1.3 + 1.0 + 1.25))
    found = read_back(corpus, name)
    assert len({item.id for item in found}) == 9
    expected = [
        (text, of_source(item, *cut_ms).tobytes())
        for item in corpus.items
        for text, cut_ms in zip(
            LJSPEECH_TEXTS if name == "ljspeech" else TEXTS, CUTS_MS, strict=True
        )
    ]
    assert sorted((item.text, heard(item).tobytes()) for item in found) == sorted(expected)
    suffix = ".wav" if name in ("kaldi", "ljspeech") else ".flac"
    assert {Path(item.audio_path).suffix for item in found} == {suffix}
    if name in ("nemo", "kaldi"):
        assert {item.language for item in found} == {"eng"}


@pytest.mark.parametrize("name", ["nemo", "ljspeech", "mfa"])
def test_whole_recordings_read_back(corpus, name):
    export(corpus, cut=False)
    found = {item.text: item for item in read_back(corpus, name)}
    texts = LJSPEECH_TEXTS if name == "ljspeech" else TEXTS
    assert [*found] == [" ".join(texts)]
    found = sorted(heard(item).tobytes() for item in read_back(corpus, name))
    assert found == sorted(of_source(item, 0, END_S * 1000).tobytes() for item in corpus.items)


def test_kaldi_names_sentences_in_recordings_that_stay_where_they_are(tmp_path):
    corpus = Corpus(tmp_path)
    sources = [str(corpus.add(name)) for name in ("b/x", "a")]
    export(corpus, "kaldi", cut=False)
    found = read_back(corpus, "kaldi")
    assert [(item.start_s, item.end_s) for item in found] == [
        (start / 1000, end / 1000) for start, end in CUTS_MS
    ] * 2
    assert [item.text for item in found] == [*TEXTS, *TEXTS]
    assert [item.audio_path for item in found] == [sources[1]] * 3 + [sources[0]] * 3
    assert not (corpus.out / "export/kaldi/audio").exists()


@pytest.mark.parametrize("cut", [False, True])
def test_a_kaldi_directory_is_as_kaldi_validates_it(corpus, cut):
    corpus.add("anna-b")
    corpus.add("anna")
    corpus.add("anna/00001350-9")  # its utterances come between those of the one before
    export(corpus, "kaldi", cut=cut)
    folder = corpus.out / "export/kaldi"
    tables = {}
    for name in ("wav.scp", "text", "utt2spk", "spk2utt", "utt2lang", "utt2dur"):
        content = (folder / name).read_text("utf-8")
        assert content.endswith("\n") and "\n\n" not in content
        tables[name] = [line.split(" ", 1) for line in content.splitlines()]
        keys = [key.encode() for key, _ in tables[name]]
        assert keys == sorted(set(keys)), name
    speakers = dict(tables["utt2spk"])
    assert all(utterance.startswith(speaker) for utterance, speaker in speakers.items())
    by_utterance = [speaker.encode() for _, speaker in tables["utt2spk"]]
    assert by_utterance == sorted(by_utterance)
    assert {u: s for s, us in tables["spk2utt"] for u in us.split()} == speakers
    for name in ("text", "utt2lang", "utt2dur"):
        assert [key for key, _ in tables[name]] == [*speakers]
    assert (folder / "segments").exists() is not cut
    if not cut:
        recordings = dict(tables["wav.scp"])
        assert recordings["anna--a"].startswith("ffmpeg -nostdin")  # FLAC, which Kaldi cannot read
        assert recordings["anna--a"].endswith("-f wav - |")
        assert recordings["alone"] == corpus.items[2].audio_path


def test_a_manifest_tells_scores_and_sources(corpus):
    export(corpus, "nemo")
    manifest = corpus.out / "export/nemo/manifest.jsonl"
    first = json.loads(manifest.read_text("utf-8").splitlines()[6])  # sorted by names
    assert first["audio_filepath"].startswith("audio/zoë/")
    assert (first["duration"], first["score"], first["speaker"]) == (1.3, -0.125, "zoë")
    assert first["recording"] == "zoë/b 1"
    assert (first["source"], first["source_offset"]) == (corpus.items[0].audio_path, 0.05)
    export(corpus, cut=False)
    whole = json.loads(manifest.read_text("utf-8").splitlines()[2])
    assert (whole["audio_filepath"], whole["duration"], whole["score"]) == (
        first["source"],
        5,
        -0.25,
    )
    table = (corpus.out / "export/mfa/pieces.tsv").read_text("utf-8").splitlines()
    source = corpus.items[0].audio_path
    assert table[3].split("\t") == [first["id"].rpartition("--")[0], "5.000", "-0.25", "zoë/b 1",
                                    source, "0.000", ""]  # fmt: skip
    assert "confidence" not in first


def test_confidences_are_there_to_choose_by(tmp_path):
    corpus = Corpus(tmp_path)
    document = alignment(corpus.sources / "0.wav")
    for sentence, confidence in zip(document["sentences"], (0.9, 0.5, 0.1), strict=True):
        sentence["confidence"] = confidence
    corpus.add("a", document=document)
    corpus.outcomes["a"] = replace(corpus.outcomes["a"], quality=ItemQuality("check", 0.6))

    export(corpus)
    manifest = (corpus.out / "export/nemo/manifest.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["confidence"] for line in manifest] == [0.9, 0.5, 0.1]
    export(corpus, cut=False)
    header, line = (corpus.out / "export/mfa/pieces.tsv").read_text("utf-8").splitlines()
    assert (header.split("\t")[-1], line.split("\t")[-1]) == ("confidence", "0.6")


def test_parts_of_files_stay_parts(tmp_path):
    corpus = Corpus(tmp_path)
    spans_s, part = [(1.2, 2.0), (2.2, 2.9)], {"start_s": 1.0, "end_s": 3.0}
    path = corpus.sources / "0.wav"
    for n in (0, 1):
        document = alignment(path, spans_s, TEXTS[:2], **part, **({"end_s": 3.0} if n > 9 else {}))
        document |= {"audio_duration": 2.0}
        corpus.add(f"s/{n}", noise(seed=0), document=document, **part)
    export(corpus, cut=False)
    for name in ("nemo", "ljspeech", "mfa"):
        for item in read_back(corpus, name):
            assert np.array_equal(heard(item), noise(seed=0)[RATE_HZ : 3 * RATE_HZ]), name
    assert [(i.start_s, i.end_s) for i in read_back(corpus, "nemo")] == [(1.0, 3.0)] * 2
    export(corpus, "nemo")
    entries = (corpus.out / "export/nemo/manifest.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(entry)["source_offset"] for entry in entries] == [1.0, 2.1] * 2
    assert [json.loads(entry)["duration"] for entry in entries] == [1.1, 0.9] * 2


def test_transcriptions_are_exported_too(tmp_path):
    corpus = Corpus(tmp_path)
    corpus.add("a", document=transcription("a.wav"))
    export(corpus)
    for name in FORMS:
        texts = LJSPEECH_TEXTS if name == "ljspeech" else TEXTS
        assert [item.text for item in read_back(corpus, name)] == list(texts)
    assert not (corpus.out / "export/kaldi/utt2lang").exists()


def test_sentences_that_were_not_heard_are_left_out(tmp_path):
    corpus = Corpus(tmp_path)
    document = alignment("a.wav")
    document["sentences"][1] |= {"aligned": False, "score": None}
    corpus.add("a", document=document)
    exported = export(corpus, "nemo")
    assert [item.text for item in read_back(corpus, "nemo")] == [TEXTS[0], TEXTS[2]]
    assert exported.utterances == 2


@pytest.mark.parametrize("cut", [True, False])
def test_what_is_not_spoken_is_in_no_text_save_punctuation(tmp_path, cut):
    corpus = Corpus(tmp_path)
    texts = ["[Laughter] It was old.", "She — never waved.", "We left."]
    document = alignment("a.wav", texts=texts)
    whole = document["transcript"]
    for sentence in document["sentences"]:
        sentence["start_char"] = whole.index(sentence["text"])
    spoken = {"[Laughter]": False, "It": "it", "—": False, "never": False, "left.": False}
    document["words"] = [
        {
            "text": word,
            "spoken": said,
            "start_char": whole.index(word),
            "end_char": whole.index(word) + len(word),
        }
        for word, said in spoken.items()
    ]
    corpus.add("a", document=document)
    export(corpus, "nemo", cut=cut)
    told = ["It was old.", "She — waved.", "We"]
    assert [item.text for item in read_back(corpus, "nemo")] == (told if cut else [" ".join(told)])


def test_a_second_export_writes_nothing_again(corpus):
    export(corpus)
    folder = corpus.out / "export"
    before = {name: (folder / name).stat().st_ino for name in files_in(folder)}
    assert export(corpus).failures == {}
    assert {name: (folder / name).stat().st_ino for name in files_in(folder)} == before


def test_what_is_no_more_exported_is_removed_and_nothing_else(corpus):
    export(corpus)
    folder = corpus.out / "export/mfa"
    (folder / "anna/notes.txt").write_text("mine")
    del corpus.items[:2]
    corpus.outcomes["alone"] = ItemOutcome("alone", "0", ItemError("missing", "gone"))
    export(corpus, "mfa")
    assert files_in(folder) == ["anna/notes.txt"]
    assert not (folder / "zoë").exists()
    assert len(files_in(corpus.out / "export/nemo")) == 10


def test_other_sentences_take_the_place_of_those_before(corpus):
    export(corpus, "mfa", cut=False)
    assert files_in(corpus.out / "export/mfa/anna") == ["anna--a.flac", "anna--a.lab"]
    assert (corpus.out / "export/mfa/anna/anna--a.flac").is_symlink()
    export(corpus, "mfa")
    assert len(files_in(corpus.out / "export/mfa/anna")) == 6
    export(corpus, "mfa", cut=False)
    assert files_in(corpus.out / "export/mfa/anna") == ["anna--a.flac", "anna--a.lab"]


def test_one_bad_recording_does_not_stop_the_rest_and_loses_no_piece(corpus, caplog):
    export(corpus)
    pieces = corpus.out / "export/nemo/audio/anna"
    Path(corpus.items[1].audio_path).unlink()
    corpus.items.append(Item("no-json", corpus.items[0].audio_path, "x"))
    corpus.outcomes["no-json"] = ItemOutcome("no-json", "0", outputs=("no-json.srt",))
    corpus.add("silent", document=transcription("x", (), ()))
    corpus.add("damaged", document={"transcript": "x", "sentences": []})
    with caplog.at_level("WARNING"):
        exported = export(corpus, progress=LoggedProgress())
    assert "not exported: silent: nothing is said in it" in caplog.text
    assert "not exported: no-json: has no JSON among its results" in caplog.text
    assert exported.recordings == 2
    assert {name: error.kind for name, error in exported.failures.items()} == {
        "anna/a": "missing", "no-json": "settings", "silent": "wrong text", "damaged": "settings",
    }  # fmt: skip
    assert len(read_back(corpus, "nemo")) == 6
    assert len(files_in(pieces)) == 3  # the recording may come back


def test_a_full_disk_stops_the_export(corpus, monkeypatch):
    def full(*_):
        raise DiskFullError("no room")

    monkeypatch.setattr("speech_toolkit.corpus.export.exports.write_pieces", full)
    with pytest.raises(DiskFullError):
        export(corpus)
    assert not (corpus.out / "export/nemo/manifest.jsonl").exists()


def test_a_list_that_leads_elsewhere_removes_nothing(corpus, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    export(corpus, "nemo")
    (corpus.out / "export/nemo/.exported").write_text(f"../../../mine.txt\n{mine}\n\n")
    export(corpus, "nemo")
    assert mine.read_text() == "mine"
