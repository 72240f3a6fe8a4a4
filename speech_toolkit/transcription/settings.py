"""What a transcription is asked for."""

from dataclasses import dataclass

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.ranges import (
    BATCH_SIZE,
    CHUNK_LENGTH_S,
    COMPRESSION_RATIO,
    LOG_PROBABILITY,
    MAX_NEW_TOKENS,
    PROBABILITY,
    SEED,
    TEMPERATURE,
)

MODES = ("transcribe", "chunked")
TASKS = ("transcribe", "translate")
TIMESTAMPS = ("none", "segment", "word")  # each finer than the one before
DECODE_GRAPHS = ("auto", "on", "off")

_RANGES = {"chunk_length_s": CHUNK_LENGTH_S, "seed": SEED}
_RANGES_OR_NONE = {
    "batch_size": BATCH_SIZE,
    "max_new_tokens": MAX_NEW_TOKENS,
    "compression_ratio_threshold": COMPRESSION_RATIO,
    "logprob_threshold": LOG_PROBABILITY,
    "no_speech_threshold": PROBABILITY,
}
DEFAULT_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class TranscriptionSettings:
    """How one file is transcribed. The defaults are those of openai/whisper.

    Attributes:
        mode: "transcribe" takes the windows in order, and may take one up again or prompt it with
            the text before it; "chunked" takes them in any order, without.
        language: code or English name, such as "en" or "german"; None for the one that the
            checkpoint asks for, or else to detect it.
        task: "transcribe", or "translate" into English; None for what the checkpoint asks for,
            which is "transcribe" unless it says otherwise.
        timestamps: "none", "segment" or "word".
        prompt: text that hints at names and style: put before the first window, and before all of
            them where the text before a window does not prompt it.
        max_new_tokens: most tokens generated for one window; None for all the model has room for.
        temperatures: tried in turn until the text passes the tests below; 0 is greedy.
        compression_ratio_threshold: UTF-8 bytes over their zlib size; text above it repeats itself
            and is decoded again. None switches the test off.
        logprob_threshold: text whose tokens have a lower mean log-probability is decoded again.
            None switches the test off.
        no_speech_threshold: a window with a higher no-speech probability and a mean
            log-probability below ``logprob_threshold`` holds no speech. None switches it off.
        condition_on_previous_text: whether "transcribe" prompts a window with the text before it;
            None for what suits the checkpoint.
        chunk_length_s: longest window in seconds, at most what the model takes (30).
        batch_size: windows that run together, of many files too; in "transcribe" one of each file
            where the text before a window prompts it; None for 8 on NPU and CUDA, 1 on CPU.
        skip_silence: whether stretches without speech are kept from the model.
        hear_rests: whether speech that the text of a window stops short of is heard once more; if
            not, the windows of "chunked" depend on the audio alone.
        seed: of the random numbers for temperatures above 0.
        record_margins: whether each token's lead over the second best is kept, to judge a
            difference between two devices.
    """

    mode: str = "transcribe"
    language: str | None = None
    task: str | None = None
    timestamps: str = "segment"
    prompt: str | None = None
    max_new_tokens: int | None = None
    temperatures: tuple[float, ...] = DEFAULT_TEMPERATURES
    compression_ratio_threshold: float | None = 2.4
    logprob_threshold: float | None = -1.0
    no_speech_threshold: float | None = 0.6
    condition_on_previous_text: bool | None = None
    chunk_length_s: float = 30.0
    batch_size: int | None = None
    skip_silence: bool = True
    hear_rests: bool = True
    seed: int = 0
    record_margins: bool = False

    def __post_init__(self) -> None:
        choices = (("mode", MODES), ("task", (None, *TASKS)), ("timestamps", TIMESTAMPS))
        for name, known in choices:
            if getattr(self, name) not in known:
                choice = ", ".join(filter(None, known))
                raise UsageError(f"{name} {getattr(self, name)!r}: use one of {choice}")
        for name, within in _RANGES.items():
            within.check(name, getattr(self, name))
        for name, within in _RANGES_OR_NONE.items():
            if getattr(self, name) is not None:
                within.check(name, getattr(self, name))
        if self.prompt and not _is_text(self.prompt):
            raise UsageError(
                f"prompt {shown_value(self.prompt)}: holds bytes that are not UTF-8 text"
            )
        if not self.temperatures:
            raise UsageError("temperatures: give at least one")
        for temperature in self.temperatures:
            TEMPERATURE.check("temperature", temperature)


def _is_text(text: str) -> bool:
    """Tell whether a string from the command line can be written: undecodable bytes cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
