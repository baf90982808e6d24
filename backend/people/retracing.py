"""Follows people back through the frames before they were found, up to another person or to where they were seen before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import cv2
import numpy as np

from ..base.background import background_thread
from ..video.frames import Frame
from .appearance import measure_appearance
from .landmarks import LandmarkModel, Landmarks
from .skeletons import skeleton_distance
from .tracklets import Tracklet, continues, is_seen

# Small people are searched every two seconds, and traced back from their tenth observation on.
_KEPT_SECONDS = 2.5
_KEPT_BYTES = 32 * 2 ** 20      # of compressed frames before the latest: 2.5 s of 1080p at 30 frames a second take about 6 MB
_JPEG_QUALITY = 90              # finer than the video's own compression
# Pictures are kept halved while they stay as long as this (px), for time: 1080p takes 2.6 ms a frame in place of 6. Somebody in
# 1080p who came into view at 277, 166 and 121 px was followed back to the same frame as in whole pictures, with landmarks that
# differ by 0.4, 0.8 and 1.4 % of the height; the model's two readings of one picture differ by 0.8 % in the mean.
_LEAST_LONG_SIDE = 960
_OTHER_PERSON = 0.35            # skeleton distance (body radii) from somebody else below which that one is read instead


@dataclass(frozen=True)
class _Kept:
    index: int
    timestamp: float
    size: tuple[int, int]       # width and height in px of the frame, which may be larger than what is kept of it
    jpeg: Future[np.ndarray]


class RecentFrames:
    """The frames of the last seconds, compressed: the memory is the same however long the clip and large the pictures.

    A thread compresses a frame while the people in it are read; the frame's image must not change meanwhile.
    """

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._bytes = 0             # of all frames but the latest, which may still be in work
        self._thread = background_thread("recent-frames")

    @property
    def indices(self) -> list[int]:
        """The frame_index of each frame that is kept, the earliest first."""
        return [kept.index for kept in self._kept]

    def add(self, frame: Frame) -> None:
        """Keep a frame, and let go of those that are too old or too many."""
        if self._kept:
            self._bytes += self._kept[-1].jpeg.result().size
        height, width = frame.image.shape[:2]
        self._kept.append(_Kept(frame.index, frame.timestamp, (width, height), self._thread.submit(_compress, frame.image)))
        while self._bytes > _KEPT_BYTES or frame.timestamp - self._kept[0].timestamp > _KEPT_SECONDS:
            self._bytes -= self._kept.popleft().jpeg.result().size

    def before(self, index: int) -> Iterator[Frame]:
        """Yield the kept frames before a frame_index, the latest first."""
        for kept in reversed(self._kept):
            if kept.index < index:
                # An array for sure: it was encoded here.
                image = np.asarray(cv2.imdecode(kept.jpeg.result(), cv2.IMREAD_COLOR))
                is_whole = image.shape[1::-1] == kept.size
                yield Frame(kept.index, kept.timestamp, image if is_whole else cv2.resize(image, kept.size))


def _compress(image: np.ndarray) -> np.ndarray:
    while max(image.shape[:2]) >= 2 * _LEAST_LONG_SIDE:     # in halves: by other factors it takes longer than what it spares
        image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]


def trace_back(tracklet: Tracklet, row: int, recent: RecentFrames, others: list[Tracklet], model: LandmarkModel) -> None:
    """Add to a tracklet the person's observations in the frames before that of a row, as far back as the person is seen.

    It ends at the frame of the row before, where there is one, and where the reading shows one of the others.
    """
    earliest = tracklet.frame_index[row - 1] if row else -1
    # In reversed time the person is followed as any other; only the clock runs backwards.
    back = Tracklet()
    for number in range(min(len(tracklet.observations) - 1, row + 2), row - 1, -1):
        back.append(tracklet.frame_index[number], -tracklet.timestamps[number], tracklet.observations[number],
                    tracklet.appearances[number])
    known = len(back.observations)
    for frame in recent.before(tracklet.frame_index[row]):
        if frame.index <= earliest:
            break
        region = back.predicted_region(-frame.timestamp)
        (landmarks,) = model(frame.image, [region], [back.needs_recheck])
        if not is_seen(landmarks) or not continues(back, region, landmarks) or _is_another(landmarks, frame.index, others):
            break
        back.append(frame.index, -frame.timestamp, landmarks, measure_appearance(frame.image, landmarks))
    tracklet.insert(row, back, slice(known, None))


def _is_another(landmarks: Landmarks, frame_index: int, others: list[Tracklet]) -> bool:
    seen = (other.at(frame_index) for other in others)
    return any(other is not None and skeleton_distance(landmarks, other) < _OTHER_PERSON for other in seen)
