"""Windows through the model: what is tried again, beside what, and what is dropped."""

from dataclasses import replace

import pytest
import torch

from speech_toolkit.device import Device
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.errors import OutOfMemoryError
from speech_toolkit.transcription.long_form.listening import Listener
from speech_toolkit.transcription.long_form.one_file import LongForm
from speech_toolkit.transcription.long_form.window_encoder import WindowEncoder
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.windows.features import FeatureMaker, PreparedWindow
from tests.unit.transcription.random_whisper import MEL_BINS, MEL_FRAMES, random_model
from tests.unit.transcription.scripted_decoder import (
    LengthsAsFeatures,
    Opened,
    ScriptedBatch,
    ScriptedDecoder,
    closed,
    hear_all,
    opened,
)

FEATURES = FeatureMaker(LengthsAsFeatures(), ahead=False)


class GoodFrom(ScriptedDecoder):
    """Writes a good text for a window of so many seconds from a temperature on."""

    def __init__(self, good_from, **options):
        super().__init__([], **options)
        self.good_from = good_from
        self.tries = []

    def write(self, job):
        seconds = round(float(job.encoded.states_BFE[job.row, 0])) // 100
        self.tries.append((job.options.temperature, seconds))
        ratio = 1.0 if job.options.temperature >= self.good_from[seconds] else 3.0
        text = closed(seconds, end_s=seconds)
        return replace(text, temperature=job.options.temperature, compression_ratio=ratio)


def file_of(decoder, *lengths_s, key="file", **settings):
    spans = [(20 * i, 20 * i + s) for i, s in enumerate(lengths_s)]
    given = {"temperatures": (0.0, 0.2, 0.4, 0.6), "mode": "chunked"} | settings
    return opened(decoder, FEATURES, key=key, spans=spans, length_s=200, **given)


def temperatures(file):
    return [item.decoded.temperature for item in file.long_form.found]


def test_only_windows_that_fail_are_tried_again():
    decoder = GoodFrom({5: 0.0, 6: 0.4, 7: 0.2, 8: 0.0, 9: 9.0})
    (file,) = hear_all(decoder, [file_of(decoder, 5, 6, 7, 8, 9, batch_size=5)], 5)
    assert temperatures(file) == [0.0, 0.4, 0.2, 0.0, 0.6]
    tried = [[s for t, s in decoder.tries if t == at] for at in (0.0, 0.2, 0.4, 0.6)]
    assert [sorted(seconds) for seconds in tried] == [[5, 6, 7, 8, 9], [6, 7, 9], [6, 9], [9]]
    assert decoder.batches == [5]  # each is encoded once


def test_second_tries_share_batches_with_the_windows_that_follow():
    """Of three at once one fails: it stands beside the next two, not alone."""
    decoder = GoodFrom({5: 0.0, 6: 0.2, 7: 0.0, 8: 0.0, 9: 0.0})
    (file,) = hear_all(decoder, [file_of(decoder, 5, 6, 7, 8, 9, batch_size=3)], 3)
    assert temperatures(file) == [0.0, 0.2, 0.0, 0.0, 0.0]
    assert decoder.tries == [(0, 5), (0, 6), (0, 7), (0.2, 6), (0, 8), (0, 9)]
    assert decoder.admitted == [3, 3]


class FailsIn(GoodFrom):
    """Its batches fail at one of their steps."""

    def __init__(self, step, error, most=99, culprit_s=None):
        super().__init__(dict.fromkeys(range(20), 0.0))
        self.step, self.error, self.most, self.culprit_s = step, error, most, culprit_s
        self.sizes = []

    def open_batch(self, slots):
        self.sizes.append(slots)
        batch = ScriptedBatch(self, slots)
        plain = getattr(batch, self.step)

        def step(*given):
            seconds = [
                round(float(job.encoded.states_BFE[job.row, 0])) // 100
                for job in (given[0] if given else batch.jobs)
            ]
            if len(seconds) > self.most or self.culprit_s in seconds:
                raise self.error
            return plain(*given)

        setattr(batch, self.step, step)
        return batch


@pytest.mark.parametrize("step", ["admit", "launch", "harvest"])
def test_without_memory_windows_begin_anew_in_a_smaller_batch(step):
    decoder = FailsIn(step, OutOfMemoryError("cpu is out of memory"), most=2)
    (file,) = hear_all(decoder, [file_of(decoder, 5, 6, 7, 8, 9, batch_size=4)], 4)
    assert [item.decoded.tokens[1] for item in file.long_form.found] == [5, 6, 7, 8, 9]
    assert decoder.sizes == [4, 2]
    assert file.long_form.warnings == ["cpu was out of memory: batch_size is now 2"]
    assert file.long_form.batch_size == 2


@pytest.mark.parametrize("step", ["admit", "launch", "harvest"])
def test_what_fails_beside_others_is_tried_by_itself(step):
    decoder = FailsIn(step, ValueError("broken"), culprit_s=8)
    files = [
        file_of(decoder, *lengths_s, key=key, batch_size=4)
        for key, lengths_s in (("a", [5, 6]), ("b", [8, 9]), ("c", [7]))
    ]
    done = {file.key: file for file in hear_all(decoder, files, 4)}
    assert str(done["b"].error) == "broken"
    for key, expected in (("a", [5, 6]), ("c", [7])):
        assert [item.decoded.tokens[1] for item in done[key].long_form.found] == expected


def test_windows_that_nobody_waits_for_leave_the_batch():
    """In order, three at once; the first is taken up again, so that the other two are void."""

    class StopsShort(GoodFrom):
        def write(self, job):
            text = super().write(job)
            is_first = len(self.tries) == 1
            return closed(1, end_s=2) if is_first else text

    decoder = StopsShort(dict.fromkeys(range(20), 0.0))
    settings = {"mode": "transcribe", "condition_on_previous_text": False}
    file = file_of(decoder, 9, 8, 7, batch_size=3, **settings)
    held = []

    class Slow(ScriptedBatch):
        """Writes the first window at once and the others later."""

        def harvest(self):
            held.append(len(self.jobs))
            done, self.jobs = self.jobs[:1], self.jobs[1:]
            return [(job, self.decoder.write(job)) for job in done]

    decoder.open_batch = lambda slots: Slow(decoder, slots)
    hear_all(decoder, [file], 3)
    found = [(item.window.start_s, item.used_s) for item in file.long_form.found]
    assert found[0] == (0.0, pytest.approx(2.0))
    assert [start for start, _ in found[1:]] == [pytest.approx(2.0), 20.0, 40.0]
    assert held[:2] == [3, 3]  # void ones made room for the retake and those behind it


def test_in_order_a_window_that_is_cut_is_the_last_until_it_is_heard():
    """Where the next one begins is not known before."""
    decoder = GoodFrom(dict.fromkeys(range(40), 0.0))
    settings = {"mode": "transcribe", "condition_on_previous_text": False}
    file = opened(
        decoder, FEATURES, spans=[(0, 5), (20, 45), (60, 65)], length_s=90, batch_size=4, **settings
    )
    asked = [request.window.cut for request in file.ask(4)]
    assert asked in ([True], [False, True])
    assert file.ask(4) == []


def test_with_text_before_it_one_window_is_asked_for_and_the_next_are_encoded_ahead():
    decoder = GoodFrom(dict.fromkeys(range(20), 0.0))
    with FeatureMaker(LengthsAsFeatures(), ahead=True) as features:
        spans = [(20 * i, 20 * i + s) for i, s in enumerate((5, 6, 7, 8))]
        file = opened(decoder, features, spans=spans, length_s=90, mode="transcribe", batch_size=4)
        Opened(decoder, [file], 4).hear_all()
    assert [item.decoded.tokens[1] for item in file.long_form.found] == [5, 6, 7, 8]
    assert decoder.admitted == [1, 1, 1, 1]
    assert decoder.batches[0] > 1
    assert sum(decoder.batches) == 4


class Takes:
    """Files of one window of random features each, as a listener takes them."""

    def __init__(self, decoder, count, settings):
        generator = torch.Generator().manual_seed(3)
        self.requests = []
        for number in range(count):
            features = torch.randn(MEL_BINS, MEL_FRAMES, generator=generator)
            file = opened(ScriptedDecoder([]), FEATURES, key=number, spans=((0, 8),))
            (request,) = file.ask(1)
            request.planned.features = lambda f=features, n=number: PreparedWindow(f, n, 0.0)
            request.long_form = LongForm.__new__(LongForm)
            request.long_form.language = "en"
            start = decoder.checkpoint.sot_sequence("en", "transcribe", True)
            request.long_form.prompt = lambda history, start=start: (*history, *start)
            request.long_form._planned = ()
            request.long_form.warnings = []
            self.requests.append(request)

    def __call__(self, most):
        taken, self.requests = self.requests[:most], self.requests[most:]
        return taken or None


@pytest.mark.parametrize("is_card", [False, True])
def test_a_window_does_not_depend_on_its_neighbours(make_decoder, monkeypatch, is_card):
    """At whatever temperature it ends, and at whatever it stands beside others."""
    decoder = make_decoder(random_model(2, eot_bias=1.0))
    settings = TranscriptionSettings(
        language="en", logprob_threshold=-2.065, max_new_tokens=20, no_speech_threshold=None
    )
    found = {}

    def encode(windows):
        features = torch.stack([window.values for window in windows])
        return decoder.encode(features, [window.fingerprint for window in windows])

    monkeypatch.setattr(decoder, "encode_windows", encode)
    for batch_size in (1, 3):
        monkeypatch.setattr(Device, "is_card", property(lambda device: is_card))
        takes = Takes(decoder, 7, settings)
        numbers = {request: number for number, request in enumerate(takes.requests)}
        listener = Listener(decoder, settings, batch_size)
        found[batch_size] = {
            numbers[request]: outcome.unwrap().decoded
            for heard in listener.hear(takes)
            for request, outcome in heard
        }
    assert len({window.temperature for window in found[1].values()}) > 1
    for number in range(7):
        assert found[1][number].tokens == found[3][number].tokens
        assert found[1][number].temperature == found[3][number].temperature


def test_windows_ahead_are_encoded_once_however_many_of_their_file_are_asked_for():
    decoder = GoodFrom(dict.fromkeys(range(20), 0.0))
    file = file_of(decoder, 5, 6, 7, 8, batch_size=8)
    requests = file.ask(3)
    assert file.plan(1) == 1
    WindowEncoder(decoder, HalvingBatches(decoder.device, 8, "")).encode(requests, 8)
    assert decoder.batches == [4]


def test_a_batch_without_memory_begins_anew_in_what_the_encoder_has_left_of_its_size():
    decoder = FailsIn("launch", OutOfMemoryError("cpu is out of memory"), most=1)
    run = Opened(decoder, [file_of(decoder, 5, 6, 7, batch_size=4)], 4)
    plain = decoder.open_batch

    def shrinks(slots):
        run._listener._batches.size = 1
        return plain(slots)

    decoder.open_batch = shrinks
    (file,) = run.hear_all()
    assert [item.decoded.tokens[1] for item in file.long_form.found] == [5, 6, 7]
    assert decoder.sizes == [4, 1]


def test_a_file_that_fails_is_heard_no_further():
    class Breaks(GoodFrom):
        def encode_windows(self, windows):
            super().encode_windows(windows)
            raise ValueError("broken")

    decoder = Breaks({})
    (file,) = hear_all(decoder, [file_of(decoder, *[5] * 9, batch_size=3)], 3)
    assert str(file.error) == "broken"
    assert decoder.batches == [3]


def test_no_memory_for_the_encoder_costs_nothing_of_what_is_being_written(
    make_decoder, monkeypatch
):
    """Its memory is given back, so that it begins anew."""
    decoder = make_decoder(random_model(2, eot_bias=1.0))
    settings = TranscriptionSettings(language="en", temperatures=(0.0,), no_speech_threshold=None)
    sizes, found = [], {}

    def encode(windows):
        features = torch.stack([window.values for window in windows])
        sizes.append(len(windows))
        with decoder._at_work("in the encoder"):
            if len(sizes) == 2 and batch_size > 1:
                raise torch.OutOfMemoryError("out of memory")
        return decoder.encode(features, [window.fingerprint for window in windows])

    monkeypatch.setattr(decoder, "encode_windows", encode)
    for batch_size in (1, 4):
        sizes.clear()
        monkeypatch.setattr(Device, "is_card", property(lambda device, size=batch_size: size > 1))
        takes = Takes(decoder, 9, settings)
        for request in takes.requests:
            request.long_form = takes.requests[0].long_form
        numbers = {request: number for number, request in enumerate(takes.requests)}
        listener = Listener(decoder, settings, batch_size)
        found[batch_size] = {
            numbers[request]: outcome.unwrap().decoded.tokens
            for heard in listener.hear(takes)
            for request, outcome in heard
        }
    assert sizes[:2] == [4, 4]
    assert listener.batch_size == 2
    assert found[1] == found[4]
