"""The tables of benchmarks/disagreement.py: counted, and printed."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.planted.cases import Case
from benchmarks.planted.counts import Heard, RepairRow, reliability, repair_row, row
from benchmarks.planted.planter import FILE, SIZES
from benchmarks.planted.speech import Speech
from speech_toolkit.alignment.quality.quality import VERDICTS

COLUMNS = (
    f"{'kind':<18} {'size':<14} {'files':>5} {'recall':>7} {'precision':>10}"
    f"{'verdict right':>15} {'alarms on right':>16}"
)
REPAIR_COLUMNS = (
    f"\n{'word starts, ms':<18} {'size':<14} {'words':>6}{'right':>10}{'faulty':>10}"
    f"{'repaired':>10}{'> 100 ms':>10}{'repaired':>10}"
)


@dataclass(frozen=True, eq=False)
class Judged:
    """What came of a case.

    Attributes:
        heard: what was told of it.
        errors_s: of word starts near the fault.
        repaired_s: of the same with ``--repair``; None where that was not asked for.
    """

    heard: Heard
    errors_s: np.ndarray
    repaired_s: np.ndarray | None


def tables(
    planted: Mapping[tuple[str, str], Sequence[Case]],
    right_cases: Mapping[Speech, Case],
    judged: Mapping[Case, Judged],
) -> dict[str, Any]:
    """Count what was found, what was told of right files, and how true confidences are."""
    groups = {key: list(cases) for key, cases in planted.items() if cases}
    for size in (*SIZES, FILE):
        if all_kinds := [each for key, own in groups.items() if key[1] == size for each in own]:
            groups["all", size] = all_kinds
    found = {case: each.heard for case, each in judged.items()}
    rows = [
        row(
            kind,
            size,
            [found[case] for case in cases],
            [found[right_cases[case.speech]] for case in cases],
        )
        for (kind, size), cases in groups.items()
    ]
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for speech, case in right_cases.items():
        verdicts[f"{speech.family}, {speech.condition}"][found[case].quality.verdict] += 1
    families = {each.family for each in right_cases}
    trust = {
        family: reliability(each for each in found.values() if each.case.speech.family == family)
        for family in sorted(families)
    } | {"all": reliability(found.values())}
    return {
        "faults": [asdict(each) for each in rows],
        "repair": [asdict(each) for each in _repairs(groups, right_cases, judged)],
        "right_files": {name: dict(verdicts[name]) for name in sorted(verdicts)},
        "calibration": {
            name: {"expected_error": error, "bins": [asdict(each) for each in bins]}
            for name, (error, bins) in trust.items()
        },
    }


def case_entry(each: Heard) -> dict[str, Any]:
    """Return what was planted in one case and what was told, for JSON."""
    case, quality = each.case, each.quality
    return {
        "kind": case.kind,
        "size": case.size,
        "recording": f"{case.speech.family}/{case.speech.name}",
        "condition": case.speech.condition,
        "transcript": case.transcript,
        "verdict": {"right": list(case.verdicts), "told": quality.verdict},
        "not_spoken": {"right": case.words, "told": list(each.words)},
        "not_in_transcript": {"right": case.stretches, "told": list(each.stretches)},
        "found": each.is_found,
        "told_rightly": each.told,
    }


def _repairs(
    groups: Mapping[tuple[str, str], Sequence[Case]],
    right_cases: Mapping[Speech, Case],
    judged: Mapping[Case, Judged],
) -> Iterator[RepairRow]:
    for (kind, size), cases in groups.items():
        own = [judged[case] for case in cases if judged[case].repaired_s is not None]
        if not own or not sum(len(each.errors_s) for each in own):
            continue
        yield repair_row(
            kind,
            size,
            np.concatenate([judged[right_cases[case.speech]].errors_s for case in cases]),
            np.concatenate([each.errors_s for each in own]),
            np.concatenate([each.repaired_s for each in own]),
        )


def print_tables(report: Mapping[str, Any]) -> None:
    """Print what :func:`tables` counted."""
    print(COLUMNS)
    for each in report["faults"]:
        precision = "-" if each["precision"] is None else f"{each['precision']:.2f}"
        print(
            f"{each['kind']:<18} {each['size']:<14} {each['cases']:>5} {each['recall']:>7.2f} "
            f"{precision:>10}{each['verdict']:>15.2f} {each['alarms']:>16.2f}"
        )
    print(f"\n{'right files':<34} {'files':>5}" + "".join(f"{name:>18}" for name in VERDICTS))
    for name, own in report["right_files"].items():
        verdicts = "".join(f"{own.get(verdict, 0):>18}" for verdict in VERDICTS)
        print(f"{name:<34} {sum(own.values()):>5}{verdicts}")
    if report["repair"]:
        print(REPAIR_COLUMNS)
    for each in report["repair"]:
        times = "".join(f"{each[name]:>10.0f}" for name in ("right_ms", "faulty_ms", "repaired_ms"))
        off = "".join(f"{each[name]:>10.1%}" for name in ("faulty_off", "repaired_off"))
        print(f"{each['kind']:<18} {each['size']:<14} {each['words']:>6}{times}{off}")
    seconds = report["seconds"]
    hearing_s, decoding_s, quality_s = (
        seconds[part] for part in ("hearing", "decoding", "quality")
    )
    print(
        f"\nright files: heard in {hearing_s:.1f} s, decoded in {decoding_s:.1f} s, of which the "
        f"quality took {quality_s:.2f} s: {quality_s / (hearing_s + decoding_s):.1%} of all"
    )
    for name, trust in report["calibration"].items():
        print(f"\nconfidences of words, {name}: expected error {trust['expected_error']:.3f}")
        print(f"  {'words':>6} {'confidence':>11} {'spoken there':>13}")
        for each in trust["bins"]:
            print(f"  {each['words']:>6} {each['confidence']:>11.2f} {each['spoken']:>13.2f}")
