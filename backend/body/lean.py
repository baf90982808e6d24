"""Measures and removes an error of the landmark model: its bodies lean towards a level camera."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks

from ..base.pinhole import compute_rays, rotmats_towards
from ..people.landmarks import LANDMARK, TORSO
from ..people.stitching import PersonTrack

# Measured on eight rendered clips, with cameras pitched by 0 to 15 degrees: landmarks of upright people lean by 6.7 degrees
# towards a level camera, and by 0.75 degrees more for each degree of the camera's pitch.
_LEAN_AT_LEVEL, _SHARE_SEEN = np.radians(6.7), 0.75
_USUAL_LEAN = np.radians(9.0)       # for clips without a standing person: about that of a camera held at eye level, 3° down
_MIN_STRETCH = 0.85     # distance from shoulders to ankles over the way by the hips: below it a person bends or sits; by eye


def measure_lean_bias(tracks: list[PersonTrack], intrinsics: np.ndarray) -> float:
    """Return by how many radians the landmarks lean too far towards the camera, from the median over standing people."""
    leans = np.concatenate([_measure_leans(track.at(rows), intrinsics)
                            for track in tracks for rows in frame_blocks(len(track.timestamps))])
    seen = float(np.median(leans)) if len(leans) else _USUAL_LEAN
    return seen - (seen - _LEAN_AT_LEVEL) / _SHARE_SEEN


def remove_lean(world: np.ndarray, bias: float) -> np.ndarray:
    """Return landmarks (T, 33, 3), in the camera's axes, rotated back about its x axis by the bias in radians."""
    cosine, sine = np.cos(bias), np.sin(bias)
    return world @ np.array(((1, 0, 0), (0, cosine, -sine), (0, sine, cosine)))


def _measure_leans(track: PersonTrack, intrinsics: np.ndarray) -> np.ndarray:
    """Return the leans towards the camera, radians (N,), of the frames in which the person stands upright."""
    towards = rotmats_towards(compute_rays(track.xy, intrinsics)[:, TORSO].mean(1))
    world = np.einsum("tij,tkj->tki", towards, track.world)

    def middle(joint: str) -> np.ndarray:
        return (world[:, LANDMARK[f"left_{joint}"]] + world[:, LANDMARK[f"right_{joint}"]]) / 2

    up = middle("shoulder") - middle("ankle")
    length = np.linalg.norm(middle("shoulder") - middle("hip"), axis=1) + np.linalg.norm(middle("hip") - middle("ankle"), axis=1)
    stretched = np.linalg.norm(up, axis=1) > _MIN_STRETCH * length
    is_upright = stretched & (-up[:, 1] > np.hypot(up[:, 0], up[:, 2]))
    return np.arctan2(-up[is_upright, 2], -up[is_upright, 1])
