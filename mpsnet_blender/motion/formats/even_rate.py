"""Motion at an even frame rate, for formats that know nothing of timestamps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...shared.motion_file import Motion
from ...shared.smpl_skeleton import JOINT_COUNT
from ..base.quaternions import slerp
from ..base.rotations import quat_from_rotvec, rotvec_from_quat

_EVEN = 0.01  # frames that a timestamp may lie off its place before the motion is resampled


def at_even_rate(motion: Motion, framerate: float | None = None) -> Motion:
    """Return the motion with frames `framerate` a second (its own where None), interpolated where they were not.

    A motion whose timestamps are even at that rate comes back as it is. Rotations go the short way round; contacts,
    confidence and frame_index are the nearest frame's; keypoints and the camera's path are left out, for they belong
    to the video's frames.
    """
    framerate = framerate or motion.mocap_framerate
    seconds = motion.timestamps - motion.timestamps[0]
    if framerate == motion.mocap_framerate and _is_even(seconds, framerate):
        return motion
    times = np.arange(int(np.floor(seconds[-1] * framerate + _EVEN)) + 1) / framerate
    before, share = _places(seconds, times)
    nearest = np.minimum(before + (share > 0.5), motion.frame_count - 1)
    return replace(
        motion, poses=_between_rotations(motion.poses, before, share), trans=_between(motion.trans, before, share),
        mocap_framerate=framerate, timestamps=motion.timestamps[0] + times, frame_index=motion.frame_index[nearest],
        confidence=motion.confidence[nearest], contacts=motion.contacts[nearest], keypoints2d=None,
        world_from_cam=motion.world_from_cam if motion.world_from_cam is None or len(motion.world_from_cam) == 1 else None)


def _is_even(seconds: np.ndarray, framerate: float) -> bool:
    return bool(np.abs(seconds * framerate - np.arange(len(seconds))).max() < _EVEN)


def _places(seconds: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each time the frame (N,) at or before it, and how far (N,) 0..1 it lies on the way to the next one."""
    before = np.clip(np.searchsorted(seconds, times, side="right") - 1, 0, max(len(seconds) - 2, 0))
    after = np.minimum(before + 1, len(seconds) - 1)
    length = np.where(after > before, seconds[after] - seconds[before], 1.0)
    return before, np.clip((times - seconds[before]) / length, 0.0, 1.0)


def _between(values: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    after = np.minimum(before + 1, len(values) - 1)
    return values[before] + share[:, None] * (values[after] - values[before])


def _between_rotations(poses: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return rotation vectors (N, 72) between frames of `poses` (T, 72): spherical linear interpolation (Shoemake 1985)."""
    quats = quat_from_rotvec(poses.reshape(-1, JOINT_COUNT, 3))
    between = slerp(quats[before], quats[np.minimum(before + 1, len(quats) - 1)], share[:, None])
    return rotvec_from_quat(between).reshape(-1, 3 * JOINT_COUNT)
