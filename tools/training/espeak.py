"""eSpeak NG through its C library; it joins pairs such as "of the", which are then one group."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence

import numpy as np
from speech_synthesis import PAUSE, Phone, SpokenToken, SynthesisedSpeech, plain_text


class _EspeakEvent(ctypes.Structure):
    class _Id(ctypes.Union):
        _fields_ = (
            ("number", ctypes.c_int),
            ("name", ctypes.c_char_p),
            ("string", ctypes.c_char * 8),
        )

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_EspeakCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_EspeakEvent)
)


class Espeak:
    """eSpeak NG in this process; one instance is enough."""

    _SYNCHRONOUS, _PHONEME_EVENTS = 2, 1
    _WORD, _PHONEME = 1, 7
    _RATE, _PITCH, _RANGE = 1, 3, 4

    def __init__(self) -> None:
        self._library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
        self.sample_rate_hz = self._library.espeak_Initialize(
            self._SYNCHRONOUS, 500, None, self._PHONEME_EVENTS
        )
        self._samples: list[np.ndarray] = []
        self._events: list[tuple[int, int, int, str]] = []
        self._callback = _EspeakCallback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, wave: object, count: int, events: object) -> int:
        if wave and count:
            self._samples.append(np.ctypeslib.as_array(wave, (count,)).copy())
        i = 0
        while events[i].type:
            event = events[i]
            name = event.id.string.decode() if event.type == self._PHONEME else ""
            self._events.append((event.type, event.text_position - 1, event.sample, name))
            i += 1
        return 0

    def speak(
        self,
        tokens: Sequence[SpokenToken],
        voice: str,
        words_per_minute: int = 175,
        pitch: int = 50,
        pitch_range: int = 50,
    ) -> SynthesisedSpeech:
        """Speak the tokens with one voice, such as `en-us+f3`.

        Args:
            tokens: The utterance.
            voice: eSpeak voice name, with its variant.
            words_per_minute: 80 to 450.
            pitch: 0 to 99.
            pitch_range: 0 to 99.

        Raises:
            ValueError: The voice is unknown, or nothing was spoken.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"eSpeak has no voice {voice!r}")
        for parameter, value in (
            (self._RATE, words_per_minute),
            (self._PITCH, pitch),
            (self._RANGE, pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._samples.clear()
        self._events.clear()
        text = plain_text(tokens).encode("ascii")
        self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, 1, None, None)
        if not self._samples:
            raise ValueError(f"eSpeak said nothing for {text!r}")
        samples = np.concatenate(self._samples).astype(np.float32) / 32768
        return self._with_times(tokens, samples)

    def _with_times(self, tokens: Sequence[SpokenToken], samples: np.ndarray) -> SynthesisedSpeech:
        word_starts = self._word_starts()
        groups = _groups_of_tokens(tokens, sorted(word_starts))
        group_at = {position: i for i, position in enumerate(sorted(word_starts))}
        phonemes = [(p, s, n) for kind, p, s, n in self._events if kind == self._PHONEME]
        phones: list[Phone] = []
        seen: set[int] = set()
        for i, (position, start, name) in enumerate(phonemes):
            end = phonemes[i + 1][1] if i + 1 < len(phonemes) else len(samples)
            group = PAUSE if name.startswith("_") or not name else group_at.get(position, PAUSE)
            if group != PAUSE and group not in seen:
                seen.add(group)
                start = min(start, word_starts[position])
                if phones and phones[-1].end_s * self.sample_rate_hz > start:
                    last = phones.pop()
                    phones.append(
                        Phone(last.name, last.start_s, start / self.sample_rate_hz, last.group)
                    )
            phones.append(
                Phone(name, start / self.sample_rate_hz, end / self.sample_rate_hz, group)
            )
        return SynthesisedSpeech(samples, self.sample_rate_hz, tuple(phones), groups)

    def _word_starts(self) -> dict[int, int]:
        """Start sample of each word event, by its position in the text.

        A word event marks the closure before a plosive, but at times it repeats the start of the
        last phoneme of the word before; then the phoneme that follows is the start.
        """
        starts: dict[int, int] = {}
        last_phoneme = -1
        pending: list[tuple[int, int]] = []
        for kind, position, sample, _ in self._events:
            if kind == self._WORD:
                pending.append((position, sample))
            elif kind == self._PHONEME:
                for word_position, word_sample in pending:
                    valid = last_phoneme < word_sample <= sample
                    starts[word_position] = word_sample if valid else sample
                pending.clear()
                last_phoneme = sample
        return starts


def _groups_of_tokens(
    tokens: Sequence[SpokenToken], positions: Sequence[int]
) -> tuple[tuple[str, ...], ...]:
    """Collect the written words that fall between consecutive text positions."""
    groups: list[tuple[str, ...]] = [() for _ in positions]
    offset, group = 0, -1
    for token in tokens:
        while group + 1 < len(positions) and positions[group + 1] <= offset:
            group += 1
        if group < 0:
            raise ValueError(f"no word event covers {token.spoken!r}")
        groups[group] += token.written
        offset += len(token.spoken) + len(token.mark) + 1
    if not all(groups):
        raise ValueError(f"a word event lies inside a token of {plain_text(tokens)!r}")
    return tuple(groups)
