"""A video file, read with PyAV: its pictures in the order of display, with their times, and whether all of them are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from mpsnet_blender.shared.picture_sequence import DEFAULT_FPS, PictureSequence

from ..base.errors import VideoAccessError, VideoError
from .picture import Picture
from .picture_files import make_size_error, open_sequence
from .upright import Deinterlacer, UprightImages, square_size

_FPS_RANGE = (0.5, 1000)       # frames a second; some damaged or streamed files say 0 or 90,000
_NEAR_AVERAGE = (0.7, 1.4)     # nominal rate by average rate: outside, it counts fields, or the unit of the times
# Formats whose header gives the duration, as others' is estimated, and of those seconds the share, less a margin in seconds,
# that must be there: durations in headers are rounded and edited.
_KNOW_THEIR_DURATION = {"mov", "matroska", "avi", "flv", "asf"}
_COMPLETE_SHARE, _COMPLETE_MARGIN = 0.95, 0.2
# A container with a right signature that does not open is truncated or damaged; any other file is no video.
_SIGNATURES = ((4, b"ftyp"), (0, b"RIFF"), (0, b"\x1aE\xdf\xa3"), (0, b"\x00\x00\x01\xba"), (0, b"FLV"), (0, b"OggS"),
               (0, b"G@"))
_REENCODE = "Re-encode it as MP4 (H.264) and try again."
_FORMATS = "Choose a video file such as MP4, MOV, AVI, MKV or WebM."
COPY_AGAIN = "Copy or download it again"

# Not `set_level`: messages from the decoder's threads would then go through Python and wait for its lock.
av.logging.set_libav_level(av.logging.ERROR)    # FFmpeg warns of oddities in many good files


class MovieFile:
    """An open video file. A context manager, to be read once. `fps` is its nominal rate; `frame_count` is 0 where unknown."""

    def __init__(self, path: Path, sequence: PictureSequence | None = None, picture_fps: float = DEFAULT_FPS):
        """sequence: the numbered pictures that the path stands for, with `picture_fps` frames a second. Raises VideoError."""
        self._path, self._sequence = path, sequence
        self._container = open_sequence(sequence, picture_fps) if sequence else open_container(path)
        try:
            self._stream = _choose_stream(path, self._container, sequence is not None)
        except VideoError:
            self._container.close()
            raise
        self._stream.thread_type = "AUTO"
        context = self._stream.codec_context
        aspect = self._stream.sample_aspect_ratio
        self._coded_size = (context.width, context.height)
        self._images = UprightImages(square_size(self._coded_size, float(aspect or 1)))
        self.fps = picture_fps if sequence else _nominal_fps(self._stream)
        self.frame_count = sequence.count if sequence else self._stream.frames or round(
            (_stream_seconds(self._stream, self._container) or 0) * self.fps)
        self._packets = self._decoded = self._damaged = 0
        self._reached = 0.0     # seconds at which the last packet of any stream ends

    def __enter__(self) -> MovieFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures in the order of display. Raises VideoError where the file cannot be read on."""
        deinterlacer, clock = Deinterlacer(), PictureClock()
        start = self._stream.start_time
        for decoded in self._decode():
            for picture in deinterlacer.step(decoded):
                yield self._time(picture, clock, start)
        for picture in deinterlacer.finish():
            yield self._time(picture, clock, start)

    def _time(self, picture: av.VideoFrame, clock: PictureClock, start: int | None) -> Picture:
        origin = (start or 0) * (self._stream.time_base or Fraction(0))
        ticks, seconds = clock.choose(picture.pts, picture.dts), None
        if ticks is not None and picture.time_base is not None:
            seconds = float(ticks * picture.time_base - origin)
        return Picture(seconds, lambda: self._images.make(picture))

    def _decode(self) -> Iterator[av.VideoFrame]:
        for packet in self._demux():
            try:
                pictures = packet.decode()
            except av.InvalidDataError:
                self._damaged += 1
                continue
            for picture in pictures:
                assert isinstance(picture, av.VideoFrame)
                if self._sequence and (picture.width, picture.height) != self._coded_size:
                    differing = self._sequence.path_of(self._decoded)
                    raise make_size_error(differing, (picture.width, picture.height), self._coded_size)
                self._decoded += 1
                self._damaged += picture.is_corrupt
                yield picture

    def _demux(self) -> Iterator[av.Packet]:
        """Yield the packets of the pictures, and an empty one at the end."""
        try:
            for packet in self._container.demux():
                if packet.pts is not None:
                    self._reached = max(self._reached, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                if packet.stream is self._stream:     # the last, empty ones all have stream_index 0 (findings/)
                    self._packets += packet.size > 0
                    yield packet
        except av.InvalidDataError:     # the file was cut here
            yield av.Packet()
        except av.FFmpegError as error:
            raise VideoAccessError(f"{self._path} could not be read on after {self._packets} frames: {error.strerror}.",
                                   "Check the disk or the connection, and try again.") from None

    def require_complete(self, last_seconds: float) -> None:
        """Raise VideoError where the file, read to its end, ends long before its header says.

        By the time of all its streams, since sound may outlast the pictures, and counts are wrong after edits.
        """
        container = self._container
        if container.duration is None or not _KNOW_THEIR_DURATION & set(container.format.name.split(",")):
            return
        expected = container.duration / av.time_base
        if self._packets < (self._stream.frames or self._packets + 1) and \
                self._reached < _COMPLETE_SHARE * expected - _COMPLETE_MARGIN:
            raise make_truncated_error(self._path, self._decoded, self.frame_count, last_seconds)

    def damage(self) -> str:
        """Return a sentence about pictures that could not be decoded well, of those read so far; empty where there are none."""
        lost = max(0, self._packets - self._decoded)
        if not self._damaged:
            return ""
        return (f"{self._damaged} of {self._packets} pictures of {self._path.name} are damaged or incomplete"
                f"{f', and {lost} could not be decoded' if lost else ''}: the file may have been cut.")


class PictureClock:
    """Chooses between a picture's times of display and of decoding, as FFmpeg's own players do: whichever fell less often so far.

    In an AVI with pictures that refer to later ones (DivX, Xvid), those of display may be exchanged.
    """

    def __init__(self) -> None:
        self._last: list[int | None] = [None, None]
        self._falls = [0, 0]

    def choose(self, display: int | None, decoding: int | None) -> int | None:
        """Return the time of the next picture, in ticks; None where it has no time of display."""
        for kind, ticks in enumerate((display, decoding)):
            last = self._last[kind]
            self._falls[kind] += ticks is not None and last is not None and ticks <= last
            self._last[kind] = last if ticks is None else ticks
        return decoding if None not in (display, decoding) and self._falls[0] > self._falls[1] else display


def make_truncated_error(path: Path, read: int, expected: int, last_seconds: float) -> VideoError:
    """Return the error for a file that ends before its header says."""
    return VideoError(f"{path} is truncated: only {read} of {expected} frames can be read.",
                      f"{COPY_AGAIN}, or capture what is there with --end {last_seconds:.2f}.")


def open_container(path: Path) -> InputContainer:
    """Return a video file, opened. Raises VideoError."""
    head = read_head(path)
    try:
        # "file:" and the list of protocols: a name means that file, and no address, pattern or device.
        container = av.open(f"file:{os.fspath(path.absolute())}", options={"protocol_whitelist": "file"},
                            metadata_errors="replace")
    except av.FFmpegError as error:
        if not isinstance(error, av.InvalidDataError) and isinstance(error, OSError):
            raise VideoAccessError(f"Cannot open {path}: {error.strerror}.", COPY_AGAIN + ".") from None
        if any(head[offset:].startswith(signature) for offset, signature in _SIGNATURES):
            raise VideoError(f"Cannot read {path}: the video is truncated, damaged or holds no video stream.",
                             f"{COPY_AGAIN}, or re-encode it as MP4 (H.264).") from None
        raise VideoError(f"{path} is not a video.", _FORMATS) from None
    if container.format.name == "tty":      # FFmpeg draws text files
        container.close()
        raise VideoError(f"{path} is not a video.", _FORMATS)
    return container


def read_head(path: Path) -> bytes:
    """Return a file's first 16 bytes. Raises VideoError where there is no such file."""
    if not path.exists():
        raise VideoAccessError(f"There is no file {path}.", "Check the path of the video.")
    if path.is_dir():
        raise VideoError(f"{path} is a folder, not a video.", "Choose a video file.")
    try:
        with open(path, "rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise VideoAccessError(f"Cannot open {path}: {error.strerror}.", "Check the file's permissions.") from None
    if not head:
        raise VideoError(f"{path} is empty (0 bytes).", "Copy or download the video again.")
    return head


def _choose_stream(path: Path, container: InputContainer, is_sequence: bool) -> VideoStream:
    """Return the stream of pictures that a player shows; covers of songs are none."""
    if not is_sequence and (container.format.name.endswith("_pipe") or container.format.name == "image2"):
        raise VideoError(f"{path} is a picture, not a video.", _FORMATS)
    best = container.streams.best("video")
    streams = [best, *container.streams.video] if isinstance(best, VideoStream) else container.streams.video
    for stream in streams:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context.width > 0:
            return stream
    raise VideoError(f"Cannot read {path}: the video is truncated, damaged or holds no video stream.",
                     f"{COPY_AGAIN}, or re-encode it as MP4 (H.264).")


def _nominal_fps(stream: VideoStream) -> float:
    """Return the rate that Blender counts frames by, where it is near the mean rate of the pictures; otherwise that mean."""
    nominal, average = float(stream.guessed_rate or 0), float(stream.average_rate or 0)
    if average and not _NEAR_AVERAGE[0] < nominal / average < _NEAR_AVERAGE[1]:
        nominal = average
    return nominal if _FPS_RANGE[0] < nominal < _FPS_RANGE[1] else DEFAULT_FPS


def _stream_seconds(stream: VideoStream, container: InputContainer) -> float | None:
    """Return how long the pictures play, in seconds, by the file, or None."""
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    tag = stream.metadata.get("DURATION", "")      # Matroska's, as 00:00:03.000000000
    try:
        hours, minutes, seconds = tag.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return None if container.duration is None else container.duration / av.time_base
