"""The landmark model's bodies lean towards a level camera: how far, and what that says of the camera's pitch."""

from __future__ import annotations

import numpy as np

from ..base.pinhole import rays, turned_towards
from ..people.landmarks import LANDMARK, TORSO
from ..people.stitching import PersonTrack

# Measured on eight rendered clips, cameras pitched 0 to 15 degrees: upright people seem to lean 6.7 degrees towards a
# level camera, and a quarter of the camera's pitch is lost.
_LEAN_AT_LEVEL, _SHARE_SEEN = np.radians(6.7), 0.75
_USUAL_LEAN = np.radians(9.0)
_MIN_STRETCH = 0.85     # of the sum of the lengths from shoulders to hips to ankles


def lean_bias(tracks: list[PersonTrack], intrinsics: np.ndarray) -> float:
    """Return by how many radians landmarks lean too far towards the camera, from how people stand on average."""
    leans = np.concatenate([_leans(track, intrinsics) for track in tracks])
    seen = float(np.median(leans)) if len(leans) else _USUAL_LEAN
    return seen - (seen - _LEAN_AT_LEVEL) / _SHARE_SEEN


def without_lean(world: np.ndarray, bias: float) -> np.ndarray:
    """Return landmarks (T, 33, 3) in the camera's axes turned back about its x axis by the bias in radians."""
    cosine, sine = np.cos(bias), np.sin(bias)
    return world @ np.array(((1, 0, 0), (0, cosine, -sine), (0, sine, cosine)))


def _leans(track: PersonTrack, intrinsics: np.ndarray) -> np.ndarray:
    """Return the lean in radians towards the camera in the frames (N,) in which a person stands stretched."""
    towards = turned_towards(rays(track.xy, intrinsics)[:, TORSO].mean(1))
    world = np.einsum("tij,tkj->tki", towards, track.world)

    def middle(joint: str) -> np.ndarray:
        return (world[:, LANDMARK[f"left_{joint}"]] + world[:, LANDMARK[f"right_{joint}"]]) / 2

    up = middle("shoulder") - middle("ankle")
    length = np.linalg.norm(middle("shoulder") - middle("hip"), axis=1) + np.linalg.norm(middle("hip") - middle("ankle"), axis=1)
    stretched = np.linalg.norm(up, axis=1) > _MIN_STRETCH * length
    standing = stretched & (-up[:, 1] > np.hypot(up[:, 0], up[:, 2]))
    return np.arctan2(-up[standing, 2], -up[standing, 1])
