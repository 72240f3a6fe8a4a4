"""Files that would have FFmpeg open others, print, or run out of memory: none does."""

import contextlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import AudioError
from tests.unit.audio_files import RATE_HZ, speechlike, write
from tests.unit.av_files import encode

BINARY = bytes([0, 255, 1, 254])  # so that a playlist is no text


@pytest.fixture
def requests():
    """Addresses that were asked for, and the address of the server that notes them."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield seen, f"http://127.0.0.1:{server.server_port}/a.ts"
    server.shutdown()
    thread.join()
    server.server_close()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{0}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{0}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={0}\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio 5004 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<BaseURL>{0}</BaseURL></MPD>",
}


@pytest.mark.parametrize("track", [0, 1])
@pytest.mark.parametrize("tail", [b"", BINARY])
@pytest.mark.parametrize("name", ["x.m3u8", "x.mp4"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_nothing(tmp_path, requests, kind, name, tail, track):
    seen, address = requests
    sound = write(tmp_path / "other.wav", speechlike())
    for target in (address, str(sound), f"file://{sound}", "/etc/passwd"):
        path = tmp_path / name
        path.write_bytes(PLAYLISTS[kind].format(target).encode() + tail)

        with pytest.raises(AudioError, match="holds text|not audio in a format known"):
            load_audio(path, part=AudioPart(track=track))

    assert seen == []


def test_a_reference_inside_an_mp4_is_not_followed(tmp_path):
    """QuickTime lets a track lie in another file."""
    path = encode(tmp_path / "x.mov", "pcm_s16le", [speechlike()], RATE_HZ)
    sound = write(tmp_path / "other.wav", other := speechlike(seed=1))
    content = path.read_bytes()
    at = content.index(b"dref")
    assert content[at + 16 : at + 20] == b"url "
    reference = b"url " + bytes(4) + f"file://{sound}\0".encode()
    assert content.index(b"mdat") < at
    grown = (len(reference) + 4).to_bytes(4, "big") + reference
    path.write_bytes(content[: at + 12] + grown + content[at + 24 :])

    with contextlib.suppress(AudioError):
        assert np.abs(load_audio(path).samples[:1_000] - other[:1_000]).max() > 0.1


def test_random_bytes_end_in_samples_or_one_line(tmp_path):
    rng = np.random.default_rng(0)
    makers = [("m4a", "aac"), ("mkv", "libopus"), ("mp3", "libmp3lame"), ("wma", "wmav2")]
    path = tmp_path / "x"
    for suffix, codec in makers:
        rate_hz = 48_000
        whole = encode(tmp_path / f"x.{suffix}", codec, [speechlike(1.0, rate_hz)], rate_hz)
        for _ in range(25):
            content = bytearray(whole.read_bytes())
            for at in rng.integers(0, len(content), rng.integers(1, 30)):
                content[at] = rng.integers(256)
            path.write_bytes(content)
            try:
                assert np.isfinite(load_audio(path).samples).all()
            except AudioError as error:
                assert "\n" not in str(error)


def test_nothing_is_printed(tmp_path):
    """In a process of its own, since FFmpeg and mpg123 write past Python's stderr."""
    for suffix, codec in (("m4a", "aac"), ("mp3", "libmp3lame")):
        path = encode(tmp_path / f"x.{suffix}", codec, [speechlike(2.0)], RATE_HZ)
        content = bytearray(path.read_bytes())
        content[2_000:4_000] = bytes(2_000)
        path.write_bytes(content)

    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from speech_toolkit.audio.waveform import load_audio\n"
            "for path in sys.argv[1:]: assert load_audio(path).warnings",
            *(str(path) for path in tmp_path.iterdir()),
        ],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("", "")


def test_a_length_of_hours_in_a_header_takes_no_memory_for_it(tmp_path):
    path = encode(tmp_path / "x.m4a", "alac", [speechlike()], RATE_HZ)
    content = bytearray(path.read_bytes())
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = content.index(box)
        duration = at + {b"mvhd": 20, b"tkhd": 24, b"mdhd": 20}[box]
        content[duration : duration + 4] = b"\x7f\xff\xff\xff"
    path.write_bytes(content)

    assert load_audio(path).samples.nbytes == 4 * RATE_HZ
