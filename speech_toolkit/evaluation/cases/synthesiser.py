"""Test speech from the free synthesisers that a machine has: eSpeak NG and Flite.

eSpeak NG is used through its library, that of ``pip install espeakng-loader`` or the system's;
Flite through its program.
"""

import contextlib
import ctypes
import ctypes.util
import importlib.util
import io
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import soundfile

from speech_toolkit.errors import ToolkitError, first_line
from speech_toolkit.evaluation.cases.perturb import Clip
from speech_toolkit.files.scratch import scratch_folder

ESPEAK_VOICES = ("en-us", "en", "en-us+f3", "en+m3", "en-us+f5", "en+m8")
FLITE_VOICES = ("slt", "rms", "awb")
_ESPEAK_WORDS_PER_MINUTE = 165
_FLITE_TIMEOUT_S = 60


class Synthesiser(Protocol):
    """What speaks.

    Attributes:
        name: with the place it was found in, for the report.
        voices: names that :meth:`speak` takes.
    """

    name: str
    voices: tuple[str, ...]

    def speak(self, text: str, voice: str, speed: float) -> Clip:
        """Speak English text, faster where ``speed`` is above 1.

        Raises:
            ToolkitError: nothing was spoken.
        """


def find_synthesisers() -> tuple[Synthesiser, ...]:
    """Return the synthesisers of this machine, none where it has none."""
    found: list[Synthesiser] = []
    if library := _espeak_library():
        with contextlib.suppress(OSError):  # of another system, or without voices: as if missing
            found.append(Espeak(library))
    if program := shutil.which("flite"):
        found.append(Flite(program))
    return tuple(found)


@dataclass(frozen=True)
class EspeakLibrary:
    """Where eSpeak NG is.

    Attributes:
        path: of the shared library.
        data: its directory of voices; None for the one it was built with.
        origin: where it comes from, for the report.
    """

    path: str
    data: str | None
    origin: str


class Espeak:
    """eSpeak NG in this process. Its library holds one state, so one instance is enough.

    Raises:
        OSError: the library cannot be loaded, or lacks its data.
    """

    voices = ESPEAK_VOICES
    _SYNCHRONOUS, _DO_NOT_EXIT, _RATE, _UTF8 = 2, 0x8000, 1, 1

    def __init__(self, where: EspeakLibrary) -> None:
        self.name = f"eSpeak NG ({where.origin})"
        self._library = ctypes.CDLL(where.path)
        data = None if where.data is None else where.data.encode()
        self._rate_hz = self._library.espeak_Initialize(
            self._SYNCHRONOUS, 0, data, self._DO_NOT_EXIT
        )
        if self._rate_hz <= 0:
            raise OSError(f"{where.path}: finds no voices in {where.data}")
        self._blocks: list[np.ndarray] = []
        self._callback = _EspeakCallback(self._collect)  # kept: the library holds no reference
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, _: object) -> int:
        if wave and count:
            self._blocks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        return 0

    def speak(self, text: str, voice: str, speed: float) -> Clip:
        """See :class:`Synthesiser`."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ToolkitError(f"{self.name} has no voice {voice!r}; install its voices")
        words_per_minute = round(_ESPEAK_WORDS_PER_MINUTE * speed)
        self._library.espeak_SetParameter(self._RATE, words_per_minute, 0)
        self._blocks.clear()
        encoded = text.encode()
        self._library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded) + 1), 0, 1, 0, self._UTF8, None, None
        )
        if not self._blocks:
            raise ToolkitError(f"{self.name} said nothing for {text!r}; use --source samples")
        samples = np.concatenate(self._blocks).astype(np.float32) / 32768
        return Clip(samples, self._rate_hz, text, (), voice)


class Flite:
    """Flite's program, started for each text."""

    voices = FLITE_VOICES

    def __init__(self, program: str) -> None:
        self.name = "Flite (found on this machine)"
        self._program = program

    def speak(self, text: str, voice: str, speed: float) -> Clip:
        """See :class:`Synthesiser`."""
        with scratch_folder() as folder:
            path = folder / "speech.wav"
            options = ("-voice", voice, "--setf", f"duration_stretch={1 / speed}")
            _run([self._program, *options, "-t", text, "-o", str(path)])
            try:
                samples, rate_hz = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32")
            except (OSError, soundfile.LibsndfileError) as error:
                raise ToolkitError(
                    f"{self.name} said nothing for {text!r} ({first_line(error)}); "
                    "use --source samples"
                ) from error
        return Clip(samples, rate_hz, text, (), voice)


_EspeakCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def _espeak_library() -> EspeakLibrary | None:
    if importlib.util.find_spec("espeakng_loader"):
        import espeakng_loader

        return EspeakLibrary(
            str(espeakng_loader.get_library_path()),
            str(espeakng_loader.get_data_path()),
            "package espeakng-loader",
        )
    if path := ctypes.util.find_library("espeak-ng"):
        return EspeakLibrary(path, None, "found on this machine")
    return None


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_FLITE_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolkitError(
            f"{command[0]} failed ({first_line(error)}); use --source samples"
        ) from error
