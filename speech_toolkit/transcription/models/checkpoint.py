"""Read what a Whisper checkpoint says beside its weights, and load model and tokenizer.

Everything but the weights is read from JSON and needs no torch. Published and fine-tuned
checkpoints leave out one file or key or another; what one lacks is taken from the next, in the
order generation_config.json, config.json, names of the tokenizer's special tokens. Where the
tokenizer's names contradict an id of the configs, the names are right: they come with the
vocabulary that the model was trained on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech_toolkit.checkpoint.files import CONFIG_NAME, read_json
from speech_toolkit.checkpoint.pretrained import foreign_errors, load_model, transformers_quiet
from speech_toolkit.errors import CheckpointError, UsageError
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.transcription.models.default_opening import (
    GENERATION_NAME,
    TRANSCRIBE,
    DefaultOpening,
    find_language,
    read_default_opening,
)
from speech_toolkit.transcription.models.feature_window import read_feature_window
from speech_toolkit.transcription.models.special_tokens import (
    TokenIds,
    positive_int,
    read_special_tokens,
)

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase, WhisperForConditionalGeneration

    from speech_toolkit.device import Device

ARCHITECTURE = "WhisperForConditionalGeneration"
ATTENTION_KERNELS = ("sdpa", "eager")
_LANGUAGE_TOKEN = re.compile(r"<\|([a-z]{2,3})\|>")
_TASKS = ("transcribe", "translate")
_ENGLISH_ALONE = ("en",)
_DISTILLED_DECODER_LAYERS = 2
_MULTILINGUAL_VOCABULARY = 51865  # openai/whisper tells multilingual models by this size alone


@dataclass(frozen=True)
class WhisperCheckpoint:
    """What is known of a checkpoint before its weights are loaded.

    Attributes:
        directory: where its files are.
        num_mel_bins: mel bins of the features.
        window_samples: samples of the window that the encoder takes.
        sample_rate_hz: rate of the waveform that the model takes.
        max_positions: tokens that the decoder has room for, prompt included.
        vocab_size: width of the logits.
        eot_id: end of the text.
        sot_id: start of the transcript.
        prev_sot_id: opens text that stands before the window; None where the model has no such.
        no_speech_id: the token whose probability after ``sot_id`` says that nobody speaks; or None.
        no_timestamps_id: asks for text without timestamps.
        timestamp_begin_id: the timestamp 0.00 s; the others follow it.
        timestamp_step_s: seconds from one timestamp to the next.
        languages: code to id; empty for a model of English alone.
        tasks: "transcribe" and "translate" to id; empty for a model of English alone.
        default_opening: language and task where none is asked for.
        suppress_ids: never generated.
        begin_suppress_ids: never generated as the first token.
        max_initial_timestamp_index: highest first timestamp in steps; None for no limit.
        alignment_heads: (layer, head) whose cross-attention follows the speech.
        suits_previous_text: whether windows do well with the text before them as prompt.
        warnings: what in the files had to be put right.
        word_time_warnings: likewise, of what only word times need.
    """

    directory: Path
    num_mel_bins: int
    window_samples: int
    sample_rate_hz: int
    max_positions: int
    vocab_size: int
    eot_id: int
    sot_id: int
    prev_sot_id: int | None
    no_speech_id: int | None
    no_timestamps_id: int
    timestamp_begin_id: int
    timestamp_step_s: float
    languages: Mapping[str, int]
    tasks: Mapping[str, int]
    default_opening: DefaultOpening
    suppress_ids: tuple[int, ...]
    begin_suppress_ids: tuple[int, ...]
    max_initial_timestamp_index: int | None
    alignment_heads: tuple[tuple[int, int], ...]
    suits_previous_text: bool
    warnings: tuple[str, ...] = ()
    word_time_warnings: tuple[str, ...] = ()

    @property
    def default_language(self) -> str | None:
        """Code to take where none is asked for; None where it is to be detected."""
        return self.default_opening.language

    @property
    def default_task(self) -> str:
        """Task to take where none is asked for."""
        return self.default_opening.task

    def warnings_for(self, timestamps: str) -> tuple[str, ...]:
        """Return what to warn of where these times are asked for: "none", "segment" or "word"."""
        return self.warnings + (self.word_time_warnings if timestamps == "word" else ())

    def sot_sequence(self, language: str | None, task: str, timestamps: bool) -> tuple[int, ...]:
        """Return the tokens that open a transcript.

        Args:
            language: code; None only for a model of English alone.
            task: "transcribe" or "translate".
            timestamps: whether the model is to write timestamps.

        Raises:
            UsageError: the model has no such language or task.
        """
        ending = () if timestamps else (self.no_timestamps_id,)
        if not self.languages:
            if task != TRANSCRIBE or self._code(language or "en") is None:
                wanted = f"language {shown_value(language)}"
                if task != TRANSCRIBE:
                    wanted = f"task {task!r}"
                raise UsageError(f"{wanted}: {self.directory} is a model of English speech alone")
            return (self.sot_id, *ending)
        if task not in self.tasks:
            known = ", ".join(self.tasks) or "none"
            raise UsageError(f"task {task!r}: {self.directory} has these tasks: {known}")
        code = language if language is None else self.language_code(language)
        opening = () if code is None else (self.languages[code],)
        return (self.sot_id, *opening, self.tasks[task], *ending)

    def language_code(self, name_or_code: str) -> str:
        """Return the code of a language given as code or English name.

        Raises:
            UsageError: the model does not know the language.
        """
        code = self._code(name_or_code)
        if code is None:
            known = ", ".join(sorted(self.languages)) or "en"
            raise UsageError(
                f"language {shown_value(name_or_code)}: {self.directory} knows {known}, and "
                "their English names"
            )
        return code

    def _code(self, name_or_code: str) -> str | None:
        return find_language(name_or_code, self.languages or _ENGLISH_ALONE)


def read_whisper_checkpoint(directory: Path) -> WhisperCheckpoint:
    """Read and check everything but the weights.

    Raises:
        CheckpointError: another architecture, no tokenizer, or files that contradict each other.
    """
    config = _read_config(directory)
    generation = _optional_json(directory / GENERATION_NAME)
    tokens = read_special_tokens(directory)
    warnings: list[str] = []
    word_time_warnings: list[str] = []
    ids = TokenIds(directory, config, generation, tokens, warnings)
    no_timestamps_id = ids.required("<|notimestamps|>", "no_timestamps_token_id")
    is_multilingual = _is_multilingual(config, generation)
    languages = _languages(generation, tokens) if is_multilingual else {}
    tasks = _tasks(generation, tokens) if is_multilingual else {}
    window = read_feature_window(directory, config, warnings)
    return WhisperCheckpoint(
        directory=directory,
        num_mel_bins=window.num_mel_bins,
        window_samples=window.window_samples,
        sample_rate_hz=window.sample_rate_hz,
        max_positions=positive_int(directory, config, "max_target_positions"),
        vocab_size=ids.vocab_size,
        eot_id=ids.required("<|endoftext|>", "eos_token_id"),
        sot_id=ids.required("<|startoftranscript|>", "decoder_start_token_id"),
        prev_sot_id=ids.optional("<|startofprev|>", "prev_sot_token_id"),
        no_speech_id=ids.optional("<|nospeech|>") or ids.optional("<|nocaptions|>"),
        no_timestamps_id=no_timestamps_id,
        timestamp_begin_id=_first_timestamp(directory, no_timestamps_id, ids.vocab_size, tokens),
        timestamp_step_s=window.timestamp_step_s,
        languages=languages,
        tasks=tasks,
        default_opening=read_default_opening(config, generation, languages, tasks, warnings),
        suppress_ids=ids.listed("suppress_tokens"),
        begin_suppress_ids=ids.listed("begin_suppress_tokens"),
        max_initial_timestamp_index=generation.get("max_initial_timestamp_index"),
        alignment_heads=_alignment_heads(config, generation, word_time_warnings),
        suits_previous_text=_suits_previous_text(directory, config, generation),
        warnings=tuple(warnings),
        word_time_warnings=tuple(word_time_warnings),
    )


def load_whisper_model(
    checkpoint: WhisperCheckpoint,
    device: Device,
    dtype: torch.dtype,
    attn_implementation: str | None = None,
) -> WhisperForConditionalGeneration:
    """Load the weights in ``dtype`` onto ``device``, in evaluation mode.

    Raises:
        CheckpointError: the weights do not fill the model, or a file of the two is damaged.
        DeviceError: the model does not fit into the device's memory.
        UsageError: the attention kernel cannot read the decoder's cache of fixed size.
    """
    from transformers.models.whisper.modeling_whisper import WhisperForConditionalGeneration

    if attn_implementation not in (None, *ATTENTION_KERNELS):
        raise UsageError(
            f"--attn_implementation {attn_implementation}: decoding needs a kernel that takes a "
            f"mask; use {' or '.join(ATTENTION_KERNELS)} (sdpa picks flash kernels by itself)"
        )
    return load_model(
        WhisperForConditionalGeneration,
        checkpoint.directory,
        device,
        dtype,
        attn_implementation,
        may_lack={"proj_out.weight"},  # tied to the embedding of the tokens
    )


def load_tokenizer(checkpoint: WhisperCheckpoint) -> PreTrainedTokenizerBase:
    """Load the tokenizer.

    Raises:
        CheckpointError: one of its files is missing or damaged.
    """
    from transformers import WhisperTokenizerFast

    advice = "download tokenizer.json, or vocab.json and merges.txt, again"
    with (
        foreign_errors(checkpoint.directory, "its tokenizer cannot be loaded", advice),
        transformers_quiet(),
    ):
        return WhisperTokenizerFast.from_pretrained(checkpoint.directory, local_files_only=True)


def _read_config(directory: Path) -> dict[str, Any]:
    config = read_json(directory / CONFIG_NAME)
    architectures = config.get("architectures")
    if ARCHITECTURE in (architectures or ()):
        return config
    if architectures is None and config.get("model_type") == "whisper":
        return config
    found = architectures[0] if architectures else f"model_type {config.get('model_type')}"
    raise CheckpointError(f"{directory}: is a {found}; transcription needs a {ARCHITECTURE}")


def _optional_json(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _first_timestamp(
    directory: Path, no_timestamps_id: int, vocab_size: int, tokens: Mapping[str, int]
) -> int:
    """Return the id of 0.00 s, which follows <|notimestamps|> in every Whisper vocabulary."""
    first = no_timestamps_id + 1
    if first >= vocab_size or tokens.get("<|0.00|>", first) != first:
        raise CheckpointError(
            f"{directory}: the id after <|notimestamps|> ({first}) is not the timestamp 0.00 s; "
            "its tokenizer and config.json are of different checkpoints"
        )
    return first


def _is_multilingual(config: Mapping[str, Any], generation: Mapping[str, Any]) -> bool:
    stated = generation.get("is_multilingual")
    if stated is not None:
        return bool(stated)
    return bool(generation.get("lang_to_id")) or config["vocab_size"] >= _MULTILINGUAL_VOCABULARY


def _languages(generation: Mapping[str, Any], tokens: Mapping[str, int]) -> dict[str, int]:
    """Return code to id."""
    named = generation.get("lang_to_id") or tokens
    matches = ((_LANGUAGE_TOKEN.fullmatch(token), index) for token, index in named.items())
    return {match[1]: index for match, index in matches if match}


def _tasks(generation: Mapping[str, Any], tokens: Mapping[str, int]) -> dict[str, int]:
    named = {task: tokens[f"<|{task}|>"] for task in _TASKS if f"<|{task}|>" in tokens}
    return {**(generation.get("task_to_id") or {}), **named}


def _suits_previous_text(
    directory: Path, config: Mapping[str, Any], generation: Mapping[str, Any]
) -> bool:
    """Return what the generation config says, else yes, but for distilled decoders.

    The authors of distil-whisper advise against prompts of previous text for their decoders of two
    layers.
    """
    stated = generation.get("condition_on_prev_tokens")
    if stated is not None:
        return bool(stated)
    return positive_int(directory, config, "decoder_layers") > _DISTILLED_DECODER_LAYERS


def _alignment_heads(
    config: Mapping[str, Any], generation: Mapping[str, Any], warnings: list[str]
) -> tuple[tuple[int, int], ...]:
    """Return the heads named, or all of the decoder's upper half, openai/whisper's own default.

    Distilled models often carry their teacher's heads, whose layers they do not have.
    """
    layers, heads = config["decoder_layers"], config["decoder_attention_heads"]
    named = tuple((layer, head) for layer, head in generation.get("alignment_heads") or ())
    if named and all(0 <= layer < layers and 0 <= head < heads for layer, head in named):
        return named
    if named:
        warnings.append(
            f"alignment_heads in generation_config.json names layer {max(named)[0]} of a decoder "
            f"of {layers} layers with {heads} heads: word times come from all heads of its upper "
            "half instead, and are rougher"
        )
    return tuple(product(range(layers // 2, layers), range(heads)))
