"""Results for pages, made up: short ones with awkward text, and one of an hour."""

from speech_toolkit.bundled import CHECKOUT

DEMO = CHECKOUT / "samples" / "demo.wav"


def alignment(*words, audio_path=str(DEMO), audio_duration=4.825):
    """Return an alignment of one sentence; words are (text, start, end, probability)."""
    transcript, spans, letters = "", [], []
    for text, start, end, probability in words:
        transcript += " " if transcript else ""
        first = len(transcript)
        transcript += text
        spans.append(_span("text", text, start, end, probability, first))
        step = (end - start) / max(len(text), 1)
        letters += [
            _span("token", letter, start + i * step, start + (i + 1) * step, 0.5, first + i)
            for i, letter in enumerate(text)
            if letter.isalpha()
        ]
    sentence = _span("text", transcript, spans[0]["start_time"], spans[-1]["end_time"], 0.5, 0)
    return {
        "schema_version": "1.0",
        "device": "cpu",
        "dtype": "torch.float32",
        "model_path": "model",
        "audio_path": audio_path,
        "transcript": transcript + "\n",
        "language": "eng",
        "audio_duration": audio_duration,
        "segments": letters,
        "words": spans,
        "sentences": [sentence],
        "warnings": [],
    }


def _span(key, text, start, end, probability, first):
    return {
        key: text,
        "start_time": round(start, 4),
        "end_time": round(end, 4),
        "score": -1.0,
        "probability": probability,
        "aligned": probability is not None,
        "start_char": first,
        "end_char": first + len(text),
    }


def transcription(*segments, audio_path=str(DEMO), audio_duration_s=4.825):
    """Return a transcription; segments are (text, start, end, words), words as in alignment()."""
    return {
        "schema_version": "1.0",
        "device": "cpu",
        "dtype": "torch.float32",
        "audio_path": audio_path,
        "audio_duration_s": audio_duration_s,
        "language": "en",
        "text": " ".join(text for text, *_ in segments),
        "segments": [
            {"text": text, "start_s": start, "end_s": end, "avg_logprob": -0.1, "tokens": [1]}
            for text, start, end, _ in segments
        ],
        "words": [
            {"text": word, "start_s": start, "end_s": end, "probability": probability}
            for *_, words in segments
            for word, start, end, probability in words
        ],
    }


def demo():
    """Return the alignment of the demo, with one doubtful word."""
    return alignment(
        ("The", 0.16, 0.38, 0.1),
        ("old", 0.38, 0.78, 0.7),
        ("lighthouse", 0.78, 1.42, 0.4),
        ("keeper", 1.42, 1.86, 0.9),
        ("waved", 1.86, 2.3, 0.6),
        ("at", 2.3, 2.58, 0.6),
        ("every", 2.58, 3.0, 0.8),
        ("boat", 3.0, 3.36, 0.8),
        ("that", 3.36, 3.58, 0.6),
        ("left", 3.58, 4.04, 0.8),
        ("the", 4.06, 4.16, 0.7),
        ("harbour.", 4.16, 4.64, 0.7),
    )


def faulty():
    """Return that with two words that were not spoken, and speech that the text lacks."""
    document = demo()
    for word in document["words"]:
        word["confidence"] = 0.02 if word["text"] in ("old", "lighthouse") else 0.95
    document["quality"] = {
        "verdict": "check",
        "confidence": 0.81,
        "reasons": [
            {"kind": "not_spoken", "text": "2 words were probably not spoken"},
            {"kind": "repeated", "text": "1 stretch is said again"},
        ],
        "not_spoken": [
            {"first_word": 1, "end_word": 3, "text": "old lighthouse", "start_char": 4,
             "end_char": 18, "start_time": 0.38, "end_time": 1.42, "confidence": 0.97},
        ],
        "not_in_transcript": [
            {"start_time": 0.0, "end_time": 0.16, "after_word": -1, "heard": "hm",
             "repeats": None, "confidence": 0.8},
            {"start_time": 3.58, "end_time": 4.04, "after_word": 8, "heard": "evryb",
             "repeats": [6, 8], "confidence": 0.9},
        ],
    }  # fmt: skip
    return document


def hour(words=10_000):
    """Return a transcription of an hour, without sound."""
    step_s = 3600 / words
    segments = []
    for first in range(0, words, 20):
        own = [
            (f"word{i}", i * step_s, i * step_s + 0.8 * step_s, 0.9 if i % 50 else 0.1)
            for i in range(first, min(first + 20, words))
        ]
        text = " ".join(word for word, *_ in own)
        segments.append((text, own[0][1], own[-1][2], own))
    return transcription(*segments, audio_path="hour.wav", audio_duration_s=3600.0)
