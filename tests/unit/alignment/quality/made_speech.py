"""What a model would hear of a voice: letters as long as their sounds, or spikes."""

import numpy as np

from speech_toolkit.alignment.clock import Clock
from speech_toolkit.alignment.loudness import Loudness
from speech_toolkit.alignment.quality.assessment import assess
from speech_toolkit.alignment.recording import WILDCARD_COST
from speech_toolkit.alignment.search.viterbi import forced_align
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.alignment.text.labels import label_sequence
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = Vocabulary({letter: i for i, letter in enumerate(LETTERS, 1)}, 0, 27)
STRIDE_S = 0.02
# Frames that hold a letter, and blank frames behind them.
FORMS = {"long letters": (4, 0), "spikes": (1, 3)}
SENTENCES = (
    "Nobody in the village remembered the walnut tree.",
    "It stood behind the bakery taller than every roof.",
    "My brother climbed up quickly and found an old box.",
    "We carried water from the frozen river all winter.",
    "She painted both doors green before breakfast.",
    "Fourteen geese flew south over quiet fields.",
)
TEXT = "\n".join(SENTENCES)


def heard(text, form, seed=0, pause=6, doubt=1.0, temperature=1.0):
    """Return log-probabilities (T, V + 1) of a text, a pause after each word, a wildcard last."""
    held, silent = FORMS[form]
    frames = [0] * pause
    for word in text.lower().replace(".", "").split():
        for letter in word:
            frames += [VOCABULARY.ids[letter]] * held + [0] * silent
        frames += [0] * pause
    logits = np.random.default_rng(seed).normal(0, doubt, (len(frames), VOCABULARY.size))
    logits[np.arange(len(frames)), frames] += 7.0
    logits *= temperature
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    star = log_probs.max(axis=1, keepdims=True) - WILDCARD_COST
    return np.hstack([log_probs, star]).astype(np.float32)


def assessed(log_probs, text, star="none"):
    """Align a text to what was heard, and assess it."""
    transcript = tokenize_transcript(text, VOCABULARY)
    labels = label_sequence(transcript, VOCABULARY, star)
    path, scores = forced_align(log_probs, labels.targets, VOCABULARY.blank_id)
    flat = np.zeros(len(log_probs), np.float32)
    loudness = Loudness(flat, flat)
    spans = spans_from_path(
        path,
        scores,
        labels,
        transcript,
        loudness,
        blank=VOCABULARY.blank_id,
        frame_stride_s=STRIDE_S,
    )
    clock = Clock(STRIDE_S, len(log_probs) * STRIDE_S)
    return assess(log_probs, path, scores, labels, transcript, spans, loudness, VOCABULARY, clock)
