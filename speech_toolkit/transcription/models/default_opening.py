"""The language and task that a checkpoint asks for by itself, as transformers' ``generate`` reads.

A fine-tuned model fixes them in one of three forms: ``language`` and ``task`` of
generation_config.json (a code, a name or a token); ``forced_decoder_ids`` there; or, as in 2022,
``forced_decoder_ids`` of config.json. The later forms count only where neither key of the first is
set, and a list of generation_config.json hides that of config.json even where it leaves the
language open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speech_toolkit.checkpoint.files import CONFIG_NAME
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.languages import three_letter_code

GENERATION_NAME = "generation_config.json"
TRANSCRIBE = "transcribe"
_FORCED = "forced_decoder_ids"
_LANGUAGE_POSITION, _TASK_POSITION = 1, 2


@dataclass(frozen=True)
class DefaultOpening:
    """What a transcript opens with where the user asks for nothing.

    Attributes:
        language: code; None where it is to be detected.
        task: "transcribe" or "translate".
        language_source: file and key that say so; None where none does.
        task_source: likewise.
    """

    language: str | None = None
    task: str = TRANSCRIBE
    language_source: str | None = None
    task_source: str | None = None


def read_default_opening(
    config: Mapping[str, Any],
    generation: Mapping[str, Any],
    languages: Mapping[str, int],
    tasks: Mapping[str, int],
    warnings: list[str],
) -> DefaultOpening:
    """Return what a checkpoint's files fix of the opening.

    Args:
        config: of the model.
        generation: of ``generate``; empty where there is none.
        languages: code to id; empty for a model of English alone.
        tasks: name to id.
        warnings: receives what the files ask for and the model does not have.
    """
    if not languages:
        return DefaultOpening("en", language_source="a model of English alone")
    if generation.get("language") is None and generation.get("task") is None:
        opening = _forced_opening(config, generation, languages, tasks, warnings)
    else:
        opening = _stated_opening(generation, languages, tasks, warnings)
    if opening.language is None and len(languages) == 1:
        return DefaultOpening(
            next(iter(languages)), opening.task, "the model's only language", opening.task_source
        )
    return opening


def find_language(name_or_code: str, known: Collection[str]) -> str | None:
    """Return the code by which a model knows a language.

    Args:
        name_or_code: the language, in any case: the model's code, token (``<|hi|>``) or English
            name, or another code for it ("hin", "zh-CN").
        known: codes to choose from.

    Returns:
        None where it is none of those.
    """
    wanted = name_or_code.strip().lower().removeprefix("<|").removesuffix("|>")
    if wanted in known:
        return wanted
    from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    if wanted in TO_LANGUAGE_CODE:
        code = TO_LANGUAGE_CODE[wanted]
        return code if code in known else None
    code = three_letter_code(wanted)
    return next((same for same in known if code and three_letter_code(same) == code), None)


def _stated_opening(
    generation: Mapping[str, Any],
    languages: Mapping[str, int],
    tasks: Mapping[str, int],
    warnings: list[str],
) -> DefaultOpening:
    stated_language, stated_task = generation.get("language"), generation.get("task")
    language, task = None, TRANSCRIBE
    if stated_language is not None:
        language = find_language(stated_language, languages)
        if language is None:
            warnings.append(
                f"{GENERATION_NAME}: language is {shown_value(stated_language)}, which the model "
                "does not know; the language is detected instead"
            )
    if stated_task is not None:
        if stated_task in tasks:
            task = stated_task
        else:
            warnings.append(
                f"{GENERATION_NAME}: task is {shown_value(stated_task)}, which the model does not "
                f"have; it is to {TRANSCRIBE} instead"
            )
    return DefaultOpening(
        language,
        task,
        f"{GENERATION_NAME} (language)" if language else None,
        f"{GENERATION_NAME} (task)" if stated_task == task else None,
    )


def _forced_opening(
    config: Mapping[str, Any],
    generation: Mapping[str, Any],
    languages: Mapping[str, int],
    tasks: Mapping[str, int],
    warnings: list[str],
) -> DefaultOpening:
    file, forced = GENERATION_NAME, generation.get(_FORCED)
    if forced is None:
        file, forced = CONFIG_NAME, config.get(_FORCED)
    ids = _ids_by_position(forced)
    source = f"{file} ({_FORCED})"
    language_id, task_id = ids.get(_LANGUAGE_POSITION), ids.get(_TASK_POSITION)
    language = _name_of(language_id, languages)
    task = _name_of(task_id, tasks)
    if language_id is not None and language is None:
        warnings.append(
            f"{file}: {_FORCED} opens with the id {language_id}, which is no language of the "
            "model; the language is detected instead"
        )
    return DefaultOpening(
        language, task or TRANSCRIBE, source if language else None, source if task else None
    )


def _ids_by_position(forced: Sequence[Sequence[Any]] | None) -> dict[int, int | None]:
    """Return position to id of the list's opening run, which is all that ``generate`` forces."""
    ids: dict[int, int | None] = {}
    for position, index in forced or ():
        if position != len(ids) + 1:
            break
        ids[position] = index
    return ids


def _name_of(wanted_id: int | None, named: Mapping[str, int]) -> str | None:
    return next((name for name, index in named.items() if index == wanted_id), None)
