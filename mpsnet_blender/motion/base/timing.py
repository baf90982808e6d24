"""Between the seconds of a video and the frames of a scene."""

from __future__ import annotations

import math

import numpy as np

_WHOLE_FRAME = 1e-3  # frames; timestamps of a constant rate fall this near to whole frames of a scene of that rate


def scene_frames(timestamps: np.ndarray, origin_seconds: float, start_frame: float, scene_fps: float) -> np.ndarray:
    """Return the scene frames (T,), fractional where they must be, at which a video's timestamps (T,) in seconds play.

    `origin_seconds` of the video falls on `start_frame`, and the motion keeps the video's own speed. At the scene's own
    rate the frames are exactly whole.
    """
    return whole_where_nearly(start_frame + (np.asarray(timestamps, dtype=np.float64) - origin_seconds) * scene_fps)


def whole_where_nearly(frames: np.ndarray) -> np.ndarray:
    """Return frames (T,), exactly whole where all of them nearly are."""
    whole = np.round(frames)
    return whole if np.abs(frames - whole).max(initial=0.0) < _WHOLE_FRAME else frames


def fps_and_base(framerate: float) -> tuple[int, float]:
    """Return Blender's (fps, fps_base) whose quotient is `framerate`: 29.97 gives (30, 1.001)."""
    fps = max(1, math.ceil(framerate - 1e-6))
    return fps, fps / framerate


def clock(seconds: float) -> str:
    """Return a time for people: 75.2 gives "1:15"."""
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    return f"{minutes}:{rest:02d}"
