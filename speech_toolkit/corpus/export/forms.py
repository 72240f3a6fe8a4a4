"""The forms of export, in one table, and whether a run can be exported in them."""

from collections.abc import Collection, Mapping, Sequence

from speech_toolkit.corpus.export import kaldi, ljspeech, mfa, nemo
from speech_toolkit.corpus.export.form import ExportForm
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.formats import JSON

FORMS: Mapping[str, ExportForm] = {
    module.FORM.name: module.FORM for module in (nemo, kaldi, ljspeech, mfa)
}


def check_exports(
    names: Sequence[str], cut: bool, format_names: Collection[str], timestamps: str = "segment"
) -> None:
    """Make sure, before a run, that its results can be exported.

    Args:
        names: of forms of export.
        cut: whether recordings are cut at sentences.
        format_names: in which results are written.
        timestamps: which times the results have: "none", "segment" or "word".

    Raises:
        UsageError: they cannot.
    """
    for name in names:
        if name not in FORMS:
            raise UsageError(
                f"--export {shown_value(name)}: is not known; choose among {', '.join(FORMS)}"
            )
    if cut and not names:
        raise UsageError(f"--cut: cuts for an export; add --export with {' or '.join(FORMS)}")
    if not names:
        return
    if JSON not in format_names:
        raise UsageError(
            f"--export {','.join(names)}: is made from the results as JSON; add {JSON} to --format"
        )
    timed = [name for name in names if cut or FORMS[name].needs_times]
    if timestamps == "none" and timed:
        raise UsageError(
            f"--export {','.join(timed)}{' --cut' if cut else ''}: needs the times of sentences; "
            "use --timestamps segment"
        )
