import numpy as np
import pytest

from speech_toolkit.evaluation.models.listeners import (
    best_labels,
    leads_of,
    load_listener,
    spelt_labels,
)
from tests.end_to_end.support import MODEL, REPOSITORY, SAMPLES

WHISPER = REPOSITORY / "models" / "tiny-whisper"
TALK = REPOSITORY / "samples" / "recognition" / "talk.flac"
PAYLOAD = {
    "family": "mms",
    "model_path": str(MODEL),
    "device": "cpu",
    "dtype": "float32",
    "attn_implementation": None,
    "decode_graph": "auto",
    "batch_size": 4,
}
QUESTION = {
    "audio_path": str(SAMPLES / "question.flac"),
    "text": (SAMPLES / "question.txt").read_text("utf-8").strip(),
}


def test_best_labels_and_their_lead():
    log_probs = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    labels, leads = best_labels(log_probs)
    assert labels.tolist() == [0, 2]
    np.testing.assert_allclose(leads, np.log([5 / 3, 8]))


@pytest.mark.parametrize(
    ("path", "spelt"),
    [([0, 5, 5, 0, 5, 6, 6], [5, 5, 6]), ([0, 0], []), ([7], [7]), ([], [])],
)
def test_spelt_labels(path, spelt):
    assert spelt_labels(np.array(path, dtype=int), blank=0).tolist() == spelt


def test_leads_of_given_labels_are_below_zero_where_another_is_best():
    log_probs = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    np.testing.assert_allclose(leads_of(log_probs, (0, 1)), np.log([5 / 3, 1 / 8]), atol=1e-5)


def test_aligner_hears_letters_and_words_and_reads_the_choices_of_others():
    listener = load_listener(PAYLOAD)
    case = QUESTION | {"language": "eng"}
    heard, _ = listener.hear(case, {})
    assert heard.truth == "whydocatsalwayssleepunderwarmlamps"
    assert [word["text"] for word in heard.word_times] == case["text"].split()
    assert len(heard.choices) == len(heard.margins) == len(heard.spelling) > 100
    assert min(heard.margins) >= 0
    assert heard.text.isalpha()
    _, read = listener.hear(case, {"itself": heard.windows, "blank": [[0] * len(heard.choices)]})
    assert read["itself"] == list(heard.leads) == list(heard.margins)
    assert min(read["blank"]) < 0
    assert listener.leads(case, {"itself": heard.windows})["itself"] == read["itself"]


def test_recogniser_reads_its_own_tokens_as_decidedly_as_it_chose_them():
    """Over batches of windows; the leads of text over text are those of decoding."""
    listener = load_listener(PAYLOAD | {"family": "whisper", "model_path": str(WHISPER)})
    case = {"audio_path": str(TALK), "text": "Last week.", "language": "en"}
    heard, _ = listener.hear(case, {})
    assert heard.error is None
    assert heard.truth == "Last week."
    assert len(heard.choices) == len(heard.margins) == len(heard.spelling) > 200
    assert heard.spelling[0].startswith("<|0.")
    assert len(heard.windows) == len(heard.drawn) > 2
    assert sum(map(len, heard.windows)) == len(heard.leads) == len(heard.choices) + len(heard.drawn)
    greedy = [not drawn for w, drawn in zip(heard.windows, heard.drawn, strict=True) for _ in w]
    assert min(np.array(heard.leads)[greedy]) > -1e-3

    read = listener.leads(case, {"itself": heard.windows})
    np.testing.assert_allclose(read["itself"], heard.leads, atol=1e-3)

    in_order = [lead for w, lead in zip(_tokens(heard.windows), heard.leads, strict=True) if w]
    np.testing.assert_array_less(np.array(in_order), np.array(heard.margins) + 1e-3)


def _tokens(windows):
    """Whether each choice is a token and no end of text, which has no margin."""
    return [index + 1 < len(window) for window in windows for index in range(len(window))]
