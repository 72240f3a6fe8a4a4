"""What a candidate must reach to do its task as well as the reference."""

from speech_toolkit.evaluation.thresholds import Threshold
from speech_toolkit.families import MMS


def criteria_for(family: str, dtype: str) -> tuple[Threshold, ...]:
    """Return what a candidate must reach to be as good as the reference.

    Args:
        family: "mms" or "whisper".
        dtype: the coarser one of the two.
    """
    if family == MMS:
        least_agreement = 0.97 if dtype == "bfloat16" else 0.99
        return (
            Threshold(
                "argmax_agreement",
                least_agreement,
                "above",
                "frames without a clear lead may flip: 1 in 100, or 3 with the 8 bits of bfloat16",
            ),
            Threshold(
                "words_within_20ms", 0.99, "above", "both ends of a word within one frame of 20 ms"
            ),
            Threshold(
                "boundary_shift_ms",
                20.0,
                "at most",
                "one frame of 20 ms: the p95 of all boundaries",
            ),
        )
    return (
        Threshold("mean_wer", 0.01, "below", "published criterion: mean WER under 1 %"),
        Threshold("mean_cer", 0.01, "below", "published criterion: mean CER under 1 %"),
        Threshold("exact_match_rate", 0.99, "above", "published criterion: over 99 % of texts"),
    )
