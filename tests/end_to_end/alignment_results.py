"""What results and reports of an alignment are held to."""

import json
import re

from tests.end_to_end.support import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "results" / "schemas" / "alignment.schema.json").read_text())

REPORT = re.compile(
    r"""={60}
Running inference on: cpu
={60}
(\[INFO\] .*\n)*\[INFO\] Loading model from: .+
\[INFO\] Target device: cpu, dtype: torch\.float32
\[INFO\] Running in eager mode \(torch\.compile disabled for stability\)
\[TIME\] Model load: \d+\.\d\ds
\[TIME\] Audio load: \d+\.\d\ds \(duration: \d+\.\d\ds\)
\[TIME\] Inference: \d+\.\d\ds \(RTF: \d+\.\d{3}\)
\[TIME\] Alignment: \d+\.\d\ds
\[RESULT\] Aligned (?P<count>\d+) segments

\[ALIGNMENT RESULTS\]
(?P<rows>( +\d+\.\d{3}s - +\d+\.\d{3}s  \S+\n|\.\.\. \d+ more \.\.\.\n)+)
(\[QUALITY\] good \(confidence \d\.\d\d\)
)?\[INFO\] Results saved to: (?P<output>.+)
"""
)


def true_words(sample):
    return [
        (word["text"], word["start_s"])
        for word in json.loads(sample.read_text(encoding="utf-8"))["words"]
    ]
