"""What results depend on beside the items, as journals keep it."""

from speech_toolkit.alignment.preparation import AlignmentSettings
from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.corpus.task import AlignmentTask

FIRST_VERSION = {
    "task", "model_path", "weights_sha256", "description_sha256", "dtype", "attn_implementation",
    "float32_precision", "language", "star", "window_s", "context_s", "format", "subtitles", "page",
}  # fmt: skip


def settings_of(**given):
    settings = AlignmentSettings(**given)
    return AlignmentTask(None, ResultForms(("json",)), settings_of_alignment=settings).settings()


def test_runs_of_earlier_versions_are_gone_on_with():
    assert settings_of().keys() == FIRST_VERSION
    assert settings_of(batch_size=4) == settings_of()


def test_what_changes_results_is_a_setting():
    assert settings_of(repair=True) == settings_of() | {"repair": True}
    assert settings_of(markup="keep") == settings_of() | {"markup": "keep"}
