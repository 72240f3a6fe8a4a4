"""Which file each result is written to, decided before anything is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speech_toolkit.audio.source import STDIN
from speech_toolkit.cli.output_guard import DEVICE, default_names
from speech_toolkit.corpus.inputs.ids import unique_names
from speech_toolkit.errors import UsageError
from speech_toolkit.formats import FORMATS
from speech_toolkit.formats.page.settings import PageSettings

DEFAULT_FORMAT = "json"
_STDIN_STEM = "stdin"


@dataclass(frozen=True)
class OutputFile:
    """One form of one result.

    Attributes:
        path: where it goes, ``-`` for stdout.
        format_name: one of ``FORMATS``.
        is_default: whether nobody gave the name; DEVICE in it then stands for the device.
    """

    path: str
    format_name: str
    is_default: bool = False

    def path_for(self, device: str) -> str:
        """Return ``path`` with the device in the place of DEVICE, where it is the default name."""
        return self.path.replace(DEVICE, device.replace(":", "_")) if self.is_default else self.path


@dataclass(frozen=True)
class Job:
    """One input and where its results go.

    Attributes:
        input_path: an audio file, a result of earlier, or ``-`` for standard input.
        outputs: one for each format.
        flag: the argument that names them.
        page: how HTML is made; None where none is written.
        plot: where a still picture goes; None for no picture.
        recording: the audio file that page and picture show; None where it is gone.
    """

    input_path: str
    outputs: tuple[OutputFile, ...]
    flag: str = "--output"
    page: PageSettings | None = None
    plot: str | None = None
    recording: str | None = None

    @property
    def format_names(self) -> tuple[str, ...]:
        """The formats of its outputs."""
        return tuple(output.format_name for output in self.outputs)

    @property
    def shows_recording(self) -> bool:
        """Whether the recording is asked for once more, to be seen or heard."""
        return self.page is not None or self.plot is not None

    def possible_paths(self) -> list[str]:
        """Return every path that may be written, for a default name those of other devices too."""
        return [
            path
            for output in self.outputs
            for path in (default_names(output.path) if output.is_default else (output.path,))
        ]


def plan_jobs(
    input_paths: Sequence[str],
    formats: Sequence[str] | None,
    output: str | None,
    output_dir: str | None,
    default_stem: str,
    *,
    input_flag: str = "--audio",
) -> tuple[Job, ...]:
    """Name the results of each input.

    Args:
        input_paths: at least one.
        formats: of ``FORMATS``; None for the one that the suffix of ``output`` names, and JSON
            where it names none.
        output: file for the one result there is, ``-`` for stdout; None for the default name.
        output_dir: directory for results named after their input; None to use ``output``.
        default_stem: of the default name, with DEVICE where the device stands in it.
        input_flag: the argument that names the inputs, for messages.

    Raises:
        UsageError: the results of several files or formats have no place of their own, or the
            suffix names a format that is not written.
    """
    if input_paths.count(STDIN) > 1:
        raise UsageError(f"{input_flag} - can be given once: standard input is read once")
    if output_dir is not None:
        return _jobs_in_directory(input_paths, formats or (DEFAULT_FORMAT,), output_dir)
    if len(input_paths) > 1:
        raise UsageError(
            f"{input_flag} names {len(input_paths)} files: give --output_dir DIR for their results"
        )
    return (Job(input_paths[0], _outputs_of_one(formats, output, default_stem)),)


def unique_stems(audio_paths: Sequence[str]) -> list[str]:
    """Name each audio file after its own name, so that no two have the same name."""
    files = [_STDIN_STEM if path == STDIN else Path(path).name for path in audio_paths]
    return unique_names([Path(file).stem for file in files], files)


def _jobs_in_directory(
    input_paths: Sequence[str], formats: Sequence[str], directory: str
) -> tuple[Job, ...]:
    jobs = []
    for path, stem in zip(input_paths, unique_stems(input_paths), strict=True):
        files = (OutputFile(_named(str(Path(directory) / stem), name), name) for name in formats)
        jobs.append(Job(path, tuple(files), "--output_dir"))
    return tuple(jobs)


def _outputs_of_one(
    formats: Sequence[str] | None, output: str | None, default_stem: str
) -> tuple[OutputFile, ...]:
    if output is None:
        formats = formats or (DEFAULT_FORMAT,)
        return tuple(OutputFile(_named(default_stem, name), name, True) for name in formats)
    formats = formats or (_format_of(output),)
    if len(formats) > 1:
        raise UsageError(
            f"--output {output}: is one file for {len(formats)} formats; give one --format, "
            "or --output_dir DIR"
        )
    return (OutputFile(output, formats[0]),)


def _named(stem: str, format_name: str) -> str:
    return f"{stem}{FORMATS[format_name].suffix}"


def _format_of(output: str) -> str:
    """Return the format that the suffix of ``--output`` names, JSON for a name without one.

    Raises:
        UsageError: the suffix is that of another format.
    """
    name = Path(output).name.lower()
    found = [entry for entry in FORMATS.values() if name.endswith(entry.suffix.lower())]
    if found:
        return max(found, key=lambda entry: len(entry.suffix)).name
    suffix = Path(output).suffix
    if suffix[1:2].isalpha():  # "talk_0.5" has none
        known = ", ".join(entry.suffix for entry in FORMATS.values())
        raise UsageError(
            f"--output {output}: {suffix} is not a format that can be written here; "
            f"end the name in {known}"
        )
    return DEFAULT_FORMAT
