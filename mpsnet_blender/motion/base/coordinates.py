"""Conversion between SMPL's rest frame (Y up, facing +Z), the video camera (y down, z forward) and Blender (Z up, facing -Y)."""

from __future__ import annotations

import numpy as np

# (x, y, z) -> (x, -z, y): Y up becomes Z up; +Z, where the body faces, becomes -Y, so that Blender's front view shows its face.
BLENDER_FROM_SMPL = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)))
# A Blender camera looks along its -Z with Y up; a video camera along its +z with y down.
VIDEO_CAM_FROM_BLENDER_CAM = np.diag((1.0, -1.0, -1.0, 1.0))


def blender_from_smpl(points: np.ndarray) -> np.ndarray:
    """Return points (..., 3) of SMPL's rest frame in Blender's axes, same unit."""
    return np.asarray(points, dtype=np.float64) @ BLENDER_FROM_SMPL.T


def blender_camera_matrix(world_from_cam: np.ndarray) -> np.ndarray:
    """Return the world matrices (..., 4, 4) of Blender cameras with the video cameras' positions and views."""
    return np.asarray(world_from_cam, dtype=np.float64) @ VIDEO_CAM_FROM_BLENDER_CAM
