"""The pinhole camera: its matrix, rays, projection, and the translation of a body in front of it."""

from __future__ import annotations

import math

import numpy as np

from mpsnet_blender.shared.capture_request import DEFAULT_FOV_DEGREES


def camera_matrix(image_size: tuple[int, int], fov_degrees: float = DEFAULT_FOV_DEGREES) -> np.ndarray:
    """Return intrinsics (3, 3) in px: centred principal point, `fov_degrees` across the image's long side."""
    width, height = image_size
    focal = max(width, height) / 2 / math.tan(math.radians(fov_degrees) / 2)
    return np.array(((focal, 0, width / 2), (0, focal, height / 2), (0, 0, 1)))


def compute_rays(xy: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Return image points (..., 2) px as rays (..., 3) with z = 1."""
    focal = intrinsics[(0, 1), (0, 1)]
    return np.concatenate([(xy - intrinsics[:2, 2]) / focal, np.ones_like(xy[..., :1])], axis=-1)


def project(points: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Return image points (..., 2) px of camera points (..., 3), which lie in front of the camera."""
    depth = np.maximum(points[..., 2:], 1e-3)
    return points[..., :2] / depth * intrinsics[(0, 1), (0, 1)] + intrinsics[:2, 2]


def rotmats_towards(direction: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) that take the optical axis to directions (T, 3) the shortest way."""
    axis = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    x, y, z = np.moveaxis(axis, -1, 0)
    # Rodrigues' formula for the turn from (0, 0, 1) to (x, y, z).
    share = 1 / (1 + z)
    return np.stack([np.stack([1 - share * x * x, -share * x * y, x], -1),
                     np.stack([-share * x * y, 1 - share * y * y, y], -1),
                     np.stack([-x, -y, z], -1)], -2)


def fit_translation(points: np.ndarray, point_rays: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return translations (T, 3) that put points (T, K, 3) onto their rays (T, K, 3), weights (T, K).

    Minimises, in closed form, the weighted squares of u (Z + t_z) - (X + t_x) and v (Z + t_z) - (Y + t_y).
    """
    u, v = point_rays[..., 0], point_rays[..., 1]
    squared = weights ** 2
    total = squared.sum(1)
    su, sv, suv = (squared * u).sum(1), (squared * v).sum(1), (squared * (u * u + v * v)).sum(1)
    zero = np.zeros_like(total)
    matrix = np.stack([np.stack([total, zero, -su], -1), np.stack([zero, total, -sv], -1), np.stack([-su, -sv, suv], -1)], -2)
    errors_x = u * points[..., 2] - points[..., 0]
    errors_y = v * points[..., 2] - points[..., 1]
    right = np.stack([(squared * errors_x).sum(1), (squared * errors_y).sum(1),
                      -(squared * (u * errors_x + v * errors_y)).sum(1)], -1)
    return np.linalg.solve(matrix + 1e-9 * np.eye(3), right[..., None])[..., 0]


def fit_translation_at_depth(points: np.ndarray, point_rays: np.ndarray, weights: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return translations (T, 3) as `fit_translation`, with the depth (T,) in metres given."""
    squared = weights ** 2
    aim = point_rays[..., :2] * (points[..., 2] + depth[:, None])[..., None] - points[..., :2]
    lateral = (squared[..., None] * aim).sum(1) / squared.sum(1)[:, None]
    return np.concatenate([lateral, depth[:, None]], axis=1)


def move_points(points: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Return points (T, K, 3) moved by the matrices (T, 4, 4), or by (1, 4, 4) for all."""
    return points @ np.swapaxes(matrices[:, :3, :3], 1, 2) + matrices[:, None, :3, 3]
