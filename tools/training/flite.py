"""Flite through its C library."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence

import numpy as np
from speech_synthesis import PAUSE, Phone, SpokenToken, SynthesisedSpeech, plain_text

FLITE_VOICES = ("slt", "awb", "rms", "kal16")


class Flite:
    """Flite and its bundled voices in this process."""

    def __init__(self, voices: Sequence[str] = FLITE_VOICES) -> None:
        self._flite = _load("libflite.so.1")
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        for name, result, arguments in (
            ("flite_synth_text", pointer, (text, pointer)),
            ("utt_relation", pointer, (pointer, text)),
            ("relation_head", pointer, (pointer,)),
            ("utt_wave", pointer, (pointer,)),
            ("item_next", pointer, (pointer,)),
            ("item_prev", pointer, (pointer,)),
            ("item_daughter", pointer, (pointer,)),
            ("item_as", pointer, (pointer, text)),
            ("item_feat_string", text, (pointer, text)),
            ("item_feat_float", ctypes.c_float, (pointer, text)),
            ("flite_feat_set_float", None, (pointer, text, ctypes.c_float)),
            ("delete_utterance", None, (pointer,)),
        ):
            function = getattr(self._flite, name)
            function.restype, function.argtypes = result, arguments
        self._flite.flite_init()
        for library in ("libflite_usenglish.so.1", "libflite_cmulex.so.1"):
            _load(library)
        self._voices = {name: self._register(name) for name in voices}

    @staticmethod
    def _register(name: str) -> ctypes.c_void_p:
        register = getattr(_load(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
        register.restype, register.argtypes = ctypes.c_void_p, (ctypes.c_char_p,)
        return ctypes.c_void_p(register(None))

    def speak(
        self, tokens: Sequence[SpokenToken], voice: str, duration_stretch: float = 1.0
    ) -> SynthesisedSpeech:
        """Speak the tokens with one of the voices given at the start.

        Args:
            tokens: The utterance.
            voice: `slt`, `awb`, `rms` or `kal16`.
            duration_stretch: Above 1 is slower.

        Raises:
            ValueError: Flite cut the text into other tokens than those given.
        """
        handle = self._voices[voice]
        features = ctypes.c_void_p.from_address(handle.value + _VoiceHead.features.offset)
        self._flite.flite_feat_set_float(features, b"duration_stretch", duration_stretch)
        utterance = self._flite.flite_synth_text(plain_text(tokens).encode("ascii"), handle)
        try:
            samples, rate = self._wave(utterance)
            starts = self._token_segments(utterance)
            if len(starts) != len(tokens):
                raise ValueError(f"Flite made {len(starts)} tokens of {plain_text(tokens)!r}")
            phones = self._phones(utterance, starts)
        finally:
            self._flite.delete_utterance(utterance)
        return SynthesisedSpeech(samples, rate, phones, tuple(t.written for t in tokens))

    def _wave(self, utterance: int) -> tuple[np.ndarray, int]:
        wave = _FliteWave.from_address(self._flite.utt_wave(utterance))
        samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float32)
        return samples / 32768, wave.sample_rate

    def _items(self, item: int | None) -> Iterator[int]:
        while item:
            yield item
            item = self._flite.item_next(item)

    def _daughters(self, item: int | None) -> Iterator[int]:
        return self._items(self._flite.item_daughter(item) if item else None)

    def _head(self, utterance: int, relation: bytes) -> int | None:
        return self._flite.relation_head(self._flite.utt_relation(utterance, relation))

    def _token_segments(self, utterance: int) -> list[list[float]]:
        """End times of the segments of each token, in order."""
        ends = []
        for token in self._items(self._head(utterance, b"Token")):
            ends.append(
                [
                    self._flite.item_feat_float(segment, b"end")
                    for word in self._daughters(token)
                    for syllable in self._daughters(self._flite.item_as(word, b"SylStructure"))
                    for segment in self._daughters(syllable)
                ]
            )
        return ends

    def _phones(self, utterance: int, token_ends: list[list[float]]) -> tuple[Phone, ...]:
        group_of_end = {end: i for i, ends in enumerate(token_ends) for end in ends}
        phones, start = [], 0.0
        for segment in self._items(self._head(utterance, b"Segment")):
            name = self._flite.item_feat_string(segment, b"name").decode()
            end = self._flite.item_feat_float(segment, b"end")
            group = PAUSE if name == "pau" else group_of_end[end]
            phones.append(Phone(name, start, end, group))
            start = end
        return tuple(phones)


class _FliteWave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class _VoiceHead(ctypes.Structure):
    """The first members of Flite's `cst_voice`."""

    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


def _load(library: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise ImportError(f"{library} is missing: apt-get install libflite1") from error
