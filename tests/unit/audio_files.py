"""Audio files and streams for the tests."""

import contextlib
import os
import struct
import threading

import numpy as np
import soundfile

RATE_HZ = 16_000


def speechlike(duration_s=1.0, rate_hz=RATE_HZ, channels=1, seed=0):
    """Noise of 200 to 3000 Hz, in reach of every codec; a shift by one sample shows."""
    rng = np.random.default_rng(seed)
    frames = round(duration_s * rate_hz)
    spectrum = np.fft.rfft(rng.standard_normal((frames, channels)), axis=0)
    hz = np.fft.rfftfreq(frames, 1 / rate_hz)
    spectrum[(hz < 200) | (hz > 3_000)] = 0
    noise = np.fft.irfft(spectrum, frames, axis=0)
    return (noise / np.abs(noise).max() * 0.5).astype(np.float32).squeeze()


def write(path, samples, rate_hz=RATE_HZ, **how):
    """Write in blocks: libsndfile overruns its stack when handed a long Vorbis signal at once."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(path, "w", rate_hz, channels, **how) as sound:
        for start in range(0, len(samples), 10_000):
            sound.write(samples[start : start + 10_000])
    return path


def patched(path, offset, fmt, value):
    content = bytearray(path.read_bytes())
    struct.pack_into(fmt, content, offset, value)
    path.write_bytes(content)
    return path


@contextlib.contextmanager
def standard_input(data):
    """Put ``data`` behind file descriptor 0 as a pipe, the way a shell does."""
    reader, writer = os.pipe()
    saved = os.dup(0)
    os.dup2(reader, 0)
    os.close(reader)

    def feed():
        with contextlib.suppress(BrokenPipeError), os.fdopen(writer, "wb") as pipe:
            pipe.write(data)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        thread.join()


def without_flac_length(path):
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path
