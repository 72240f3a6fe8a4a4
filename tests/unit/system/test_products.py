import numpy as np
import pytest

from speech_toolkit.system.products import product


@pytest.mark.parametrize("rows", [0, 1, 400, 5000])
@pytest.mark.parametrize("shape", [(12, 32), (16, 3), (400, 400)])
def test_products_in_parts_are_those_of_the_whole(rows, shape):
    generator = np.random.default_rng(rows)
    tall = generator.standard_normal((rows, shape[0]), dtype=np.float32)
    weights = generator.standard_normal(shape, dtype=np.float32)
    found = product(tall, weights)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, tall @ weights, rtol=1e-4, atol=1e-4)
