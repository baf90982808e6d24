"""The equations of one step of bundle adjustment: Gauss-Newton with the points eliminated (Schur complement), robust by
Cauchy's weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.transform import Rotation

from .bundle import INVERSE_DISTANCE_SIGMA, NEAREST, USUAL_INVERSE_DISTANCE, ZOOM_SIGMA, Bundle, Sightings

_MOST_ZOOM = 0.5            # logarithm: at most a factor of 1.65
_ALWAYS = 1e-9              # added to the diagonals, so that no matrix is singular


@dataclass(frozen=True)
class Freedom:
    """What may change: all cameras but the first `fixed` ones, their positions by step_sigma (F - 1,) metres from one to the next
    (all 0: the cameras only turn), and the focal length where `may_zoom`."""
    fixed: int
    step_sigma: np.ndarray
    may_zoom: bool

    @property
    def columns(self) -> int:
        """Unknowns of each camera: three turns, and three of the position where it may change."""
        return 6 if self.step_sigma.any() else 3


class Problem:
    """The sightings of one adjustment, sorted once for all of its steps. sigma: a sighting's error in slopes."""

    def __init__(self, seen: Sightings, shape: tuple[int, int], sigma: float, freedom: Freedom):
        """shape: numbers of cameras and points."""
        self.seen, self.sigma, self.freedom = seen, sigma, freedom
        cameras, points = shape
        self._by_camera, self._by_point = sum_by(seen.camera, cameras), sum_by(seen.point, points)
        self._is_free = seen.camera >= freedom.fixed
        # No sum is needed where cameras meet points: a camera sees a point once.
        self._coupled = (seen.point[self._is_free], slice(None), seen.camera[self._is_free] - freedom.fixed)
        self._coupling = np.zeros((points, 3, max(cameras - freedom.fixed, 0), freedom.columns))

    def linearise(self, bundle: Bundle) -> Equations:
        """Return the equations at a bundle, not damped."""
        columns, fixed = self.freedom.columns, self.freedom.fixed
        by_camera, by_point, error, weight, tangents = differentiate(bundle, self.seen, self.sigma)
        # The derivative by the zoom is the predicted slope.
        last = np.stack([error + self.seen.slopes, -error], axis=2)
        root = np.sqrt(weight)[:, None, None]
        camera_rows = np.concatenate([by_camera[..., :columns], last], axis=2) * root
        point_rows = np.concatenate([by_point, last], axis=2) * root
        # Copies, as numpy multiplies small matrices that are transposed in memory four times slower.
        turned_cameras, turned_points = (np.swapaxes(rows, 1, 2).copy() for rows in (camera_rows, point_rows))
        camera_sums = self._by_camera(turned_cameras @ camera_rows)
        point_sums = self._by_point(turned_points @ point_rows)
        free = self._is_free
        coupling = turned_points[free, :3] @ camera_rows[free, :, :columns]
        return Equations(bundle, tangents, camera_sums[fixed:], point_sums, coupling, camera_sums[:, -2:, -2:].sum(0))

    def solve(self, equations: Equations, damping: float) -> Bundle:
        """Return the bundle after one step; damping: of Levenberg and Marquardt, a share of the diagonals."""
        bundle, points = equations.bundle, equations.points
        inner, push = points[:, :3, :3].copy(), points[:, :3, 4].copy()
        inner[:, 2, 2] += INVERSE_DISTANCE_SIGMA ** -2
        push[:, 2] -= (bundle.inverse - USUAL_INVERSE_DISTANCE) / INVERSE_DISTANCE_SIGMA ** 2
        # With inner = L L^T the points' part of the cameras' equations is Y^T Y, for Y = L^-1 coupling: half the products.
        inverse_root = np.linalg.inv(np.linalg.cholesky(inner + (damping * inner + _ALWAYS) * np.eye(3)))       # (P, 3, 3)
        self._coupling[self._coupled] = inverse_root[self.seen.point[self._is_free]] @ equations.coupling
        rooted = self._coupling.reshape(3 * len(push), -1)
        if self.freedom.may_zoom:
            rooted = np.column_stack([rooted, (inverse_root @ points[:, :3, 3:4]).ravel()])
        rooted_push = (inverse_root @ push[..., None]).ravel()
        matrix, target = self._cameras_part(equations, damping)
        matrix -= rooted.T @ rooted
        target -= rooted.T @ rooted_push
        change = np.linalg.solve(matrix + _ALWAYS * np.eye(len(target)), target)
        moved = np.swapaxes(inverse_root, 1, 2) @ (rooted_push - rooted @ change).reshape(-1, 3, 1)
        return self._move(equations, change, moved[..., 0])

    def _cameras_part(self, equations: Equations, damping: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the normal equations of the cameras that are free and, last, of a free zoom."""
        columns, cameras = self.freedom.columns, len(equations.cameras)
        size = columns * cameras
        matrix = np.zeros((size + 1, size + 1))
        blocks = matrix[:size, :size].reshape(cameras, columns, cameras, columns)
        every = np.arange(cameras)
        blocks[every, :, every] = equations.cameras[:, :columns, :columns] * (1 + damping * np.eye(columns))
        matrix[:size, size] = matrix[size, :size] = equations.cameras[:, :columns, columns].ravel()
        zoom = equations.zoom
        matrix[size, size] = (1 + damping) * zoom[0, 0] + ZOOM_SIGMA ** -2
        target = np.append(equations.cameras[:, :columns, columns + 1].ravel(),
                           zoom[0, 1] - equations.bundle.zoom * ZOOM_SIGMA ** -2)
        if columns == 6:
            self._add_step_priors(matrix, target, equations.bundle.positions)
        used = size + self.freedom.may_zoom
        return matrix[:used, :used], target[:used]

    def _add_step_priors(self, matrix: np.ndarray, target: np.ndarray, positions: np.ndarray) -> None:
        """Add the priors on steps between successive positions to the normal equations."""
        strength, fixed = np.maximum(self.freedom.step_sigma, 1e-6) ** -2.0, self.freedom.fixed
        steps = strength[:, None] * np.diff(positions, axis=0)
        pull = np.zeros_like(positions)
        pull[:-1] += steps
        pull[1:] -= steps
        held = np.append(strength, 0.0) + np.append(0.0, strength)
        between = strength[fixed:]
        for axis in (3, 4, 5):
            rows = 6 * np.arange(len(positions) - fixed) + axis
            matrix[rows, rows] += held[fixed:]
            matrix[rows[:-1], rows[1:]] -= between
            matrix[rows[1:], rows[:-1]] -= between
            target[rows] += pull[fixed:, axis - 3]

    def _move(self, equations: Equations, change: np.ndarray, moved: np.ndarray) -> Bundle:
        """Return the bundle changed by the cameras' and the zoom's step, and the points' (P, 3)."""
        bundle, columns, fixed = equations.bundle, self.freedom.columns, self.freedom.fixed
        steps = np.zeros((len(bundle.rotmats), 6))
        steps[fixed:, :columns] = change[:len(change) - self.freedom.may_zoom].reshape(-1, columns)
        zoom = bundle.zoom + (change[-1] if self.freedom.may_zoom else 0.0)
        directions = bundle.directions + (equations.tangents @ moved[:, :2, None])[..., 0]
        return Bundle(bundle.rotmats @ Rotation.from_rotvec(steps[:, :3]).as_matrix(), bundle.positions + steps[:, 3:],
                      directions / np.linalg.norm(directions, axis=1, keepdims=True),
                      np.maximum(bundle.inverse + moved[:, 2], 0.0), float(np.clip(zoom, -_MOST_ZOOM, _MOST_ZOOM)))


@dataclass(frozen=True)
class Equations:
    """Sums of products of the weighted derivatives at a bundle, whose points move along tangents (P, 3, 2).

    cameras (F, C + 2, C + 2) by the unknowns of each free camera, by the zoom, and with the errors' negative; points (P, 5, 5)
    likewise; coupling (N, 3, C) of a point and a camera, for the sightings of free cameras; zoom (2, 2).
    """
    bundle: Bundle
    tangents: np.ndarray
    cameras: np.ndarray
    points: np.ndarray
    coupling: np.ndarray
    zoom: np.ndarray


def differentiate(bundle: Bundle, seen: Sightings, sigma: float) -> tuple[np.ndarray, ...]:
    """Return the derivatives of the errors by camera (M, 2, 6) and by point (M, 2, 3), the errors, weights, tangents."""
    q = bundle.points_in_camera(seen)
    depth = np.maximum(q[:, 2], NEAREST)
    zoom = np.exp(bundle.zoom)
    slopes, scale = q[:, :2] / depth[:, None], zoom / depth
    error = zoom * slopes - seen.slopes
    weight = np.where(q[:, 2] > NEAREST, 1 / (sigma ** 2 + (error ** 2).sum(1)), 0.0)
    axes = np.swapaxes(bundle.rotmats, 1, 2)[seen.camera]           # rows: the camera's axes
    by_place = scale[:, None, None] * (axes[:, :2] - slopes[..., None] * axes[:, 2:])       # by the point, in the first axes
    # A turn about e_k changes q by q x e_k, so a row p of the projection gives (p x q)_k.
    across, down = slopes.T
    x, y, z = q.T
    by_turn = scale[:, None] * np.stack([across * y, -across * x - z, y, down * y + z, -down * x, -x], axis=1)
    by_camera = np.concatenate([by_turn.reshape(-1, 2, 3), -bundle.inverse[seen.point, None, None] * by_place], axis=2)
    tangents = find_tangents(bundle.directions)
    by_point = by_place @ np.concatenate([tangents[seen.point], -bundle.positions[seen.camera, :, None]], axis=2)
    return by_camera, by_point, error, weight, tangents


def sum_by(index: np.ndarray, count: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that sums the values (M, ...) of each index (M,): as `np.add.at`, five times faster. M may be 0."""
    members = csr_array((np.ones(len(index)), index, np.arange(len(index) + 1)), shape=(len(index), count)).T.tocsr()

    def sum_of_each(values: np.ndarray) -> np.ndarray:
        return (members @ values.reshape(len(index), math.prod(values.shape[1:]))).reshape(count, *values.shape[1:])
    return sum_of_each


def find_tangents(directions: np.ndarray) -> np.ndarray:
    """Return two directions (P, 3, 2) across each unit direction."""
    least = np.eye(3)[np.abs(directions).argmin(1)]
    first = np.cross(directions, least)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(directions, first)], axis=2)
