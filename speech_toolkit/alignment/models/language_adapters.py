"""Adapters: the small sets of weights by which one model serves many languages.

MMS has one vocabulary, one adapter and one head for each language. A language's name is an ISO
639-3 code, with the script where it is written in several: ``deu``, ``uzb-script_cyrillic``.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from speech_toolkit.alignment.text.language import resolve_language
from speech_toolkit.checkpoint.pretrained import foreign_errors
from speech_toolkit.checkpoint.weight_headers import read_headers
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_path, shown_value

if TYPE_CHECKING:
    from transformers import PreTrainedModel

DEFAULT_LANGUAGE = "eng"  # of transformers, too
_SHOWN_LANGUAGES = 8
_FARTHEST_RELATIVE = 50  # of langcodes, whose scale ends at 134


def adapter_files(language: str) -> tuple[str, ...]:
    """Return the names under which the adapter of a language may be stored, the best first."""
    return tuple(f"adapter.{language}.{suffix}" for suffix in ("safetensors", "bin"))


def pick_language(directory: Path, languages: Collection[str], wanted: str) -> str:
    """Return which of a checkpoint's languages is meant.

    Args:
        directory: of the checkpoint.
        languages: that it has, by their own names.
        wanted: one of the names, or a code as :func:`resolve_language` takes it.

    Raises:
        UsageError: the checkpoint has no such language, or has it in several scripts.
    """
    if wanted in languages:
        return wanted
    found = [name for name in languages if is_language(name, wanted)]
    if len(found) == 1:
        return found[0]
    who = f"{shown_path(directory)}: "
    if found:
        raise UsageError(
            f"{who}has {shown_value(wanted)} in {len(found)} scripts; give --language "
            f"{' or '.join(sorted(found))}"
        )
    raise UsageError(
        f"{who}has no vocabulary for language {shown_value(wanted)}; {_offer(languages, wanted)}"
    )


def is_language(name: str, wanted: str) -> bool:
    """Whether a language that is asked for is the one that an adapter is named after.

    The name of a language that encompasses others means the one that is usually meant: Swahili
    (``swa``) is that of the coast (``swh``).
    """
    if name == wanted:
        return True
    from langcodes import tag_distance

    code = _code(name)
    return code is not None and tag_distance(code, resolve_language(wanted)) == 0


def _code(name: str) -> str | None:
    """Return the ISO 639-3 code of an adapter's name; None for one of the checkpoint's making."""
    try:
        return resolve_language(name)
    except UsageError:
        return None


def _offer(languages: Collection[str], wanted: str) -> str:
    """Say which languages can be had: all where they are few, else those that are near."""
    from difflib import get_close_matches

    from langcodes import tag_distance

    names = sorted(languages)
    if len(names) <= _SHOWN_LANGUAGES:
        return f"it has {', '.join(names)}"
    code = resolve_language(wanted)
    distances = {name: tag_distance(code, own) for name in names if (own := _code(name))}
    related = [name for name in distances if distances[name] <= _FARTHEST_RELATIVE]
    near = [*sorted(related, key=distances.get), *get_close_matches(code, names)]
    shown = ", ".join(list(dict.fromkeys(near))[:_SHOWN_LANGUAGES])
    return f"{f'near are {shown}; ' if shown else ''}all {len(names)} are the keys of vocab.json"


def load_adapter(model: PreTrainedModel, directory: Path, language: str, num_labels: int) -> None:
    """Put the adapter of a language and its head into a model.

    Args:
        model: as its own weights make it.
        directory: of the checkpoint.
        language: by the name that the checkpoint gives it.
        num_labels: width of the head that the language's vocabulary asks for.

    Raises:
        CheckpointError: the adapter does not fit the model or the vocabulary, or is damaged.
    """
    path = next(path for name in adapter_files(language) if (path := directory / name).is_file())
    headers = read_headers([path])
    expected = {
        name: tuple(tensor.shape)
        for name, tensor in model.state_dict().items()
        if ".adapter_layer." in name or name.startswith("lm_head.")
    }
    for name, shape in expected.items():
        if name.startswith("lm_head."):
            expected[name] = (num_labels, *shape[1:])
    found = {name: header.shape for name, header in headers.items()}
    wrong = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    with foreign_errors(path, "is not the adapter of this checkpoint"):
        if wrong:
            shapes = (found.get(wrong[0], "missing"), expected.get(wrong[0], "not expected"))
            raise ValueError("{} is {}, not {}".format(wrong[0], *shapes))
        model.load_adapter(language, local_files_only=True)
