"""A decoder that follows a script, and the road of windows through it."""

from dataclasses import replace

import numpy as np
import torch

from speech_toolkit.device import Device
from speech_toolkit.transcription.decoded import DecodedWindow, EncodedWindows
from speech_toolkit.transcription.long_form.many_files import ManyFiles
from speech_toolkit.transcription.long_form.one_file import LongForm
from speech_toolkit.transcription.long_form.open_file import OpenFile
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.stage_clock import StageClock
from speech_toolkit.transcription.windows.features import FeatureMaker, PreparedWindow
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.recording import known_recording
from speech_toolkit.transcription.windows.speech import SpeechRegion

RATE = 100
CPU = Device("cpu", None, "cpu", "asked for by name")
PREV, SOT, EN, DE = 900, 901, 902, 903
BLANK = 899
STAMP = 1000
END = STAMP + 400


class Checkpoint:
    timestamp_begin_id = STAMP
    timestamp_step_s = 0.02
    prev_sot_id = PREV
    max_positions = 20
    suits_previous_text = True
    sample_rate_hz = RATE
    default_language = None
    default_task = "transcribe"

    def __init__(self, languages=("en", "de")):
        self.languages = dict(zip(languages, (EN, DE), strict=False))

    def language_code(self, language):
        return language

    def sot_sequence(self, language, task, timestamps):
        return (SOT, self.languages[language]) if language else (SOT,)


def decoded(*tokens, temperature=0.0, avg_logprob=-0.1, no_speech_prob=0.0, finished=True):
    return DecodedWindow(
        tokens, (0.0,) * len(tokens), avg_logprob, no_speech_prob, 1.0, temperature, finished
    )


def closed(*text, end_s=8.0):
    return decoded(STAMP, *text, STAMP + round(end_s / 0.02))


class LengthsAsFeatures:
    def enter_thread(self):
        pass

    def prepare(self, samples):
        return PreparedWindow(torch.tensor([float(len(samples))]), 0, seconds=0.0)


class ScriptedBatch:
    """Writes each window in one step, in the order in which they are admitted."""

    is_lost = False

    def __init__(self, decoder, slots):
        self.decoder, self.slots, self.jobs = decoder, slots, []

    @property
    def room(self):
        return self.slots - len(self.jobs)

    def admit(self, jobs):
        self.jobs += jobs
        assert len(self.jobs) <= self.slots
        self.decoder.prompts += [list(job.prompt) for job in jobs]
        self.decoder.admitted.append(len(jobs))

    def launch(self):
        pass

    def drop(self, jobs):
        for job in jobs:
            self.jobs.remove(job)

    def harvest(self):
        done, self.jobs = self.jobs, []
        return [(job, self.decoder.write(job)) for job in done]


class ScriptedDecoder:
    """Answers each window with the next of the script; keeps what it was asked."""

    device = CPU
    dtype = torch.float32
    model = torch.nn.Module()
    redone = ()
    extractor = LengthsAsFeatures()

    def __init__(self, script, languages=("en", "de"), memory=99):
        self.checkpoint = Checkpoint(languages)
        self.clock = StageClock(CPU)
        self.script = iter(script)
        self.memory = memory
        self.prompts, self.batches, self.admitted, self.detections = [], [], [], 0

    def tokenizer(self, text, add_special_tokens):
        return {"input_ids": [len(word) for word in text.split()]}

    def text(self, tokens):
        return " ".join(str(token) for token in tokens if token < STAMP and token != BLANK)

    def windows_encoded_together(self, batch_size):
        return batch_size

    def encode_windows(self, windows):
        self.batches.append(len(windows))
        if len(windows) > self.memory:
            raise torch.OutOfMemoryError("out of memory")
        lengths = torch.stack([window.values for window in windows])
        return EncodedWindows(lengths, (0,) * len(windows), self.redone)

    def detect_language(self, encoded):
        self.detections += 1
        return [("de", 0.75)]

    def check_room(self, prompt):
        pass

    def open_batch(self, slots):
        return ScriptedBatch(self, slots)

    def release(self):
        pass

    def write(self, job):
        return next(self.script)


def regions(*spans):
    return tuple(SpeechRegion(start * RATE, end * RATE) for start, end in spans)


class GivenAudio:
    """A prepared recording in which all is known; keeps whether it was closed."""

    find_speech_s = 0.0

    def __init__(self, samples, regions):
        self.recording = known_recording(samples, regions, RATE)
        self.is_closed = False

    def close(self):
        self.is_closed = True


def opened(decoder, features, key="file", spans=((0, 8),), length_s=60, batch_size=1, **settings):
    """Begin with a recording of noise, in which these seconds are taken for speech."""
    samples = np.random.default_rng(0).standard_normal(length_s * RATE).astype(np.float32)
    given = TranscriptionSettings(
        **{"language": "en", "temperatures": (0.0,), "chunk_length_s": 10.0} | settings
    )
    audio = GivenAudio(samples, regions(*spans))
    planner = WindowPlanner(audio.recording, given.chunk_length_s)
    long_form = LongForm(decoder, features, given, planner, batch_size)
    return OpenFile(key, audio, given, long_form)


class Opened(ManyFiles):
    """A run of files that have been opened elsewhere; one that fails comes with its error."""

    def __init__(self, decoder, files, batch_size=1, **options):
        settings = replace(files[0].settings, batch_size=batch_size)
        super().__init__(decoder, settings, **options)
        self.waiting = list(files)
        self._features = files[0].long_form._features

    def _open_next(self):
        if not self.waiting or self._stop.is_set():
            return False
        file = self.waiting.pop(0)
        self._files[file.long_form] = file
        return True

    def hear_all(self):
        """Return the files in the order in which they were done."""
        files = {file.key: file for file in self.waiting}
        return [files[key] for key, _ in self.run(())]


def hear_all(decoder, files, batch_size=1):
    """Hear all windows of files; return the files in the order in which they were done."""
    return Opened(decoder, files, batch_size).hear_all()


def run(
    decoder,
    mode="transcribe",
    spans=((0, 8), (20, 28), (40, 48)),
    batch_size=1,
    features=None,
    **settings,
):
    features = features or FeatureMaker(LengthsAsFeatures(), ahead=False)
    file = opened(decoder, features, spans=spans, batch_size=batch_size, mode=mode, **settings)
    hear_all(decoder, [file], batch_size)
    if file.error:
        raise file.error
    return file.long_form, file.long_form.found
