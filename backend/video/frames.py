"""Frames of a video: upright, streamed, each with its time."""

from __future__ import annotations

import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from mpsnet_blender.shared.picture_sequence import DEFAULT_FPS

from ..base.errors import OptionError, VideoError
from .movies import open_movie, require_whole

_PREFETCHED_FRAMES = 2         # decoded ahead, beside those that the caller keeps: they bridge a slow frame, and bound memory
_LEAST_STEP = 0.01              # frames: by a smaller step, sums of rounded times differ
_LATE_FRAMES = 0.1              # by which a step may come early: rates such as 29.97 are meant to be 30
_NO_IMAGE = np.zeros((0, 0, 3), np.uint8)
_REENCODE = "Re-encode it as MP4 (H.264) and try again."


@dataclass(frozen=True)
class Frame:
    """One upright picture: image (H, W, 3) uint8 BGR, its 0-based index in the file and its time in seconds.

    Where the reader does not want the image, it is empty.
    """
    index: int
    timestamp: float
    image: np.ndarray


@dataclass(frozen=True)
class VideoSpan:
    """The part of a video that is read: size in px as shown, nominal fps, frame_count by the file, start and end in seconds."""
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


def open_span(path: str | Path, start_seconds: float = 0.0, end_seconds: float | None = None,
              picture_fps: float = DEFAULT_FPS) -> VideoSpan:
    """Check that a video can be read and return the wanted span; end_seconds None: to its end. Raises VideoError, OptionError.

    picture_fps: the rate of numbered pictures, which have no times.
    """
    path, end = Path(path), math.inf if end_seconds is None else end_seconds
    if not (start_seconds >= 0 and end > start_seconds):
        raise OptionError(f"The span from {start_seconds} to {end} s is empty.",
                          "Give --start and --end in seconds, the end after the start.")
    with open_movie(path, picture_fps) as movie:
        fps, frame_count = movie.fps, movie.frame_count
        first = next(movie.pictures(), None)
        image = None if first is None else first.make_image()
    if image is None:
        raise VideoError(f"Cannot read {path}: it holds no frames that can be decoded.", _REENCODE)
    if frame_count and start_seconds >= frame_count / fps:
        raise VideoError(f"{path} is {frame_count / fps:.2f} s long; nothing starts at {start_seconds:g} s.",
                         "Choose an earlier --start.")
    if end_seconds is None:
        require_whole(path)
    return VideoSpan(path, (image.shape[1], image.shape[0]), fps, frame_count, start_seconds, end)


def read_frames(span: VideoSpan, warn: Callable[[str], None] = lambda sentence: None, first_wanted: int = 0) -> Iterator[Frame]:
    """Yield the span's frames in order, decoded ahead in a thread; memory does not grow with the clip.

    Timestamps are those of the file, from its first picture on, so that variable frame rates keep their speed; where it has none,
    or they do not rise, they follow from the nominal frame rate. `warn` gets a sentence where pictures are damaged. Frames before
    the index `first_wanted` have no image, for time. Raises VideoError where the file ends long before its header says, or cannot
    be read on.
    """
    frames: queue.Queue[Frame | Exception | str | None] = queue.Queue(_PREFETCHED_FRAMES)
    stopped = threading.Event()

    def put(item: Frame | Exception | str | None) -> bool:
        while not stopped.is_set():
            try:
                frames.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        last: Exception | None = RuntimeError("The video decoder ended unexpectedly; the log has more.")
        try:
            for frame in _decode(span, first_wanted):
                if not put(frame):
                    return
            last = None
        except (VideoError, av.FFmpegError, cv2.error, OSError, MemoryError) as error:
            last = error
        finally:
            put(last)       # in any case, or the reader would wait for ever

    thread = threading.Thread(target=produce, name="video decoder", daemon=True)
    thread.start()
    try:
        while (item := frames.get()) is not None:
            if isinstance(item, av.FFmpegError | cv2.error):
                raise VideoError(f"Cannot decode {span.path}: {item}.", _REENCODE)
            if isinstance(item, Exception):
                raise item
            if isinstance(item, str):
                warn(item)
            else:
                yield item
    finally:
        stopped.set()
        thread.join()


def count_frames(seconds: float, fps: float) -> int:
    """Return how many frames from one to the next of what is done every so many seconds, rather too often: at least 1."""
    return max(1, int(seconds * fps + _LATE_FRAMES))


def with_upcoming(frames: Iterator[Frame], count: int) -> Iterator[tuple[Frame, list[Frame]]]:
    """Return each frame with those after it: so many, at the end of the video fewer."""
    waiting: deque[Frame] = deque()
    for frame in frames:
        waiting.append(frame)
        if len(waiting) > count:
            yield waiting.popleft(), list(waiting)
    while waiting:
        yield waiting.popleft(), list(waiting)


def _decode(span: VideoSpan, first_wanted: int) -> Iterator[Frame | str]:
    """Yield the span's frames and, last, a sentence where some are damaged."""
    index, last_timestamp, yielded, reached_end = -1, -math.inf, 0, False
    with open_movie(span.path, span.fps) as movie:
        for index, picture in enumerate(movie.pictures()):
            timestamp = picture.seconds
            if timestamp is None or not timestamp > last_timestamp + _LEAST_STEP / span.fps:
                timestamp = last_timestamp + 1.0 / span.fps if index else 0.0
            last_timestamp = timestamp
            if timestamp >= span.end_seconds:
                reached_end = True
                break
            if timestamp >= span.start_seconds - 1e-6:
                yielded += 1
                yield Frame(index, timestamp, picture.make_image() if index >= first_wanted else _NO_IMAGE)
        if not reached_end:
            movie.require_complete(last_timestamp)
        if damage := movie.damage():
            yield damage
    if not yielded:
        raise VideoError(f"{span.path} has no frames between {span.start_seconds:g} and {span.end_seconds:g} s.",
                         "Choose another --start and --end.")
