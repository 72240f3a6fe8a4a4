"""The arguments of a run over many recordings: what is done again, which share, how long."""

from __future__ import annotations

import argparse

from speech_toolkit.cli.arguments import comma_separated, number
from speech_toolkit.cli.input_arguments import names_many
from speech_toolkit.corpus.shard import Shard
from speech_toolkit.corpus.store import is_url
from speech_toolkit.errors import UsageError
from speech_toolkit.ranges import TIMEOUT_S, WORKERS

_ONLY_OF_MANY = (
    "resume",
    "shard",
    "devices",
    "item_timeout_s",
    "export",
    "cut",
    "ray",
    "workers",
)
_ONLY_OF_ONE = ("output", "plot")


def add_corpus_arguments(group: argparse._ActionsContainer) -> None:
    """Add the arguments that only a run over many recordings has."""
    resume = group.add_mutually_exclusive_group()
    for flag, wanted, does in (
        ("--resume", True, "go on where the last run in --output_dir stopped (the default)"),
        ("--no_resume", False, "do all of it again"),
    ):
        resume.add_argument(flag, dest="resume", action="store_const", const=wanted, help=f"{does}")
    group.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="do one of N shares, for runs beside each other on one output directory",
    )
    group.add_argument(
        "--item_timeout_s",
        type=number(TIMEOUT_S),
        metavar="SECONDS",
        help="how long one recording may take to be read until it is given up; with --devices also "
        "how long a worker may give no sign of life, with --ray half of how long it may give no "
        "result (%(type)s; default: no limit)",
    )
    _add_export_arguments(group)
    _add_cluster_arguments(group)


def check_corpus_arguments(arguments: argparse.Namespace) -> bool:
    """Tell whether the run is over many recordings, once its arguments fit that.

    Raises:
        UsageError: one has no effect, or the directory for the results is missing.
    """
    if not names_many(arguments):
        for name in _ONLY_OF_MANY:
            if getattr(arguments, name) is not None:
                raise UsageError(
                    f"--{name} has no effect with one recording; leave it out, or give several, a "
                    "directory or --manifest"
                )
        if arguments.output_dir is not None and is_url(arguments.output_dir):
            raise UsageError(
                f"--output_dir {arguments.output_dir}: is for many recordings; give a directory, "
                "or several recordings"
            )
        return False
    if arguments.workers is not None and arguments.ray is None:
        raise UsageError("--workers has no effect without --ray; leave it out")
    if arguments.devices is not None and arguments.ray is not None:
        raise UsageError("--devices is for this machine, --ray for a cluster; leave one out")
    for name in _ONLY_OF_ONE:
        if getattr(arguments, name) is not None:
            raise UsageError(
                f"--{name} is one file for the results of many recordings; give --output_dir DIR "
                "in its place"
            )
    if arguments.output_dir is None:
        named = "--manifest" if arguments.manifest is not None else "--audio"
        raise UsageError(f"{named} names many recordings: give --output_dir DIR for their results")
    return True


def _add_cluster_arguments(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--ray",
        metavar="auto|HOST:PORT|local",
        help="work on a Ray cluster: that of this machine, that at an address, or one that is "
        "started here for this run; --device says what its workers get",
    )
    group.add_argument(
        "--workers",
        type=number(WORKERS),
        metavar="N",
        help="with --ray: how many workers (%(type)s; default: one for each card, or for every "
        "four CPU cores)",
    )


def _add_export_arguments(group: argparse._ActionsContainer) -> None:
    """Add the arguments that make a corpus for training of what was done."""
    group.add_argument(
        "--export",
        type=comma_separated(str),
        metavar="NAME[,NAME...]",
        help="write what is done below OUTPUT_DIR/export/NAME as other tools read it: nemo, kaldi, "
        "ljspeech, mfa",
    )
    group.add_argument(
        "--cut",
        action="store_const",
        const=True,
        help="cut the recordings of --export at the sentences that were found",
    )


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
