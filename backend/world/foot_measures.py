"""Measures of heels and toes from which contacts are found: speeds and heights, by the picture and by the solved pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.shared.arrays.frame_blocks import overlapping_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array

# The contacts' network was trained with these: a change needs a training (`training.contacts`). Sigmas of smoothing; speeds (m/s)
# and heights (m) at which a measure begins to grow, of the order of a standing foot's errors.
# Each halved or doubled without a training: slide by -0.3 to +0.7 mm a frame (`benchmarks/constants.py --end 3`).
_SIGHT_SECONDS, _POSE_SECONDS, _NOISE_SECONDS = (0.02, 0.04, 0.08), 0.04, 0.06
_ASIDE, _UP, _POSE_SPEED, _POSE_RISE = 0.15, 0.10, 0.30, 0.15
_HEIGHT, _OVER_LOWEST = 0.04, 0.05
_FASTEST = 2.0                  # m/s: limit of a foot's rise, as in a jump
_LEAST_NOISE = 0.001            # metres: no footage trembles less
_AROUND_SECONDS = 1.0           # around a block of frames: three of the largest sigma are 0.24 s
MEASURES = 2 * len(_SIGHT_SECONDS) + 9


@dataclass(frozen=True)
class SeenFeet:
    """Left heel, left toes, right heel, right toes in the world, z up, metres, at timestamps (T,) s.

    posed (T, 4, 3): soles of the solved body. seen (T, 4, 3): points on the rays of the feet's landmarks, unsmoothed, at the
    body's distance. camera (T, 3): its position; right (T, 3): the direction to the right in the picture.
    """
    posed: np.ndarray
    seen: np.ndarray
    camera: np.ndarray
    right: np.ndarray
    timestamps: np.ndarray

    def at(self, rows: slice) -> SeenFeet:
        """Return what is seen in some frames."""
        return SeenFeet(self.posed[rows], self.seen[rows], self.camera[rows], self.right[rows], self.timestamps[rows])


def measure_feet(feet: SeenFeet) -> np.ndarray:
    """Return measures (T, 4, MEASURES) of feet seen in T >= 3 frames.

    Seen landmarks are not smoothed but noisy, and have no depth, so that only their motion across the view counts. Poses have
    depth, but they are smoothed: the steps of a fast turn hardly show in them. Speeds are measured in windows of several lengths.
    """
    noise = _noise(feet)
    measures = make_array((*feet.posed.shape[:2], MEASURES))
    for block in overlapping_blocks(feet.timestamps, _AROUND_SECONDS):
        measures[block.kept] = _measure_part(feet.at(block.part), noise)[block.inner]
    return measures


def _measure_part(feet: SeenFeet, noise: float) -> np.ndarray:
    right, up = _axes(feet)
    across = [(_along(velocity, right), _along(velocity, up))
              for velocity in (_motion(feet.seen, feet.timestamps, seconds)[1] for seconds in _SIGHT_SECONDS)]
    height = _motion(feet.seen, feet.timestamps, _SIGHT_SECONDS[1])[0][..., 2]
    posed, speed = _motion(feet.posed, feet.timestamps, _POSE_SECONDS)
    columns = [part for aside, rise in across for part in (_grown(aside, _ASIDE), _grown(rise, _UP))]
    columns += [np.clip(rise, -_FASTEST, _FASTEST) for _, rise in across[1:]]
    columns += [_grown(np.maximum(height, 0), _HEIGHT), _grown(np.maximum(posed[..., 2], 0), _HEIGHT),
                _grown(height - height.min(1, keepdims=True), _OVER_LOWEST),
                np.broadcast_to((0.0, 1.0, 0.0, 1.0), height.shape),
                _grown(np.linalg.norm(speed, axis=-1), _POSE_SPEED), _grown(speed[..., 2], _POSE_RISE),
                np.full(height.shape, noise)]
    return np.stack(columns, axis=-1)


def _axes(feet: SeenFeet) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions to the right and up (T, 4, 3), across the view of each foot."""
    rays = feet.seen - feet.camera[:, None]
    rays = rays / np.maximum(np.linalg.norm(rays, axis=-1, keepdims=True), 1e-9)
    right = feet.right[:, None] - (feet.right[:, None] * rays).sum(-1, keepdims=True) * rays
    return right, np.cross(right, rays)


def _motion(points: np.ndarray, timestamps: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (T, 4, 3) smoothed by a window of so many seconds, and their velocities."""
    positions = smooth_measured(points.reshape(len(points), -1), timestamps, seconds).reshape(points.shape)
    return positions, np.gradient(positions, timestamps, axis=0)


def _noise(feet: SeenFeet) -> float:
    """Return the logarithm of the noise (m) of the seen feet in this clip: small people have more."""
    trembling = np.concatenate([_measure_trembling(feet.at(block.part))[block.inner]
                                for block in overlapping_blocks(feet.timestamps, _AROUND_SECONDS)])
    return float(np.log(max(np.median(np.median(trembling, axis=0).sum(-1)), _LEAST_NOISE)))


def _measure_trembling(feet: SeenFeet) -> np.ndarray:
    """Return how far the seen feet are from their smoothed places, to the right and up (T, 4, 2), metres."""
    trembling = feet.seen - _motion(feet.seen, feet.timestamps, _NOISE_SECONDS)[0]
    return np.stack([np.abs(_along(trembling, axis)) for axis in _axes(feet)], axis=-1)


def _along(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    return (vectors * axis).sum(-1)


def _grown(values: np.ndarray, scale: float) -> np.ndarray:
    return np.log1p((values / scale) ** 2)
