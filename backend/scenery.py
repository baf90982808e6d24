"""What stands still behind the people, gathered while the video is read: upright lines, from which gravity is told."""

from __future__ import annotations

import cv2
import numpy as np

from .regions import Region
from .vertical_lines import Vertical, find_vertical, steep_lines
from .video import Frame

_LONG_SIDE = 640            # px of the pictures that are looked at
_LINES_EVERY_SECONDS = 2.0


class Scenery:
    """Looks past the people at each frame; cheap, and small in memory however long the clip."""

    def __init__(self):
        self._lines: list[np.ndarray] = []
        self._next_lines = -np.inf

    def step(self, frame: Frame, people: list[Region]) -> None:
        """Take in a frame and where people are in it."""
        if frame.timestamp < self._next_lines:
            return
        self._next_lines = frame.timestamp + _LINES_EVERY_SECONDS - 1e-6
        scale = min(1.0, _LONG_SIDE / max(frame.image.shape))
        small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        lines = steep_lines(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)) / np.float32(scale)
        self._lines.append(lines[~_covered((lines[:, :2] + lines[:, 2:]) / 2, people)])

    def vertical(self, intrinsics: np.ndarray) -> Vertical | None:
        """Return which way is down before the camera with these intrinsics (3, 3) in px, where upright lines tell it."""
        if not self._lines:
            return None
        lines = np.concatenate(self._lines)
        return find_vertical(lines, np.broadcast_to(np.eye(3), (len(lines), 3, 3)), len(self._lines), intrinsics)


def _covered(points: np.ndarray, people: list[Region]) -> np.ndarray:
    """Tell which points (N, 2) px lie on somebody."""
    covered = np.zeros(len(points), dtype=bool)
    for region in people:
        covered |= np.linalg.norm(points - region.centre, axis=1) < region.body_radius
    return covered
