"""An error is taken apart into the causes that it was made of."""

import numpy as np
import pytest

from speech_toolkit.evaluation.metrics.decomposition import decompose

RNG = np.random.default_rng(0)
SHAPE = (400, 32)
REFERENCE = RNG.standard_normal(SHAPE)


def error(size):
    return size * RNG.standard_normal(SHAPE)


GELU, HF32, BOTH, NOISE = error(1e-3), error(1e-4), error(2e-4), error(5e-4)
CAUSES = {"gelu": [REFERENCE + GELU], "hf32": [REFERENCE + HF32]}


def parts_of(candidate, causes=CAUSES):
    found = decompose([REFERENCE], [candidate], causes)
    return found, {part.cause: part for part in found.parts}


def test_one_cause_in_full():
    found, parts = parts_of(REFERENCE + GELU)
    assert found.explained_share == pytest.approx(1)
    assert found.residual_error < 1e-9
    assert parts["gelu"].amount == pytest.approx(1)
    assert parts["gelu"].share == pytest.approx(1, abs=0.01)
    assert parts["gelu"].own_error == pytest.approx(found.relative_error)
    assert parts["hf32"].share < 0.01


def test_two_causes_and_noise_add_up():
    found, parts = parts_of(REFERENCE + GELU + HF32 + NOISE)
    whole = 1e-6 + 1e-8 + 25e-8
    assert parts["gelu"].share == pytest.approx(1e-6 / whole, abs=0.02)
    assert parts["hf32"].share == pytest.approx(1e-8 / whole, abs=0.01)
    assert sum(part.share for part in found.parts) == pytest.approx(found.explained_share)
    assert found.residual_error == pytest.approx(5e-4, rel=0.02)


def test_half_of_a_cause():
    assert parts_of(REFERENCE + 0.5 * GELU)[1]["gelu"].amount == pytest.approx(0.5, abs=0.01)


def test_a_small_cause_explains_no_large_error():
    along = 50 * HF32  # the very direction, far beyond what the cause can do
    found, parts = parts_of(REFERENCE + along)
    assert parts["hf32"].amount == 1
    assert found.explained_share == pytest.approx(1 - (49 / 50) ** 2, abs=0.01)
    assert parts["hf32"].share_alone == pytest.approx(1 - (49 / 50) ** 2, abs=0.01)


def test_no_share_is_above_what_is_explained_where_causes_cancel():
    against = -0.3 * GELU + 0.3 * error(1e-3)
    causes = {"gelu": [REFERENCE + GELU], "against": [REFERENCE + against]}
    found, parts = parts_of(REFERENCE + GELU + 0.5 * against, causes)
    assert parts["against"].amount == pytest.approx(0.5, abs=0.05)
    assert parts["against"].share == 0
    assert parts["gelu"].share == pytest.approx(found.explained_share)
    assert found.explained_share == pytest.approx(1)


def test_causes_that_are_nearly_the_same_share_what_they_explain():
    causes = {"one": [REFERENCE + BOTH], "other": [REFERENCE + BOTH + error(1e-7)]}
    found, parts = parts_of(REFERENCE + BOTH, causes)
    assert found.explained_share == pytest.approx(1, abs=1e-3)
    assert all(part.share_alone == pytest.approx(1, abs=1e-3) for part in parts.values())


def test_unrelated_noise_is_left():
    found, parts = parts_of(REFERENCE + NOISE)
    assert found.explained_share < 0.01
    assert all(part.share_alone < 0.01 for part in parts.values())


def test_a_cause_that_does_nothing_here_and_several_arrays():
    causes = {"nothing": [REFERENCE, REFERENCE], "gelu": [REFERENCE, REFERENCE + GELU]}
    found = decompose([REFERENCE, REFERENCE], [REFERENCE, REFERENCE + GELU], causes)
    assert [part.share for part in found.parts] == pytest.approx([0, 1])
    assert found.relative_error == pytest.approx(
        np.linalg.norm(GELU) / np.linalg.norm(REFERENCE) / np.sqrt(2)
    )


def test_no_error_and_no_number():
    assert decompose([REFERENCE], [REFERENCE], CAUSES) is None
    broken = REFERENCE.copy()
    broken[0, 0] = np.nan
    assert decompose([REFERENCE], [broken], CAUSES) is None


def test_a_cause_that_overflows_is_left_out():
    found, parts = parts_of(REFERENCE + GELU, CAUSES | {"half": [np.full(SHAPE, np.inf)]})
    assert set(parts) == {"gelu", "hf32"}
    assert found.explained_share == pytest.approx(1)


def test_the_plain_run_need_not_be_the_reference():
    plain = REFERENCE + NOISE
    found = decompose([REFERENCE], [REFERENCE + GELU], {"gelu": [plain + GELU]}, plain=[plain])
    assert found.explained_share == pytest.approx(1)
