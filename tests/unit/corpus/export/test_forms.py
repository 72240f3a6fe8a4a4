import pytest

from speech_toolkit.corpus.export.forms import FORMS, check_exports
from speech_toolkit.errors import UsageError


@pytest.mark.parametrize(
    ("names", "cut", "formats", "times", "message"),
    [
        (["espnet"], False, ["json"], "word", "'espnet': is not known; choose among nemo, kaldi"),
        ([], True, ["json"], "word", "--cut: cuts for an export; add --export"),
        (["nemo", "mfa"], False, ["srt"], "word", "nemo,mfa: is made from .* add json to --format"),
        (["nemo"], True, ["json"], "none", "--export nemo --cut: needs the times"),
        (["nemo", "kaldi"], False, ["json"], "none", "--export kaldi: needs the times"),
    ],
)
def test_what_cannot_be_exported_is_said_before_the_run(names, cut, formats, times, message):
    with pytest.raises(UsageError, match=message):
        check_exports(names, cut, formats, times)


@pytest.mark.parametrize("cut", [False, True])
def test_what_can_be_exported_passes(cut):
    check_exports([*FORMS], cut, ["srt", "json"])
    check_exports([], False, ["srt"])
    check_exports(["nemo", "mfa", "ljspeech"], False, ["json"], "none")
