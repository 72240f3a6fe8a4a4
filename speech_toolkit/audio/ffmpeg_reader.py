"""Decoding by FFmpeg (PyAV): MP3, M4A, MP4, WebM, AMR, WMA and what else libsndfile refuses."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import av
import numpy as np
from av.audio.plane import AudioPlane

from speech_toolkit.audio import reader
from speech_toolkit.audio.ffmpeg_container import NotDecodableError, OpenedContainer
from speech_toolkit.audio.timeline import Timeline
from speech_toolkit.errors import AudioError, NotAudioError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.packet import Packet

    from speech_toolkit.audio.source import AudioSource

# Type and full scale of FFmpeg's sample formats; None where full scale is 1.
_SAMPLE_FORMATS = {
    "u8": (np.uint8, 1 << 7),
    "s16": (np.int16, 1 << 15),
    "s32": (np.int32, 1 << 31),
    "s64": (np.int64, 1 << 63),
    "flt": (np.float32, None),
    "dbl": (np.float64, None),
}
_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
_EXACT_SEEKING = (_MP4, "matroska,webm")  # others count from their start
_PREROLL_S = 1.0  # what a decoder needs before its output is what it would be in one go
_LENGTH_ROUNDING_S = 0.002  # edit lists count in milliseconds
_MICROSECONDS = 1_000_000


class FfmpegReader:
    """An :class:`AudioReader` of one track of what FFmpeg decodes.

    Its frames are counted on the file's clock. That begins with the earliest track, as ffmpeg's
    own does, and at a lone track's first sample; a decoder's delay is cut off by FFmpeg, where the
    file tells it.
    """

    def __init__(self, stream: io.FileIO, source: AudioSource) -> None:
        """Open a stream from its start.

        Raises:
            NotDecodableError: it holds none of the formats that are read, or no frame.
            AudioError: it lacks the track, or FFmpeg has no decoder for it.
        """
        self._opened = OpenedContainer(stream)
        self._container = self._opened.container
        self._track = _checked_track(self._opened, source)
        codec = self._track.codec_context
        self.damage: str | None = None
        self.rate_hz: int = codec.sample_rate
        self.channels: int = codec.channels
        if not self.rate_hz or not self.channels:
            self.close()
            raise NotDecodableError("no frame of it is whole")
        self.keeps_floats: bool = codec.name.startswith("pcm_f")
        self._bad_packets = 0
        self._first_bad: int | None = None
        self._rate_changed = False
        self._others = self._opened.others(self._track)
        self._length_s, self._length_is_of_track = self._declared_length()
        if self._length_is_of_track:
            self._opened.skip_others(self._track)
        self._reached_s = 0.0
        self.frames = None if self._length_s is None else round(self._length_s * self.rate_hz)
        self._timeline = Timeline(self.rate_hz, 0, self.frames)

    def _declared_length(self) -> tuple[float | None, bool]:
        """Return the seconds that the file declares, and whether those are the track's own."""
        track = self._track
        if not self._opened.length_is_known:
            return None, False
        if track.duration is not None:
            start = track.start_time or 0
            ticks = start + track.duration - self._zero_ticks(track.start_time)
            return float(ticks * track.time_base), True
        whole = self._container.duration
        return None if whole is None else whole / _MICROSECONDS, False

    def blocks(self, first_frame: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield blocks up to the end, each with its first frame in the file."""
        gathered: list[np.ndarray] = []
        begin = values = 0
        for at, block in self._placed(first_frame):
            if gathered and block.shape[1] != gathered[0].shape[1]:
                yield begin, np.concatenate(gathered)
                gathered, values = [], 0
            if not gathered:
                begin = at
            gathered.append(block)
            values += block.size
            if values >= reader.BLOCK_VALUES:
                yield begin, np.concatenate(gathered)
                gathered, values = [], 0
        if gathered:
            yield begin, np.concatenate(gathered)

    def _seek(self, first_frame: int) -> bool:
        """Go to a second before a frame, where the format finds it exactly."""
        seconds = first_frame / self.rate_hz - _PREROLL_S
        if seconds <= 0 or self._container.format.name not in _EXACT_SEEKING:
            return False
        ticks = int(seconds / self._track.time_base) + self._zero_ticks(self._track.start_time)
        try:
            self._container.seek(ticks, stream=self._track)
        except av.FFmpegError:  # the file ends before that, or has no index
            return False
        return True

    def _placed(self, first_frame: int) -> Iterator[tuple[int, np.ndarray]]:
        """Decode the track and yield its frames, and silence in its gaps, at their places."""
        sought = self._seek(first_frame)
        zero = self._zero_ticks(self._track.start_time) if sought else None
        for number, packet in enumerate(self._packets()):
            for frame in self._decoded(packet):
                if frame.sample_rate != self.rate_hz:
                    self.damage = f"the rate changes to {frame.sample_rate} Hz"
                    return
                if zero is None:
                    zero = self._zero_ticks(frame.pts)
                at = None if frame.pts is None else self._frame_at(frame.pts - zero)
                if sought and self._timeline.position == 0:
                    if number == 0 and (at or 0) + frame.samples <= first_frame:
                        continue  # the decoder's delay was cut off it, as if the file began there
                    self._timeline = Timeline(self.rate_hz, min(at or 0, first_frame), self.frames)
                yield from self._timeline.place(self._kept(_samples(frame), packet), at)

    def _packets(self) -> Iterator[Packet]:
        """Yield the track's packets, an empty one at last; note how far all tracks go."""
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError) as error:
                self.damage = error.strerror or str(error)
                return
            except IndexError:  # PyAV's, once all is read, over tracks that began late in the file
                return
            if packet is None:
                return
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                self._reached_s = max(self._reached_s, float(end))
            if packet.stream.index == self._track.index:
                yield packet

    def _decoded(self, packet: Packet) -> list[AudioFrame]:
        """Decode a packet; one that is damaged leaves a gap."""
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self._note_bad_packet()
            return []
        if packet.is_corrupt:
            self._note_bad_packet()
        return frames

    def _note_bad_packet(self) -> None:
        self._bad_packets += 1
        if self._first_bad is None:
            self._first_bad = self._timeline.position

    def _zero_ticks(self, own: int | None) -> int:
        """Return where the file's clock begins, in ticks of the track.

        Args:
            own: when the track's first sample is, None where that is not known.
        """
        starts = [
            s.start_time * s.time_base / self._track.time_base
            for s in self._others
            if s.start_time is not None
        ]
        return min(round(min(starts, default=own or 0)), own or 0)

    def _frame_at(self, ticks: int) -> int:
        return round(ticks * self._track.time_base * self.rate_hz)

    def _kept(self, samples: np.ndarray, packet: Packet) -> np.ndarray:
        """Cut from an MP4's last packet what only fills it up to a whole one."""
        track = self._track
        if self._container.format.name != _MP4:
            return samples
        if not packet.duration or packet.pts is None or track.duration is None:
            return samples
        left = (track.start_time or 0) + track.duration - packet.pts - packet.duration
        if left * track.time_base > _LENGTH_ROUNDING_S:
            return samples
        return samples[: max(1, self._frame_at(packet.duration))]

    def missing_s(self, position: int) -> float:
        """Return the seconds that the header promises beyond those that were found."""
        if self._length_s is None:
            return 0.0
        found_s = position / self.rate_hz
        return self._length_s - (
            found_s if self._length_is_of_track else max(found_s, self._reached_s)
        )

    def oddities(self) -> Iterator[str]:
        """Yield what else went wrong on the way to the end, each as a predicate of the file."""
        timeline, rate_hz = self._timeline, self.rate_hz
        if self._first_bad is not None:
            yield (
                f"has {self._bad_packets} damaged packets, the first at "
                f"{self._first_bad / rate_hz:.2f} s: what they held is missing"
            )
        if timeline.first_gap is not None:
            yield (
                f"leaves out {timeline.gap_frames / rate_hz:.2f} s of its time in {timeline.gaps} "
                f"places, the first at {timeline.first_gap / rate_hz:.2f} s: silence stands there, "
                "so that all times are the file's"
            )
        if timeline.leaps:
            yield (
                f"has a clock that leaps {timeline.leaps} times: what follows was joined to what "
                "comes before, and times after it may be off"
            )

    def close(self) -> None:
        """Free the decoder; the stream that it read stays open."""
        self._container.close()


def _checked_track(opened: OpenedContainer, source: AudioSource) -> av.AudioStream:
    """Return the track that was asked for, if it can be decoded."""
    wanted, tracks = source.part.track, opened.tracks
    if not tracks:
        raise NotAudioError(f"{source} holds no audio track: name a recording with sound")
    if wanted >= len(tracks):
        known = "track 0 alone" if len(tracks) == 1 else f"tracks 0 to {len(tracks) - 1}"
        raise AudioError(f"{source} has audio {known}, no audio_track {wanted}: name one of them")
    track = tracks[wanted]
    if track.codec_context is None:
        raise AudioError(
            f"{source} holds audio of a codec that is not known here, or is protected from "
            "copying: export it as FLAC or WAV"
        )
    return track


def _samples(frame: AudioFrame) -> np.ndarray:
    """Return a frame's samples as float32, shape (n, channels), full scale -1..1.

    Planes are counted here, since PyAV's own count goes beyond the last of eight and more.
    """
    channels, planar = frame.layout.nb_channels, frame.format.is_planar
    kind, scale = _SAMPLE_FORMATS[frame.format.name.removesuffix("p")]
    planes, width = (channels, 1) if planar else (1, channels)
    values = np.stack(
        [
            np.frombuffer(AudioPlane(frame, plane), kind, frame.samples * width)
            for plane in range(planes)
        ]
    )
    values = values.T if planar else values.reshape(-1, channels)
    if scale is None:
        return values.astype(np.float32, copy=False)
    middle = scale if kind == np.uint8 else 0
    return (values.astype(np.float64) - middle).astype(np.float32) / np.float32(scale)
