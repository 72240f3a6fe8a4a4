"""Frames that come block by block are joined and parted as all frames at once would be."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.transcription.windows.speech.regions import RegionJoiner, SpeechRegion

HOP = 320
MARGIN = 4000


def dips_of(excess_db, start, end):
    """Return the frames at which a run of speech is parted: 1 s from all ends, 7.5 dB deep."""
    smooth = np.convolve(excess_db[start:end], np.ones(9) / 9, "same")
    dips, first, stop = [], 50, end - start - 50
    while first < stop:
        search = smooth[first : min(first + 150, stop)]
        around = smooth[first - 50 : first + len(search) + 50]
        dip = int(np.argmin(search))
        if search[dip] < np.median(around) - 7.5:
            dips.append(start + first + dip)
            first += dip + 50
        else:
            first += len(search)
    return dips


def regions_of(excess_db, num_samples):
    """Return the regions of all frames at once."""
    edges = np.flatnonzero(np.diff(excess_db > 0, prepend=False, append=False))
    if not len(edges):
        return []
    starts, ends = edges[::2], edges[1::2]
    parted = starts[1:] - ends[:-1] > 7
    starts, ends = starts[np.append(True, parted)], ends[np.append(parted, True)]
    runs = zip(starts.tolist(), ends.tolist(), strict=True)
    dips = [dip for run in runs for dip in dips_of(excess_db, *run)]
    starts, ends = (np.sort(np.append(x, dips).astype(int)) * HOP for x in (starts, ends))
    middles = (starts[1:] + ends[:-1]) // 2
    starts = np.maximum(starts - MARGIN, [0, *middles]).tolist()
    ends = np.minimum(ends + MARGIN, [*middles, num_samples]).tolist()
    dip_samples = {dip * HOP for dip in dips}
    pairs = zip(starts, ends, strict=True)
    return [SpeechRegion(start, end, runs_on=end in dip_samples) for start, end in pairs]


def drawn(data):
    """Draw how far frames stand out, the samples that they are of, and where they are split."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    lengths = data.draw(st.lists(st.tuples(st.integers(1, 700), st.integers(0, 60)), max_size=8))
    parts = [np.zeros(data.draw(st.integers(1, 40)), np.float32)]
    for spoken, quiet in lengths:
        syllables = np.repeat(rng.uniform(1, 30, spoken // 8 + 1), 8)[:spoken]
        parts += [syllables.astype(np.float32), np.zeros(quiet, np.float32)]
    excess_db = np.concatenate(parts)
    num_samples = len(excess_db) * HOP - data.draw(st.integers(0, HOP - 1))
    cuts = data.draw(st.lists(st.integers(0, len(excess_db)), max_size=12).map(sorted))
    return excess_db, num_samples, cuts


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_regions_are_those_of_all_frames_at_once(data):
    excess_db, num_samples, cuts = drawn(data)
    joiner = RegionJoiner(HOP)
    found = [region for block in np.split(excess_db, cuts) for region in joiner.add(block)]
    assert [*found, *joiner.finish(num_samples)] == regions_of(excess_db, num_samples)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_what_is_sure_of_the_next_region_comes_true(data):
    excess_db, num_samples, cuts = drawn(data)
    regions = regions_of(excess_db, num_samples)
    joiner, given_regions = RegionJoiner(HOP), 0
    for block in np.split(excess_db, cuts):
        given_regions += len(list(joiner.add(block)))
        following = regions[given_regions:]
        if joiner.open_region is not None:
            assert following[0].start_sample == joiner.open_region.start_sample
            sure_end = min(joiner.open_region.end_sample, num_samples)
            assert joiner.open_region.start_sample < sure_end <= following[0].end_sample
        elif following:
            assert following[0].start_sample >= joiner.settled_sample
