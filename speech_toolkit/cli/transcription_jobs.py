"""Which file each result is written to, decided before anything is loaded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speech_toolkit.audio.source import STDIN
from speech_toolkit.cli.arguments import output_format
from speech_toolkit.cli.output_guard import DEVICE, default_names
from speech_toolkit.errors import UsageError
from speech_toolkit.formats import FORMATS

DEFAULT_STEM = f"transcription_result_{DEVICE}"
DEFAULT_FORMAT = "json"
_STDIN_STEM = "stdin"


@dataclass(frozen=True)
class OutputFile:
    """One form of one result.

    Attributes:
        path: where it goes; DEVICE stands for the device in the default name, ``-`` for stdout.
        format_name: one of ``FORMATS``.
    """

    path: str
    format_name: str

    def path_for(self, device: str) -> str:
        """Return ``path`` with the device in the place of DEVICE, where it is the default name."""
        return self.path.replace(DEVICE, device.replace(":", "_")) if self.is_default else self.path

    @property
    def is_default(self) -> bool:
        """Whether the name is the one that results have where none is given."""
        return self.path.startswith(DEFAULT_STEM)


@dataclass(frozen=True)
class TranscriptionJob:
    """One audio file and where its results go.

    Attributes:
        audio_path: file, or ``-`` for standard input.
        outputs: one for each format.
    """

    audio_path: str
    outputs: tuple[OutputFile, ...]

    def possible_paths(self) -> list[str]:
        """Return every path that may be written, for a default name those of other devices too."""
        return [
            path
            for output in self.outputs
            for path in (default_names(output.path) if output.is_default else (output.path,))
        ]


def plan_jobs(
    audio_paths: Sequence[str],
    formats: Sequence[str] | None,
    output: str | None,
    output_dir: str | None,
) -> tuple[TranscriptionJob, ...]:
    """Name the results of each audio file.

    Args:
        audio_paths: at least one.
        formats: of ``FORMATS``; None for the one that the suffix of ``output`` names, and JSON
            where it names none.
        output: file for the one result there is, ``-`` for stdout; None for the default name.
        output_dir: directory for results named after their audio; None to use ``output``.

    Raises:
        UsageError: the results of several files or formats have no place of their own, or the
            suffix names a format that is not written.
    """
    if audio_paths.count(STDIN) > 1:
        raise UsageError("--audio - can be given once: standard input is read once")
    if output_dir is not None:
        return _jobs_in_directory(audio_paths, formats or (DEFAULT_FORMAT,), output_dir)
    return (_job_of_one_file(audio_paths, formats, output),)


def unique_stems(audio_paths: Sequence[str]) -> list[str]:
    """Name each audio file after its own name, so that no two have the same name.

    ``x.wav`` is "x". Where that fits several files each keeps its suffix ("x.wav", "x.flac"), and
    what is still the same is numbered from the second on ("x.wav_2"). Names that differ in case
    only count as the same, as some file systems have it.
    """
    stems = [_STDIN_STEM if path == STDIN else Path(path).stem for path in audio_paths]
    uses = Counter(stem.casefold() for stem in stems)
    taken: set[str] = set()
    names = []
    for path, stem in zip(audio_paths, stems, strict=True):
        is_shared = uses[stem.casefold()] > 1 and path != STDIN
        wanted = Path(path).name if is_shared else stem
        name, number = wanted, 1
        while name.casefold() in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _jobs_in_directory(
    audio_paths: Sequence[str], formats: Sequence[str], directory: str
) -> tuple[TranscriptionJob, ...]:
    return tuple(
        TranscriptionJob(
            path,
            _outputs(str(Path(directory) / name), formats),
        )
        for path, name in zip(audio_paths, unique_stems(audio_paths), strict=True)
    )


def _job_of_one_file(
    audio_paths: Sequence[str], formats: Sequence[str] | None, output: str | None
) -> TranscriptionJob:
    if len(audio_paths) > 1:
        raise UsageError(
            f"--audio names {len(audio_paths)} files: give --output_dir DIR for their results"
        )
    if output is None:
        formats = formats or (DEFAULT_FORMAT,)
        return TranscriptionJob(audio_paths[0], _outputs(DEFAULT_STEM, formats))
    formats = formats or (output_format(output, tuple(FORMATS), DEFAULT_FORMAT),)
    if len(formats) > 1:
        raise UsageError(
            f"--output {output}: is one file for {len(formats)} formats; give one --format, "
            "or --output_dir DIR"
        )
    return TranscriptionJob(audio_paths[0], (OutputFile(output, formats[0]),))


def _outputs(stem: str, formats: Sequence[str]) -> tuple[OutputFile, ...]:
    return tuple(OutputFile(f"{stem}{FORMATS[name].suffix}", name) for name in formats)
