"""Motion at an even frame rate, for formats without timestamps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...shared.hands.poses import HandPoses
from ...shared.motion_file import Motion
from ..base.quaternions import slerp
from ..base.rotations import quat_from_rotvec, rotvec_from_quat

# Frames by which a timestamp may differ from an even one before the motion is resampled. Timestamps in whole milliseconds, as in
# Matroska, differ by 0.5 ms: 0.015 frames at 30 frames a second, so that such files are resampled, others are not.
_EVEN = 0.01


def resample_evenly(motion: Motion, framerate: float | None = None) -> Motion:
    """Return the motion with `framerate` frames a second (None: the motion's mocap_framerate), interpolated between frames.

    A motion whose timestamps are even at that rate is returned unchanged. Rotations take the shorter arc; contacts,
    confidences and frame_index are those of the nearest frame; keypoints and the path of a moving camera are left out,
    because they belong to the video's frames.
    """
    framerate = framerate or motion.mocap_framerate
    seconds = motion.timestamps - motion.timestamps[0]
    if framerate == motion.mocap_framerate and _is_even(seconds, framerate):
        return motion
    times = np.arange(int(np.floor(seconds[-1] * framerate + _EVEN)) + 1) / framerate
    before, share = _find_neighbours(seconds, times)
    nearest = np.minimum(before + (share > 0.5), motion.frame_count - 1)
    return replace(
        motion, poses=_interpolate_rotations(motion.poses, before, share), trans=_interpolate(motion.trans, before, share),
        mocap_framerate=framerate, timestamps=motion.timestamps[0] + times, frame_index=motion.frame_index[nearest],
        confidence=motion.confidence[nearest], contacts=motion.contacts[nearest], keypoints2d=None,
        hands=motion.hands and _resample_hands(motion.hands, before, share, nearest),
        world_from_cam=motion.world_from_cam if motion.world_from_cam is None or len(motion.world_from_cam) == 1 else None)


def _is_even(seconds: np.ndarray, framerate: float) -> bool:
    return bool(np.abs(seconds * framerate - np.arange(len(seconds))).max() < _EVEN)


def _find_neighbours(seconds: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each time the frame (N,) at or before it, and its fraction (N,) 0..1 of the time to the next frame."""
    before = np.clip(np.searchsorted(seconds, times, side="right") - 1, 0, max(len(seconds) - 2, 0))
    after = np.minimum(before + 1, len(seconds) - 1)
    length = np.where(after > before, seconds[after] - seconds[before], 1.0)
    return before, np.clip((times - seconds[before]) / length, 0.0, 1.0)


def _interpolate(values: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    after = np.minimum(before + 1, len(values) - 1)
    return values[before] + share[:, None] * (values[after] - values[before])


def _interpolate_rotations(poses: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return rotation vectors (N, 3 J) between frames of `poses` (T, 3 J): spherical linear interpolation (Shoemake 1985)."""
    quats = quat_from_rotvec(np.reshape(poses, (len(poses), -1, 3)))
    between = slerp(quats[before], quats[np.minimum(before + 1, len(quats) - 1)], share[:, None])
    return rotvec_from_quat(between).reshape(len(before), -1)


def _resample_hands(hands: HandPoses, before: np.ndarray, share: np.ndarray, nearest: np.ndarray) -> HandPoses:
    left, right = (_interpolate_rotations(pose, before, share) for pose in (hands.left_hand_pose, hands.right_hand_pose))
    return HandPoses(left, right, hands.hand_confidence[nearest])
