"""Frames of a video, of any format that OpenCV opens: upright, streamed, each with its time."""

from __future__ import annotations

import math
import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..base.errors import OptionError, VideoError
from .container import measure_complete_share, read_playing_seconds

_PREFETCHED_FRAMES = 4         # decoded ahead: they bridge a slow frame, and bound memory
_DEFAULT_FPS = 30.0            # where a file gives no believable rate
_FPS_RANGE = (0.5, 1000)       # frames a second: OpenCV gives 0 or 90,000 for some damaged or streamed files
_SAFE_SHARE = 0.9              # of what a truncated file seems to hold: its advice must work, and bit rates vary
# Of the expected seconds, less a margin in seconds, that must be readable: durations in headers are rounded and edited.
_COMPLETE_SHARE, _COMPLETE_MARGIN = 0.95, 0.2
# A container with a right signature that does not open is truncated or damaged; any other file is no video.
_SIGNATURES = ((4, b"ftyp"), (0, b"RIFF"), (0, b"\x1aE\xdf\xa3"), (0, b"\x00\x00\x01\xba"), (0, b"FLV"), (0, b"OggS"),
               (0, b"G@"))
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\x00", b"MM\x00*")
_REENCODE = "Re-encode it as MP4 (H.264) and try again."


@dataclass(frozen=True)
class Frame:
    """One upright picture: image (H, W, 3) uint8 BGR, its 0-based index in the file and its time in seconds."""
    index: int
    timestamp: float
    image: np.ndarray


@dataclass(frozen=True)
class VideoSpan:
    """The part of a video that is read: size in px as shown, fps and frame_count by the file, start and end in seconds."""
    path: Path
    size: tuple[int, int]
    fps: float
    frame_count: int
    start_seconds: float = 0.0
    end_seconds: float = math.inf

    @property
    def expected_frames(self) -> int:
        """The expected number of frames in the span; 0 where the file does not give its number of frames."""
        duration = self.frame_count / self.fps
        return max(0, round((min(self.end_seconds, duration) - self.start_seconds) * self.fps)) if self.frame_count else 0


def open_span(path: str | Path, start_seconds: float = 0.0, end_seconds: float | None = None) -> VideoSpan:
    """Check that a video can be read and return the wanted span; end_seconds None: to its end. Raises VideoError, OptionError."""
    path, end = Path(path), math.inf if end_seconds is None else end_seconds
    if not (start_seconds >= 0 and end > start_seconds):
        raise OptionError(f"The span from {start_seconds} to {end} s is empty.",
                          "Give --start and --end in seconds, the end after the start.")
    capture = _open(path)
    try:
        fps = capture.get(cv2.CAP_PROP_FPS)
        frame_count = int(max(0, capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        readable, image = capture.read()
    finally:
        capture.release()
    if not readable:
        raise VideoError(f"Cannot read {path}: it holds no frames that can be decoded.", _REENCODE)
    fps = fps if _FPS_RANGE[0] < fps < _FPS_RANGE[1] else _DEFAULT_FPS
    if frame_count and start_seconds >= frame_count / fps:
        raise VideoError(f"{path} is {frame_count / fps:.2f} s long; nothing starts at {start_seconds:g} s.",
                         "Choose an earlier --start.")
    if end_seconds is None and (share := measure_complete_share(path)) < 1:
        readable_seconds = _SAFE_SHARE * share * (read_playing_seconds(path) or frame_count / fps)
        raise VideoError(f"{path} is truncated: only {share:.0%} of the file is there.",
                         f"Copy or download it again, or capture what is there with --end {readable_seconds:.2f}.")
    return VideoSpan(path, (image.shape[1], image.shape[0]), fps, frame_count, start_seconds, end)


def _open(path: Path) -> cv2.VideoCapture:
    if not path.exists():
        raise VideoError(f"There is no file {path}.", "Check the path of the video.")
    if path.is_dir():
        raise VideoError(f"{path} is a folder, not a video.", "Choose a video file.")
    try:
        with open(path, "rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise VideoError(f"Cannot open {path}: {error.strerror}.", "Check the file's permissions.") from None
    if not head:
        raise VideoError(f"{path} is empty (0 bytes).", "Copy or download the video again.")
    if head.startswith(_PICTURES):
        raise VideoError(f"{path} is a picture, not a video.", "Choose a video file such as MP4, MOV, AVI, MKV or WebM.")
    capture = cv2.VideoCapture(_name_for_opencv(path), cv2.CAP_ANY)
    if not capture.isOpened():
        capture.release()
        if any(head[offset:].startswith(signature) for offset, signature in _SIGNATURES):
            raise VideoError(f"Cannot read {path}: the video is truncated, damaged or holds no video stream.",
                             "Copy or download it again, or re-encode it as MP4 (H.264).")
        raise VideoError(f"{path} is not a video.", "Choose a video file such as MP4, MOV, AVI, MKV or WebM.")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _name_for_opencv(path: Path) -> str:
    # OpenCV encodes names as UTF-8, and crashes on surrogates, by which Python represents other bytes.
    try:
        return os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        raise VideoError(f"The name of {path} is not UTF-8, which OpenCV needs.", "Rename the video.") from None


def read_frames(span: VideoSpan) -> Iterator[Frame]:
    """Yield the span's frames in order, decoded ahead in a thread; memory does not grow with the clip.

    Timestamps are those of the file, so that variable frame rates keep their speed; where it has none, or they do not rise,
    they follow from the nominal frame rate. Raises VideoError where the file ends long before its header says.
    """
    frames: queue.Queue[Frame | Exception | None] = queue.Queue(_PREFETCHED_FRAMES)
    stopped = threading.Event()

    def put(item: Frame | Exception | None) -> bool:
        while not stopped.is_set():
            try:
                frames.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            for frame in _decode(span):
                if not put(frame):
                    return
            put(None)
        except (VideoError, cv2.error, OSError, MemoryError) as error:
            put(error)

    thread = threading.Thread(target=produce, name="video decoder", daemon=True)
    thread.start()
    try:
        while (item := frames.get()) is not None:
            if isinstance(item, cv2.error):
                raise VideoError(f"Cannot decode {span.path}: {item}.", _REENCODE)
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def _decode(span: VideoSpan) -> Iterator[Frame]:
    capture = _open(span.path)
    index, last_timestamp, yielded, reached_end = -1, -math.inf, 0, False
    try:
        while capture.grab():
            index += 1
            timestamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
            if not timestamp > last_timestamp or (index and timestamp == 0):
                timestamp = last_timestamp + 1.0 / span.fps if index else 0.0
            last_timestamp = timestamp
            if timestamp >= span.end_seconds:
                reached_end = True
                break
            if timestamp < span.start_seconds - 1e-6:
                continue
            decoded, image = capture.retrieve()
            if not decoded:
                break
            yielded += 1
            yield Frame(index, timestamp, image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    finally:
        capture.release()
    if not reached_end:
        _require_complete(span, index + 1, last_timestamp)
    if not yielded:
        raise VideoError(f"{span.path} has no frames between {span.start_seconds:g} and {span.end_seconds:g} s.",
                         "Choose another --start and --end.")


def _require_complete(span: VideoSpan, read: int, last_timestamp: float) -> None:
    """Raise VideoError where a file ends long before it should. By time, as edits and variable rates make counts wrong."""
    seconds = last_timestamp + 1 / span.fps
    expected = read_playing_seconds(span.path) or span.frame_count / span.fps
    if read < span.frame_count and seconds < _COMPLETE_SHARE * expected - _COMPLETE_MARGIN:
        raise VideoError(
            f"{span.path} is truncated: only {read} frames ({seconds:.2f} of {expected:.2f} s) can be read.",
            f"Copy or download it again, or capture what is there with --end {max(0.0, last_timestamp):.2f}.")
