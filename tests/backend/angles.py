"""Angles between rotations, for the tests."""

import numpy as np
from scipy.spatial.transform import Rotation


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the angles (N,) in radians between rotations (N, 3, 3)."""
    return Rotation.from_matrix(np.swapaxes(a, -1, -2) @ b).magnitude()
