"""What results depend on beside the items, as journals keep it."""

from speech_toolkit.alignment import preparation
from speech_toolkit.alignment.preparation import AlignmentSettings
from speech_toolkit.alignment.text.segmenters import Segmenter
from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.corpus.task import AlignmentTask

FIRST_VERSION = {
    "task", "model_path", "weights_sha256", "description_sha256", "dtype", "attn_implementation",
    "float32_precision", "language", "star", "window_s", "context_s", "format", "subtitles", "page",
}  # fmt: skip


def settings_of(**given):
    settings = AlignmentSettings(**given)
    return AlignmentTask(None, ResultForms(("json",)), settings_of_alignment=settings).settings()


def test_runs_of_earlier_versions_are_gone_on_with_as_long_as_nothing_is_refined():
    assert settings_of(refine=False).keys() == FIRST_VERSION
    assert settings_of().keys() == FIRST_VERSION | {"refine"}
    assert settings_of(batch_size=4) == settings_of()


def test_what_changes_results_is_a_setting():
    assert settings_of(repair=True) == settings_of() | {"repair": True}
    assert settings_of(markup="keep") == settings_of() | {"markup": "keep"}


def test_machines_with_and_without_a_segmenter_are_told_apart(monkeypatch):
    characters = settings_of(language="zho", words="characters")
    assert characters["words"] == "characters"
    assert "segmenter" not in characters
    made_up = Segmenter("made up 1.0", list)
    monkeypatch.setattr(preparation, "segmenter_of", lambda *_: made_up)
    assert settings_of(language="zho")["segmenter"] == "made up 1.0"
