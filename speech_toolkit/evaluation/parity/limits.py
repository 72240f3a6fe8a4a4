"""What the numbers of a candidate are held to: limits per dtype, each with its reason.

The published limits are those that ports of these models report. Where a card computes float32 as
float32, without HF32 or TF32, they let pass what no rounding explains: 1 % is 10,000 times what the
order of sums makes. There the tight limits follow the reference's own distance from float64.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from speech_toolkit.evaluation.thresholds import Threshold

_FLOAT32 = (
    Threshold("relative_error", 0.01, "below", "published criterion: Frobenius norm under 1 %"),
    Threshold(
        "max_abs_error", 1.0, "below", "msprobe fails a whole network above an absolute error of 1"
    ),
    Threshold(
        "mean_abs_error", 0.1, "below", "a logit off by 0.1 changes a probability by a tenth"
    ),
    Threshold("share_within_1pct", 0.99, "above", "published criterion: over 99 % of elements"),
    Threshold("cosine", 0.99, "above", "msprobe and msit fail a network below 0.99"),
    Threshold("mean_kl", 0.005, "below", "msit's limit for output distributions"),
    Threshold(
        "argmax_agreement", 0.97, "above", "ties (divergence_margin) apart, the best label stays"
    ),
    Threshold(
        "flip_margin", 0.1, "below", "a lead of over 0.1 nats is a decision, not a tie to be broken"
    ),
    Threshold("non_finite_differ", 0, "at most", "NaN and Inf must be where the reference's are"),
    Threshold(
        "saturated_values", 0, "at most", "a value at the dtype's end is an overflow not shown"
    ),
    Threshold(
        "input_error", 1e-5, "at most", "float32 in another order: 2e-6; factors rounded: over 1e-4"
    ),
    Threshold("repeat_error", 1e-6, "at most", "a run repeated on the same input repeats itself"),
    Threshold("fallback_ops", 0, "at most", "an operator on the CPU is neither fast nor a test"),
    Threshold("misplaced_tensors", 0, "at most", "weights and outputs belong on the device"),
    Threshold(
        "boundary_shift_ms", 20.0, "at most", "one frame of a wav2vec2 model: the p95 of all words"
    ),
    Threshold(
        "divergence_margin", 0.02, "below", "tokens may part only where the reference was undecided"
    ),
    Threshold("culprits", 0, "at most", "no module may stand out by an error of its own"),
    Threshold(
        "local_error", 5e-5, "below", "sums in another order: 1e-6 to 1e-5 for a module alone"
    ),
    Threshold(
        "local_error_gelu",
        1e-3,
        "below",
        "a device that says GELU is its tanh form: up to 5e-4 of the input",
    ),
    Threshold(
        "block_error", 2e-3, "below", "HF32 products and GELU in its tanh form: 1e-3 for a layer"
    ),
    Threshold(
        "rounding_ratio", 1.5, "below", "half a bit above what the device's own rounding explains"
    ),
    Threshold(
        "known_form_share", 0.5, "at most", "float32 has no form but those that a device declares"
    ),
)
_FLOAT16 = {
    "block_error": (2e-3, "11 bits of significand, the operations of a whole layer"),
    "flip_margin": (0.25, "errors of float16 logits reach 0.1"),
    "repeat_error": (1e-3, "one unit in the last place of float16"),
    "divergence_margin": (0.1, "errors of float16 logits reach 0.1"),
    "local_error": (2e-3, "inputs, weights and result rounded to 11 bits, sums over thousands"),
    "local_error_gelu": (2e-3, "inputs, weights and result rounded to 11 bits"),
}
_BFLOAT16 = {
    "block_error": (2e-2, "8 bits of significand, the operations of a whole layer"),
    "relative_error": (0.05, "8 bits of significand: 0.2 % an operation, adding up over layers"),
    "max_abs_error": (4.0, "8 bits of significand: logits of 32 are 0.25 apart"),
    "mean_abs_error": (0.5, "8 bits of significand: logits of 32 are 0.25 apart"),
    "share_within_1pct": (0.5, "the dtype rounds to 0.4 %, and layers add up"),
    "mean_kl": (0.02, "four times msit's limit for 8 bits of significand"),
    "argmax_agreement": (0.95, "ties (divergence_margin) apart; 8-bit logits are 0.25 apart"),
    "flip_margin": (1.0, "errors of bfloat16 logits reach 0.5"),
    "repeat_error": (8e-3, "one unit in the last place of bfloat16"),
    "divergence_margin": (0.5, "errors of bfloat16 logits reach 0.5"),
    "local_error": (1.6e-2, "inputs, weights and result rounded to 8 bits, sums over thousands"),
    "local_error_gelu": (1.6e-2, "inputs, weights and result rounded to 8 bits"),
}
# float32 with whole products: what a module's own error is then made of is the order of sums.
_HIGHEST = {
    "block_error": (1e-4, "float32 at its highest precision: a layer alone stays below 1e-5"),
    "local_error_gelu": (5e-5, "float32 at its highest precision: GELU as it was asked for"),
}
_CHANGES = {"float64": {}, "float32": {}, "float16": _FLOAT16, "bfloat16": _BFLOAT16}
NAMES = tuple(threshold.name for threshold in _FLOAT32)
TIGHT, PUBLISHED = "tight", "published"
LIMIT_SETS = (TIGHT, PUBLISHED)


@dataclass(frozen=True)
class Distance:
    """How far the reference's float32 is from exact, of one output.

    Attributes:
        golden: relative error against float64.
        noise: relative error between runs of the reference that add in another order, and no less
            than what one rounding of float32 can make.
    """

    golden: float
    noise: float

    @property
    def most_from_golden(self) -> float:
        """Most that a candidate may be away from float64: PyTorch's factor of 2, and noise."""
        return GOLDEN_LIMITS["float32"].factor * self.golden + self.noise

    @property
    def most_from_reference(self) -> float:
        """Most that two results can be apart that are both near enough to float64."""
        return self.golden + self.most_from_golden


@dataclass(frozen=True)
class GoldenLimits:
    """How far from a float64 result a candidate may be.

    Attributes:
        factor: times the reference's own distance.
        tolerance: relative error granted on top.
        floor: of the reference's distance, for the ratio of the two.
    """

    factor: float
    tolerance: float
    floor: float


GOLDEN_REASON = "no further from float64 than the reference is, with a margin: PyTorch's rule"
# factor: PyTorch's `same` takes 2, and 3 for half types; floor: msprobe's, half a unit in the
# last place for the 16-bit types and for float32 as a chip may round it.
GOLDEN_LIMITS = {
    "float64": GoldenLimits(2.0, 1e-3, 2.0**-14),
    "float32": GoldenLimits(2.0, 1e-3, 2.0**-14),
    "float16": GoldenLimits(3.0, 2e-3, 2.0**-11),
    "bfloat16": GoldenLimits(3.0, 2e-2, 2.0**-8),
}


_OF_HIGHEST = "the reference's own distance from float64, three times, and its noise floor"


def limits_for(
    dtype: str,
    changes: Mapping[str, float] | None = None,
    distances: Mapping[str, Distance] | None = None,
) -> dict[str, Threshold]:
    """Return the limits that hold for a dtype, by name.

    Args:
        dtype: one of `DTYPES_BY_PRECISION`.
        changes: limits that the user set, by name.
        distances: of the reference by output, for the tight limits of float32 with whole products;
            None for the published ones.

    Returns:
        The limits; one that holds for a single output stands under the name that `name_for` gives.
    """
    limits = {threshold.name: threshold for threshold in _FLOAT32}
    for name, (limit, reason) in (_CHANGES[dtype] | (_HIGHEST if distances else {})).items():
        limits[name] = replace(limits[name], limit=limit, reason=reason)
    if "relative_error" not in (changes or {}):
        for output, distance in (distances or {}).items():
            limits[name_for("relative_error", output)] = Threshold(
                "relative_error", distance.most_from_reference, "at most", _OF_HIGHEST
            )
    for name, limit in (changes or {}).items():
        limits[name] = replace(limits[name], limit=limit, reason="set on the command line")
    return limits


def name_for(name: str, output: str) -> str:
    """Return the key of a limit that holds for one output alone."""
    return f"{name} of {output}"


def limit_of(limits: Mapping[str, Threshold], name: str, output: str) -> Threshold:
    """Return the limit of one output's figure: its own, or that of all outputs."""
    return limits.get(name_for(name, output), limits[name])
