"""Speech of known timing from free synthesisers: eSpeak NG, Flite and Festival.

Every synthesiser is driven through the interface that tells when each phone starts:
eSpeak NG and Flite through their C libraries (ctypes), Festival through one Scheme program.
The result is the same for all: samples, phones with times, and the words each group of phones
speaks. eSpeak joins pairs such as "of the"; such a pair is one group.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

PAUSE = -1
FLITE_VOICES = ("slt", "awb", "rms", "kal16")
FESTIVAL_VOICES = ("ked_diphone", "kal_diphone", "cmu_us_slt_arctic_hts")


@dataclass(frozen=True)
class SpokenToken:
    """One unit handed to a synthesiser.

    Attributes:
        spoken: What the synthesiser reads, without spaces: `gonna`.
        written: The words of the transcript that it stands for: `("going", "to")`.
        mark: Punctuation after it: `,` `.` `?` or nothing.
    """

    spoken: str
    written: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True)
class Phone:
    """One phone of the synthesiser's own inventory, or a pause (`group` is -1)."""

    name: str
    start_s: float
    end_s: float
    group: int


@dataclass(frozen=True)
class SynthesisedSpeech:
    """Speech whose phone times are known.

    Attributes:
        samples: float32, shape (N,), mono, -1 to 1.
        sample_rate_hz: Rate of `samples`.
        phones: In order of time.
        groups: The transcript words of each group of phones, in order.
    """

    samples: np.ndarray
    sample_rate_hz: int
    phones: tuple[Phone, ...]
    groups: tuple[tuple[str, ...], ...]


def plain_text(tokens: Sequence[SpokenToken]) -> str:
    """Join the tokens as a synthesiser reads them: one space between, marks attached."""
    return " ".join(token.spoken + token.mark for token in tokens)


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


_FESTIVAL_PROGRAM = """
(define (number_tokens utt)
  (let ((i 0))
    (mapcar (lambda (token) (item.set_feat token "position" i) (set! i (+ i 1)))
      (utt.relation.items utt 'Token))))
(define (print_segment segment)
  (format t "S %s %f %s\\n" (item.name segment) (item.feat segment 'end)
    (if (item.relation segment 'SylStructure)
      (item.feat segment "R:SylStructure.parent.parent.R:Token.parent.position")
      "-1")))
(define (say text file)
  (let ((utt (eval (list 'Utterance 'Text text))))
    (utt.synth utt)
    (number_tokens utt)
    (utt.save.wave utt file 'riff)
    (format t "U %s\\n" file)
    (mapcar print_segment (utt.relation.items utt 'Segment))))
"""


def festival_speak(
    utterances: Sequence[Sequence[SpokenToken]], voice: str, duration_stretch: float = 1.0
) -> list[SynthesisedSpeech | None]:
    """Speak many utterances in one run of Festival, whose start takes seconds.

    Args:
        utterances: Tokens of each utterance.
        voice: One of `FESTIVAL_VOICES`.
        duration_stretch: Above 1 is slower.

    Returns:
        One result an utterance; None where Festival cut the text into other tokens.
    """
    with tempfile.TemporaryDirectory() as folder:
        calls = "\n".join(
            f'(say "{plain_text(tokens)}" "{folder}/{i}.wav")'
            for i, tokens in enumerate(utterances)
        )
        program = (
            f"(voice_{voice})\n(Parameter.set 'Duration_Stretch {duration_stretch})\n"
            + _FESTIVAL_PROGRAM
            + calls
        )
        path = Path(folder) / "program.scm"
        path.write_text(program, encoding="ascii")
        output = subprocess.run(
            ["festival", "-b", str(path)], capture_output=True, text=True, check=True
        ).stdout
        return [
            _festival_result(tokens, Path(folder) / f"{i}.wav", output)
            for i, tokens in enumerate(utterances)
        ]


def _festival_result(
    tokens: Sequence[SpokenToken], wave: Path, output: str
) -> SynthesisedSpeech | None:
    _, _, tail = output.partition(f"U {wave}\n")
    segments = []
    for line in tail.splitlines():
        if not line.startswith("S "):
            break
        _, name, end, token = line.split()
        segments.append((name, float(end), int(float(token)) if name != "pau" else PAUSE))
    positions = sorted({token for _, _, token in segments} - {PAUSE})
    if len(positions) != len(tokens):
        return None
    group_of = {position: i for i, position in enumerate(positions)} | {PAUSE: PAUSE}
    phones, start = [], 0.0
    for name, end, token in segments:
        phones.append(Phone(name, start, end, group_of[token]))
        start = end
    samples, rate = soundfile.read(wave, dtype="float32")
    return SynthesisedSpeech(samples, rate, tuple(phones), tuple(t.written for t in tokens))
