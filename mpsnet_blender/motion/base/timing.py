"""Conversion between the seconds of a video and the frames of a scene."""

from __future__ import annotations

import math

import numpy as np

_WHOLE_FRAME = 1e-3  # frames; above the rounding of timestamps of a constant rate, below every wanted fraction of a frame


def compute_scene_frames(timestamps: np.ndarray, origin_seconds: float, start_frame: float, scene_fps: float) -> np.ndarray:
    """Return the scene frames (T,), fractional where necessary, at which a video's timestamps (T,) in seconds play.

    `origin_seconds` of the video is at `start_frame`, and the motion keeps the video's speed. Where the video has the scene's
    rate, the frames are exactly whole.
    """
    return round_to_whole(start_frame + (np.asarray(timestamps, dtype=np.float64) - origin_seconds) * scene_fps)


def round_to_whole(frames: np.ndarray) -> np.ndarray:
    """Return frames (T,), rounded where all of them are nearly whole."""
    whole = np.round(frames)
    return whole if np.abs(frames - whole).max(initial=0.0) < _WHOLE_FRAME else frames


def split_frame_rate(framerate: float) -> tuple[int, float]:
    """Return Blender's (fps, fps_base) whose quotient is `framerate`: 29.97 gives (30, 1.001)."""
    fps = max(1, math.ceil(framerate - 1e-6))
    return fps, fps / framerate
