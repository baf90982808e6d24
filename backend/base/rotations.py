"""Rotations from directions, over all frames at once: axes, swings, twists, best fits."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from .smoothing import nearest_rotmats


def transpose(rotmats: np.ndarray) -> np.ndarray:
    return np.swapaxes(rotmats, -1, -2)


def rotate(rotmats: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return vectors (T, 3) or (3,) rotated by rotmats (T, 3, 3)."""
    return np.einsum("tij,tj->ti", rotmats, np.broadcast_to(vectors, (len(rotmats), 3)))


def normalize(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def make_axes(primary: np.ndarray, secondary: np.ndarray) -> np.ndarray:
    """Return right-handed axes (..., 3, 3): the first column along `primary`, the second near `secondary`."""
    first = normalize(primary)
    third = normalize(np.cross(first, secondary))
    return np.stack([first, np.cross(third, first), third], axis=-1)


def shortest_rotmats(start: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the smallest rotations (T, 3, 3) that take the direction `start` (3,) to directions `ends` (T, 3)."""
    start, ends = normalize(start), normalize(ends)
    axis = np.cross(np.broadcast_to(start, ends.shape), ends)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, ends @ start)
    # Opposite directions have no smallest rotation: any axis across `start` serves.
    across = normalize(np.cross(start, np.eye(3)[np.argmin(np.abs(start))]))
    axis = np.where(sine[:, None] > 1e-7, axis / np.maximum(sine, 1e-7)[:, None], across)
    return Rotation.from_rotvec(axis * angle[:, None]).as_matrix()


def rotmats_about(axis: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) by angles (T,) about one axis (3,)."""
    return Rotation.from_rotvec(normalize(axis) * angles[:, None]).as_matrix()


def split_swing_and_twist(rotmats: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split rotations (T, 3, 3) into swing, as rotation vectors (T, 3), after a twist by angles (T,) about `axis`."""
    axis = normalize(axis)
    quat = Rotation.from_matrix(rotmats).as_quat()
    twist = 2 * np.arctan2(quat[:, :3] @ axis, quat[:, 3])
    twist = (twist + np.pi) % (2 * np.pi) - np.pi
    bend = Rotation.from_matrix(rotmats @ transpose(rotmats_about(axis, twist))).as_rotvec()
    return bend, twist


def limit_angles(rotvecs: np.ndarray, limit: float) -> np.ndarray:
    """Return rotation vectors (T, 3) whose angles are at most `limit` radians."""
    angle = np.linalg.norm(rotvecs, axis=-1, keepdims=True)
    return rotvecs * np.minimum(1.0, limit / np.maximum(angle, 1e-9))


def fit_rotmats(rest: np.ndarray, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the rotations (T, 3, 3) that best take rest points (K, 3) to points (T, K, 3), weights (T, K) (Kabsch)."""
    share = (weights / np.maximum(weights.sum(1, keepdims=True), 1e-9))[..., None]
    centred = points - (share * points).sum(1, keepdims=True)
    rest_centred = rest - (share * rest).sum(1, keepdims=True)
    return nearest_rotmats(np.einsum("tki,tkj->tij", centred * share, rest_centred))
