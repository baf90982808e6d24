"""The landmark model's bodies lean towards a level camera. This measures by how much, and removes it."""

from __future__ import annotations

import numpy as np

from ..base.pinhole import rays, rotmats_towards
from ..people.landmarks import LANDMARK, TORSO
from ..people.stitching import PersonTrack

# Measured on eight rendered clips, cameras pitched 0 to 15 degrees: upright people seem to lean by 6.7 degrees towards a
# level camera, and a quarter of the camera's pitch is lost.
_LEAN_AT_LEVEL, _SHARE_SEEN = np.radians(6.7), 0.75
_USUAL_LEAN = np.radians(9.0)       # where nobody stands: that of a camera 3 degrees down, as one held at the eyes is
_MIN_STRETCH = 0.85     # of shoulders to hips to ankles: below, a person bends or sits, and the lean is no error


def lean_bias(tracks: list[PersonTrack], intrinsics: np.ndarray) -> float:
    """Return by how many radians landmarks lean too far towards the camera, from the median over standing people."""
    leans = np.concatenate([_leans(track, intrinsics) for track in tracks])
    seen = float(np.median(leans)) if len(leans) else _USUAL_LEAN
    return seen - (seen - _LEAN_AT_LEVEL) / _SHARE_SEEN


def remove_lean(world: np.ndarray, bias: float) -> np.ndarray:
    """Return landmarks (T, 33, 3), in the camera's axes, rotated back about its x axis by the bias in radians."""
    cosine, sine = np.cos(bias), np.sin(bias)
    return world @ np.array(((1, 0, 0), (0, cosine, -sine), (0, sine, cosine)))


def _leans(track: PersonTrack, intrinsics: np.ndarray) -> np.ndarray:
    """Return the lean towards the camera, radians (N,), in the frames in which a person stands upright and stretched."""
    towards = rotmats_towards(rays(track.xy, intrinsics)[:, TORSO].mean(1))
    world = np.einsum("tij,tkj->tki", towards, track.world)

    def middle(joint: str) -> np.ndarray:
        return (world[:, LANDMARK[f"left_{joint}"]] + world[:, LANDMARK[f"right_{joint}"]]) / 2

    up = middle("shoulder") - middle("ankle")
    length = np.linalg.norm(middle("shoulder") - middle("hip"), axis=1) + np.linalg.norm(middle("hip") - middle("ankle"), axis=1)
    stretched = np.linalg.norm(up, axis=1) > _MIN_STRETCH * length
    is_upright = stretched & (-up[:, 1] > np.hypot(up[:, 0], up[:, 2]))
    return np.arctan2(-up[is_upright, 2], -up[is_upright, 1])
