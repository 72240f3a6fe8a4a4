"""Recordings in the containers that FFmpeg writes, made by PyAV."""

from fractions import Fraction

import av
import numpy as np


def clicks(rate_hz, duration_s=3.0):
    """One sample every quarter of a second, shape (n,), and when they are, shape (k,)."""
    times_s = np.arange(0.25, duration_s - 0.1, 0.25)
    samples = np.zeros(round(duration_s * rate_hz), dtype=np.float32)
    samples[np.round(times_s * rate_hz).astype(int)] = 0.9
    return samples, times_s


def click_times(samples, rate_hz, times_s):
    """Return where the largest sample within a tenth of a second of each time is, in seconds."""
    half = rate_hz // 10
    starts = [round(time_s * rate_hz) - half for time_s in times_s]
    magnitudes = np.abs(samples)
    return np.array([s + np.argmax(magnitudes[s : s + 2 * half]) for s in starts]) / rate_hz


def encode(path, codec, tracks, rate_hz, *, late_s=0.0, lost=(), video=False, **how):
    """Write mono or (n, channels) recordings as the audio tracks of one file.

    Args:
        path: the file; its suffix chooses the container.
        codec: of FFmpeg.
        tracks: samples of each track.
        rate_hz: of all.
        late_s: by how much all audio begins after the video.
        lost: numbers of the packets of audio that are left out.
        video: whether grey pictures run along, from 0 s on.
        how: options of the container.
    """
    with av.open(str(path), "w", options=how) as container:
        picture = _add_video(container, tracks, rate_hz, late_s) if video else None
        streams = []
        for samples in tracks:
            channels = 1 if samples.ndim == 1 else samples.shape[1]
            stream = container.add_stream(codec, rate=rate_hz, layout=_LAYOUTS[channels])
            stream.codec_context.bit_rate = 12_200 if "amr" in codec else 128_000
            streams.append(stream)
        packets = [*(_video_packets(picture) if picture else ())]
        for stream, samples in zip(streams, tracks, strict=True):
            kept = [p for i, p in enumerate(_audio_packets(stream, samples)) if i not in lost]
            for packet in kept:
                shift = round(late_s / packet.time_base)
                packet.pts += shift
                packet.dts += shift
            packets += kept
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            container.mux(packet)
    return path


def remux(source, target, **how):
    """Put the audio packets of one file into another container."""
    with av.open(str(source)) as old, av.open(str(target), "w", options=how) as new:
        track = old.streams.audio[0]
        copy = new.add_stream_from_template(track)
        for packet in old.demux(track):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    return target


_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def _audio_packets(stream, samples):
    context = stream.codec_context
    interleaved = np.ascontiguousarray(samples.reshape(len(samples), -1))
    layout = _LAYOUTS[interleaved.shape[1]]
    resampler = av.AudioResampler(context.format.name, layout, context.sample_rate)
    for start in range(0, len(interleaved), 4096):
        block = interleaved[start : start + 4096].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, "flt", layout)
        frame.sample_rate, frame.pts = context.sample_rate, start
        frame.time_base = Fraction(1, context.sample_rate)
        for resampled in resampler.resample(frame):
            yield from stream.encode(resampled)
    yield from stream.encode(None)


def _add_video(container, tracks, rate_hz, late_s):
    stream = container.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    return stream, round((len(tracks[0]) / rate_hz + late_s) * 10)


def _video_packets(picture):
    stream, count = picture
    for _ in range(count):
        frame = av.VideoFrame.from_ndarray(np.full((96, 64), 128, np.uint8), "yuv420p")
        yield from stream.encode(frame)
    yield from stream.encode(None)
