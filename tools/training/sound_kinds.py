"""All kinds of sound that are no speech, and how often each is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ensembles import ensemble
from other_sounds import (
    calls,
    engine,
    hits,
    levelled,
    music,
    steady_noise,
    sweeps,
    swelling_noise,
    tones,
)

Sound = Callable[[np.random.Generator, float], np.ndarray]

SOUNDS: dict[str, tuple[float, Sound]] = {
    "music": (0.18, music),
    "ensemble": (0.55, ensemble),
    "tones": (0.01, tones),
    "sweeps": (0.03, sweeps),
    "steady noise": (0.03, steady_noise),
    "swelling noise": (0.05, swelling_noise),
    "hits": (0.04, hits),
    "engine": (0.08, engine),
    "calls": (0.03, calls),
}


def random_sound(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """One kind of sound, at times two together, float32."""
    names, shares = list(SOUNDS), np.array([share for share, _ in SOUNDS.values()])
    first, second = rng.choice(names, 2, p=shares / shares.sum())
    output = SOUNDS[first][1](rng, duration_s)
    if rng.random() < 0.15:
        output = levelled(output + rng.uniform(0.1, 1) * SOUNDS[second][1](rng, duration_s))
    return output
