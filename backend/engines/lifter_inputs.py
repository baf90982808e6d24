"""Inputs of our temporal network: a person's landmarks in each frame, and the analytic solve from which it starts.

All directions are relative to the ray to the person, as in the landmark model's crops: so the position in the picture does
not matter. Lengths are in units of the stature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.pinhole import compute_rays, rotmats_towards
from ..body.lifting import LiftedTrack
from ..people.landmarks import LANDMARK, LANDMARK_COUNT, TORSO
from ..people.stitching import PersonTrack

WINDOW, CENTRE = 16, 8
FRAMES_PER_SECOND = 30.0
POSE_SIZE = 144
# Image points, scores, the landmark model's points in space, the lifted ones, the analytic rotations.
INPUT_SIZE = LANDMARK_COUNT * (2 + 1 + 3 + 3) + POSE_SIZE
_HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]
# Scales of inputs, with which the network was trained. Statures: the usual distance of landmarks from the hips, so that inputs
# are of the order of 1; and the limit of all inputs, beyond which a landmark lies outside any body.
_SPREAD, _LARGEST = 0.25, 4.0
_STATURE = 1.7                # metres of the landmark model's bodies


@dataclass(frozen=True)
class LifterInputs:
    """frames (T, INPUT_SIZE) and start (T, 144), the analytic rotations as 6D, float32.

    towards (T, 3, 3) takes directions relative to the ray to the person to the camera's axes.
    """
    frames: np.ndarray
    start: np.ndarray
    towards: np.ndarray


def make_lifter_inputs(track: PersonTrack, lifted: LiftedTrack, rotmats: np.ndarray, intrinsics: np.ndarray) -> LifterInputs:
    """Return the network's inputs for a track (gaps filled), lifted, with its analytic rotations (T, 24, 3, 3)."""
    frame_count, unit = len(track.timestamps), lifted.body.stature * _SPREAD
    towards = rotmats_towards(lifted.point_rays[:, TORSO].mean(1))
    from_camera = np.swapaxes(towards, -1, -2)
    seen = compute_rays(track.xy, intrinsics) @ towards                                   # rows: rays in the person's axes
    depth = np.einsum("tki,ti->tk", lifted.points[:, _HIPS], towards[:, :, 2]).mean(1)
    image = seen[..., :2] / np.maximum(seen[..., 2:], 0.1) * depth[:, None, None] / unit
    points = (lifted.points - lifted.points[:, _HIPS].mean(1, keepdims=True)) @ towards / unit
    start = rotmats.copy()
    start[:, 0] = from_camera @ rotmats[:, 0]
    rot6d = start[..., :2].reshape(frame_count, POSE_SIZE)
    parts = (image, 2 * track.score - 1, track.world / _SPREAD / _STATURE, points, rot6d)
    frames = np.concatenate([np.asarray(part, np.float32).reshape(frame_count, -1) for part in parts], axis=1)
    return LifterInputs(np.clip(frames, -_LARGEST, _LARGEST, out=frames), rot6d.astype(np.float32), towards)


def window_indices(timestamps: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """Return the frames (T, 16) of each frame's window: those nearest to 30 a second, the frame itself at index 8.

    timestamps (T,) s; breaks: rows at which a new span begins after a gap. A window does not leave its span: the span's first
    or last frame is repeated.
    """
    edges = np.concatenate([[0], breaks, [len(timestamps)]])
    span = np.searchsorted(breaks, np.arange(len(timestamps)), side="right")
    wanted = timestamps[:, None] + (np.arange(WINDOW) - CENTRE) / FRAMES_PER_SECOND
    after = np.clip(np.searchsorted(timestamps, wanted), 1, max(1, len(timestamps) - 1))
    nearer_before = np.abs(wanted - timestamps[after - 1]) <= np.abs(timestamps[np.minimum(after, len(timestamps) - 1)] - wanted)
    frames = np.where(nearer_before, after - 1, np.minimum(after, len(timestamps) - 1))
    frames[:, CENTRE] = np.arange(len(timestamps))
    return np.clip(frames, edges[span][:, None], edges[span + 1][:, None] - 1)


def rotmats_from_rot6d(rot6d: np.ndarray) -> np.ndarray:
    """Return rotations (T, 24, 3, 3) of 6D rotations (T, 144): (3, 2) per joint, the first two columns (Zhou et al. 2019)."""
    first, second = np.moveaxis(rot6d.reshape(len(rot6d), -1, 3, 2), -1, 0)
    first = first / np.maximum(np.linalg.norm(first, axis=-1, keepdims=True), 1e-9)
    second = second - (first * second).sum(-1, keepdims=True) * first
    second = second / np.maximum(np.linalg.norm(second, axis=-1, keepdims=True), 1e-9)
    return np.stack([first, second, np.cross(first, second)], axis=-1)
