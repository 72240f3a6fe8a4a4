"""The parser of every script, and the arguments that several of them have.

Imports the standard library only, so that ``--help`` and wrong usage answer at once.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from speech_toolkit.cli.reporter import on_one_line
from speech_toolkit.device.precision import FLOAT32_PRECISIONS, HIGHEST
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.lists import entries
from speech_toolkit.ranges import Range

DTYPES = ("float32", "float16", "bfloat16")


class ScriptParser(argparse.ArgumentParser):
    """The parser of a script: no abbreviations, no empty values, and errors of one short line.

    Args:
        description: what the script does.
        exit_codes: those of its own, such as "0 done, 2 wrong usage or input".
        prog: how it is called; None for the name of its file.
    """

    def __init__(self, description: str, exit_codes: str, prog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"Exit codes: {exit_codes}, 70 internal error, 130 interrupted "
            "(143 by SIGTERM, 129 by SIGHUP).",
            allow_abbrev=False,
        )
        self.register("type", None, _not_empty)

    def parse_args(self, *arguments: Any, **options: Any) -> argparse.Namespace:
        """Parse the command line; refuse a Python that transformers cannot be imported with."""
        parsed = super().parse_args(*arguments, **options)
        if sys.flags.optimize > 1:
            self.error("python -OO strips docstrings that transformers needs: use -O, or neither")
        return parsed

    def parse_known_args(
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse what is known, once its values are values."""
        refuse_dashes_as_value(self, sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the usage and one short line, and exit with 2."""
        super().error(on_one_line(message))


def refuse_dashes_as_value(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """End the script over ``--name=--``, of which argparse makes an empty list."""
    for argument in argv:
        if argument.startswith("--") and argument.endswith("=--"):
            parser.error(f"argument {argument.removesuffix('=--')}: '--' is no value")


def _not_empty(text: str) -> str:
    """Argparse type of every argument that names no other."""
    if not text:
        raise argparse.ArgumentTypeError("the value is empty; give one, or leave the argument out")
    return text


def number(within: Range) -> Callable[[str], float]:
    """Return an argparse type for the numbers of a range, which ``%(type)s`` shows in a help."""

    def parse(text: str) -> float:
        try:
            value = int(text) if within.whole else float(text)
        except ValueError:
            value = float("nan")
        if value not in within:
            raise argparse.ArgumentTypeError(f"{shown_value(text)} is not {within.described}")
        return value

    parse.__name__ = str(within)
    return parse


def comma_separated(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Return an argparse type for values between commas; of several equal ones the first counts."""

    def parse_all(text: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(map(parse, entries(text))))

    parse_all.__name__ = parse.__name__
    return parse_all


def add_model_arguments(
    parser: argparse.ArgumentParser, *, default_model: str, several_devices: bool = False
) -> None:
    """Add the arguments that say which model runs on which device, or on which devices."""
    parser.add_argument(
        "--model_path",
        metavar="DIR_OR_HUB_ID",
        help=f"checkpoint directory or hub id (default: the bundled {default_model})",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--device",
        default="auto",
        metavar="auto|npu[:N]|cuda[:N]|cpu",
        help="where the model runs (default: auto = NPU, else CUDA, else CPU)",
    )
    if several_devices:
        where.add_argument(
            "--devices",
            type=_device_names,
            metavar="npu:all|cuda:all|NAME,NAME,...",
            help="for many recordings: one worker process for each card, or for each name in a "
            "list such as npu:0,npu:1; cpu,cpu is two that share the cores",
        )
    add_attention_argument(parser)
    add_precision_argument(parser)


def _device_names(text: str) -> tuple[str, ...]:
    """Argparse type of ``--devices``, where a name may come several times."""
    return entries(text)


def add_precision_argument(parser: argparse.ArgumentParser, which: str = "") -> None:
    """Add ``--float32_precision``; ``which`` says of which devices, where there are several."""
    parser.add_argument(
        "--float32_precision",
        choices=FLOAT32_PRECISIONS,
        default=HIGHEST,
        help="how float32 products and convolutions are rounded on a card: highest = as float32, "
        f"high = HF32 on NPU, TF32 on CUDA{which} (default: {HIGHEST})",
    )


def add_attention_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--attn_implementation``."""
    parser.add_argument(
        "--attn_implementation",
        choices=("eager", "sdpa", "flash_attention_2"),
        help="attention kernel (default: the one transformers picks for the model)",
    )


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet`` and ``--verbose``."""
    parser.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    parser.add_argument(
        "--verbose", action="store_true", help="print what was decided and why, and full errors"
    )
