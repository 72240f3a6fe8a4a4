"""Windows of several files at once, with a decoder that knows each window by its length."""

import threading

import pytest
import torch

from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.errors import AudioError
from speech_toolkit.outcomes import Outcome
from speech_toolkit.transcription.long_form.one_file import Heard
from speech_toolkit.transcription.long_form.window_encoder import WindowEncoder
from speech_toolkit.transcription.windows.features import FeatureMaker
from tests.unit.transcription.scripted_decoder import (
    DE,
    EN,
    PREV,
    RATE,
    SOT,
    STAMP,
    LengthsAsFeatures,
    Opened,
    ScriptedDecoder,
    closed,
    decoded,
    hear_all,
    opened,
)

FEATURES = FeatureMaker(LengthsAsFeatures(), ahead=False)


@pytest.fixture(params=[False, True], ids=["at once", "ahead"])
def features(request):
    """Make features when they are waited for, or in a thread before that."""
    with FeatureMaker(LengthsAsFeatures(), ahead=request.param) as maker:
        yield maker


class KnowsLengths(ScriptedDecoder):
    """Writes the seconds of each window, of 8 twice; fails with those it is told to."""

    def __init__(self, not_finite_s=None, broken_s=None, too_large_s=None, **options):
        super().__init__([], **options)
        self.not_finite_s, self.broken_s, self.too_large_s = not_finite_s, broken_s, too_large_s

    def seconds(self, features):
        return [round(length) // RATE for length in features[:, 0].tolist()]

    def encode_windows(self, windows):
        encoded = super().encode_windows(windows)
        heard_s = self.seconds(encoded.states_BFE)
        if self.broken_s in heard_s:
            raise ValueError("broken")
        if self.too_large_s in heard_s:
            raise torch.OutOfMemoryError("out of memory")
        return encoded

    def detect_language(self, encoded):
        self.detections += 1
        return [("en" if s == 5 else "de", s / 10) for s in self.seconds(encoded.states_BFE)]

    def write(self, job):
        (seconds,) = self.seconds(job.encoded.states_BFE[[job.row]])
        if seconds == self.not_finite_s:
            return decoded(7, avg_logprob=float("nan"))
        return closed(*[seconds] * (1 + (seconds == 8)), end_s=seconds)


def files(decoder, *lengths_s, features=FEATURES, **settings):
    """Open a file for each list of the seconds of its windows."""
    return [
        opened(
            decoder,
            features,
            key="abcdefgh"[number],
            spans=[(20 * i, 20 * i + s) for i, s in enumerate(windows_s)],
            **settings,
        )
        for number, windows_s in enumerate(lengths_s)
    ]


def texts(done):
    return {
        file.key: file.error or [item.decoded.tokens[1] for item in file.long_form.found]
        for file in done
    }


def test_in_order_too_files_share_batches_and_each_has_its_own_text_before_it(features):
    decoder = KnowsLengths()
    opened_files = files(decoder, [5, 6], [3], [8, 7, 5], mode="transcribe", features=features)
    done = hear_all(decoder, opened_files, 4)
    assert texts(done) == {"b": [3], "a": [5, 6], "c": [8, 7, 5]}
    ahead = opened_files[0].long_form._features.ahead
    assert decoder.batches == ([4, 2] if ahead else [3, 2, 1])
    assert decoder.admitted == [3, 2, 1]

    def before(s):
        return [STAMP, *[s] * (1 + (s == 8)), STAMP + round(s / 0.02)]

    assert decoder.prompts == [
        *[[SOT, EN]] * 3,
        [PREV, *before(5), SOT, EN],
        [PREV, *before(8), SOT, EN],
        [PREV, *before(8), *before(7), SOT, EN],
    ]


def test_chunked_files_fill_up_each_others_batches():
    decoder = KnowsLengths()
    done = hear_all(
        decoder, files(decoder, [5, 6, 7], [3], [8, 4], mode="chunked", batch_size=4), 4
    )
    assert texts(done) == {"a": [5, 6, 7], "b": [3], "c": [8, 4]}
    assert decoder.batches == [4, 2]


def test_language_is_detected_once_for_each_file_that_needs_it():
    decoder = KnowsLengths()
    unknown = files(decoder, [5, 6], [4], language=None, mode="chunked", batch_size=4)
    known = files(decoder, [7], language="en", mode="chunked")
    hear_all(decoder, [*known, *unknown], 4)
    assert decoder.detections == 1
    found = [(f.long_form.language, f.long_form.language_probability) for f in (*known, *unknown)]
    assert found == [("en", None), ("en", 0.5), ("de", 0.4)]
    assert decoder.prompts == [[SOT, EN], [SOT, EN], [SOT, EN], [SOT, DE]]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"not_finite_s": 6}, r"NaN or Inf in the window from 0\.00 s"),
        ({"broken_s": 6}, "broken"),
        ({"too_large_s": 6}, "out of memory"),
    ],
)
def test_a_failure_costs_only_the_file_to_blame(fault, message):
    decoder = KnowsLengths(**fault)
    done = texts(hear_all(decoder, files(decoder, [5, 8], [6, 7], [7], mode="transcribe"), 3))
    assert (done["a"], done["c"]) == ([5, 8], [7])
    with pytest.raises(Exception, match=message):
        raise done["b"]


def test_out_of_memory_halves_the_batches_of_all_and_is_told_to_those_in_them():
    decoder = KnowsLengths(memory=2)
    opened_files = files(decoder, [5], [6], [7], [8], [3], mode="chunked", batch_size=4)
    done = hear_all(decoder, opened_files, 4)
    assert decoder.batches == [4, 2, 2, 1]
    warned = {file.key: file.long_form.warnings for file in done}
    halved = ["cpu was out of memory: batch_size is now 2"]
    assert warned == {"a": halved, "b": halved, "c": halved, "d": halved, "e": []}
    assert {file.long_form.batch_size for file in done} == {2}


def test_a_file_that_fails_keeps_no_features_alive():
    decoder = KnowsLengths(broken_s=6)
    (file,) = hear_all(decoder, files(decoder, [6]))
    trace, frames = file.error.__traceback__, []
    while trace:
        frames.append(trace.tb_frame.f_locals)
        trace = trace.tb_next
    assert not any(isinstance(v, torch.Tensor) for names in frames for v in names.values())


def stopped_after(decoder, opened_files, windows, batch_size=3):
    """Stop a run when so many windows have been heard; return the keys of the files it gives."""
    stop = threading.Event()
    run = Opened(decoder, opened_files, batch_size, stop=stop)
    listener, plain = run._listener, run._listener.hear

    def hear(take):
        count = 0
        if not windows:
            stop.set()
        for heard in plain(take):
            yield heard
            count += len(heard)
            if count >= windows:
                stop.set()

    listener.hear = hear
    return [file.key for file in run.hear_all()]


def test_a_run_that_is_stopped_finishes_the_oldest_file_and_those_that_need_little():
    decoder = KnowsLengths()
    long = [9] * 5
    opened_files = files(decoder, long, long, [9, 5], [4], length_s=200, mode="transcribe")
    assert sorted(stopped_after(decoder, opened_files, windows=3)) == ["a", "c"]


def test_a_run_that_is_stopped_before_it_began_finishes_nothing():
    decoder = KnowsLengths()
    assert stopped_after(decoder, files(decoder, [9], [5], mode="transcribe"), windows=0) == []


def opened_for(decoder, opened_files, most, batch_size):
    """Return which files are open when so many windows have been taken."""
    run = Opened(decoder, opened_files, batch_size)
    run._take(most)
    return [file.key for file in run._files.values()]


def test_files_are_opened_until_their_windows_fill_a_batch():
    decoder = KnowsLengths()
    opened_files = files(decoder, [9, 9], [5], [6], mode="chunked", batch_size=4)
    assert opened_for(decoder, opened_files, 2, 3) == ["a"]
    opened_files = files(decoder, [9, 9], [5], [6], mode="chunked", batch_size=4)
    assert opened_for(decoder, opened_files, 3, 3) == ["a", "b"]


def test_while_features_are_made_ahead_files_are_opened_for_two_batches():
    decoder = KnowsLengths()
    with FeatureMaker(LengthsAsFeatures(), ahead=True) as features:
        opened_files = files(decoder, *[[5]] * 6, mode="chunked", features=features)
        assert opened_for(decoder, opened_files, 2, 2) == ["a", "b", "c", "d"]


def test_time_is_shared_by_windows():
    decoder = KnowsLengths()
    opened_files = files(decoder, [5, 6, 7], [8], mode="chunked", batch_size=4)
    encode = decoder.encode_windows

    def slow(windows):
        decoder.clock.add("encoder", 4.0)
        return encode(windows)

    decoder.encode_windows = slow
    done = {file.key: file for file in hear_all(decoder, opened_files, 4)}
    assert done["a"].stage_times_s["encoder"] == pytest.approx(3.0)
    assert done["b"].stage_times_s["encoder"] == pytest.approx(1.0)
    assert done["a"].transcribe_s == pytest.approx(3 * done["b"].transcribe_s)


def test_a_window_is_taken_up_again_though_the_next_one_s_features_are_made(features):
    """The 25 s without a pause are cut; each window's text ends early, so that it goes back."""

    class EndsEarly(KnowsLengths):
        def write(self, job):
            (heard_s,) = self.seconds(job.encoded.states_BFE[[job.row]])
            line = decoded(STAMP, 1, STAMP + 200, STAMP + 200, 2, 3)
            return line if heard_s > 7 else closed(heard_s, end_s=heard_s)

    decoder = EndsEarly()
    file, other = files(decoder, [25], [5], mode="transcribe", features=features)
    hear_all(decoder, [file, other], 4)
    starts = [item.window.start_s for item in file.long_form.found]
    assert starts[:2] == [0.0, pytest.approx(4.0)]
    assert [item.window.start_s for item in other.long_form.found] == [0.0]


@pytest.mark.parametrize(("count", "expected"), [(1, [4]), (2, [2, 2]), (4, [1, 1, 1, 1])])
def test_the_batch_that_follows_is_shared_by_the_open_files(count, expected):
    """Many long files must not each have a whole batch's features in memory."""
    decoder = KnowsLengths()
    with FeatureMaker(LengthsAsFeatures(), ahead=True) as features:
        long = [5] * 9
        opened_files = files(
            decoder, *[long] * count, mode="transcribe", length_s=200, features=features
        )
        run = Opened(decoder, opened_files, 4)
        run._take(4)
    assert [len(file.long_form.ahead) for file in opened_files] == expected


def test_what_is_heard_keeps_no_batch_of_the_encoder_while_it_waits_for_those_before_it():
    decoder = KnowsLengths()
    (file,) = files(decoder, [5, 6, 7], mode="chunked", batch_size=3)
    first, second, third = file.ask(3)
    WindowEncoder(decoder, HalvingBatches(decoder.device, 3, "")).encode([first, second, third], 3)
    assert [each.planned.features for each in (first, second, third)] == [None] * 3
    file.hear(third, Outcome(Heard(closed(7))))
    assert third.planned.encoded is None
    assert first.planned.encoded is not None


def test_a_window_that_nobody_waits_for_any_more_fails_no_file():
    decoder = KnowsLengths()
    (file,) = files(decoder, [5, 6], mode="chunked", batch_size=3)
    _, second = file.ask(2)
    second.is_void = True
    file.hear(second, Outcome(error=ValueError("broken")))
    assert file.error is None


def test_a_file_that_cannot_be_read_on_is_heard_no_further():
    """What is under way of it leaves the batch."""
    decoder = KnowsLengths()
    broken, good = files(decoder, [5, 6], [7], mode="chunked", batch_size=3)
    run = Opened(decoder, [broken, good], 3)
    asked = run._take(3)
    broken.error = AudioError("damaged")
    assert [key for key, _ in run._done()] == ["a"]
    assert [request.is_void for request in asked] == [True, True, False]
