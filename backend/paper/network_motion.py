"""What a network makes of a track's features, and the translation that its crop cameras tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array

from ..models.regressor import BodyEstimate

_SHAPES = (24, 3, 3), (10,), (3,)


@dataclass(frozen=True)
class NetworkMotion:
    """The network's result for T frames: rotmats (T, 24, 3, 3), betas (T, 10), weak_cam (T, 3), float32.

    As `models.regressor.BodyEstimate`: the root's matrix takes the rest frame to the crop camera's.
    """
    rotmats: np.ndarray
    betas: np.ndarray
    weak_cam: np.ndarray

    @staticmethod
    def of_frames(frame_count: int) -> NetworkMotion:
        """Return a motion of zeros, to be filled."""
        return NetworkMotion(*(make_array((frame_count, *shape), np.float32) for shape in _SHAPES))

    @staticmethod
    def of_estimates(estimates: Iterable[BodyEstimate], frame_count: int) -> NetworkMotion:
        """Return the motion of estimates one after another, of so many frames together."""
        motion, start = NetworkMotion.of_frames(frame_count), 0
        for estimate in estimates:
            part = NetworkMotion(*(values.cpu().numpy() for values in (estimate.rotmats, estimate.betas, estimate.weak_cam)))
            motion.fill(start, part)
            start += len(part.rotmats)
        return motion

    def fill(self, start: int, part: NetworkMotion) -> None:
        """Put a part's frames in the place of those from `start` on."""
        rows = slice(start, start + len(part.rotmats))
        self.rotmats[rows], self.betas[rows], self.weak_cam[rows] = part.rotmats, part.betas, part.weak_cam
        let_go()


class FeatureNetwork(Protocol):
    """One of the networks that turn features into bodies, with its weights, on its device."""

    def run(self, features: np.ndarray) -> NetworkMotion:
        """Return the motion of features (T, 2048) of consecutive frames, about 30 a second."""
        ...


def translation_from_weak_cam(weak_cam: np.ndarray, boxes: np.ndarray, camera_matrix: np.ndarray,
                              crop_scale: float) -> np.ndarray:
    """Return the body's translation (T, 3) in metres in the image's camera (x right, y down, z forward).

    weak_cam (T, 3) is s, tx, ty of the crop; boxes (T, 3) centre cx, cy and side in px, before the crop's scale;
    camera_matrix (3, 3) with focal length f and principal point px, py; crop_scale: the crop's side over the box's.

    The crop's side in the image is h = crop_scale side. The network places a point X of the body at u = cx + h/2 s (X + tx); a
    camera at u = px + f (X + x) / z, for points at the body's depth z. The same size gives z = 2 f / (h s), the same
    place x = tx + (cx - px) z / f; y likewise (CLIFF, Li et al., ECCV 2022, eq. 4 and 5).
    """
    scale, shift = weak_cam[:, :1], weak_cam[:, 1:]
    focal, principal = camera_matrix[0, 0], camera_matrix[:2, 2]
    # A scale at or below zero would put the body at infinity or behind the camera.
    depth = 2 * focal / (crop_scale * boxes[:, 2:3] * np.maximum(scale, 1e-3))
    return np.concatenate((shift + (boxes[:, :2] - principal) * depth / focal, depth), axis=1)
