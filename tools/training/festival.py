"""Festival through one Scheme program for many utterances."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import soundfile
from speech_synthesis import PAUSE, Phone, SpokenToken, SynthesisedSpeech, plain_text

FESTIVAL_VOICES = ("ked_diphone", "kal_diphone", "cmu_us_slt_arctic_hts")
_FESTIVAL_PROGRAM = """
(define (number_tokens utt)
  (let ((i 0))
    (mapcar (lambda (token) (item.set_feat token "position" i) (set! i (+ i 1)))
      (utt.relation.items utt 'Token))))
(define (print_segment segment)
  (format t "S %s %f %s\\n" (item.name segment) (item.feat segment 'end)
    (if (item.relation segment 'SylStructure)
      (item.feat segment "R:SylStructure.parent.parent.R:Token.parent.position")
      "-1")))
(define (say text file)
  (let ((utt (eval (list 'Utterance 'Text text))))
    (utt.synth utt)
    (number_tokens utt)
    (utt.save.wave utt file 'riff)
    (format t "U %s\\n" file)
    (mapcar print_segment (utt.relation.items utt 'Segment))))
"""


def festival_speak(
    utterances: Sequence[Sequence[SpokenToken]], voice: str, duration_stretch: float = 1.0
) -> list[SynthesisedSpeech | None]:
    """Speak many utterances in one run of Festival, whose start takes seconds.

    Args:
        utterances: Tokens of each utterance.
        voice: One of `FESTIVAL_VOICES`.
        duration_stretch: Above 1 is slower.

    Returns:
        One result an utterance; None where Festival cut the text into other tokens.
    """
    with tempfile.TemporaryDirectory() as folder:
        calls = "\n".join(
            f'(say "{plain_text(tokens)}" "{folder}/{i}.wav")'
            for i, tokens in enumerate(utterances)
        )
        program = (
            f"(voice_{voice})\n(Parameter.set 'Duration_Stretch {duration_stretch})\n"
            + _FESTIVAL_PROGRAM
            + calls
        )
        path = Path(folder) / "program.scm"
        path.write_text(program, encoding="ascii")
        output = subprocess.run(
            ["festival", "-b", str(path)], capture_output=True, text=True, check=True
        ).stdout
        return [
            _festival_result(tokens, Path(folder) / f"{i}.wav", output)
            for i, tokens in enumerate(utterances)
        ]


def _festival_result(
    tokens: Sequence[SpokenToken], wave: Path, output: str
) -> SynthesisedSpeech | None:
    _, _, tail = output.partition(f"U {wave}\n")
    segments = []
    for line in tail.splitlines():
        if not line.startswith("S "):
            break
        _, name, end, token = line.split()
        segments.append((name, float(end), int(float(token)) if name != "pau" else PAUSE))
    positions = sorted({token for _, _, token in segments} - {PAUSE})
    if len(positions) != len(tokens):
        return None
    group_of = {position: i for i, position in enumerate(positions)} | {PAUSE: PAUSE}
    phones, start = [], 0.0
    for name, end, token in segments:
        phones.append(Phone(name, start, end, group_of[token]))
        start = end
    samples, rate = soundfile.read(wave, dtype="float32")
    return SynthesisedSpeech(samples, rate, tuple(phones), tuple(t.written for t in tokens))
