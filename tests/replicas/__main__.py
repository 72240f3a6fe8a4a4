"""Small replicas of published checkpoints: their small files as people have them, random weights.

    python -m tests.replicas DIRECTORY      # writes all of them there

What is replicated is what differs between checkpoints: which files there are, in the form of which
year, and the ids, lists and flags in them. Layers are few and narrow, and the texts of the tokens
are made up, so that a replica has a few megabytes; nothing of them is kept in the repository.
"""

import sys
from pathlib import Path

from tests.replicas.ctc import ctc_forms, write_ctc
from tests.replicas.parakeet import write_parakeet
from tests.replicas.whisper import whisper_forms, write_whisper


def main() -> None:
    """Write all replicas into the directory that the command line names."""
    target = Path(sys.argv[1])
    for name, whisper in whisper_forms().items():
        print(write_whisper(whisper, target / "whisper" / name))
    for name, ctc in ctc_forms().items():
        print(write_ctc(ctc, target / "ctc" / name))
    print(write_parakeet(target / "ctc" / "parakeet-ctc-0.6b"))


if __name__ == "__main__":
    main()
