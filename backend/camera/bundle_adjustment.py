"""Bundle adjustment: the camera's poses and the background's points on which all sightings agree.

A point is a direction d (3,) from the origin and an inverse distance rho, so that points at infinity need no special case. A
camera at position c with axes R sees it along R^T (d - rho c) (Civera, Davison and Montiel 2008). Gauss-Newton with the
points eliminated (Schur complement), robust by Cauchy's weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.transform import Rotation

_USUAL_INVERSE_DISTANCE, _INVERSE_DISTANCE_SIGMA = 0.17, 0.25      # 1 / m: backgrounds are 6 m away, from 2.4 m to infinity
_NEAREST = 0.05                                                     # z along the unit ray: what is nearer counts as behind
# Logarithms. Sigma: phones' and cameras' video lenses have 50 to 61 degrees about the assumed 55; at most a factor of 1.65.
_ZOOM_SIGMA, _MOST_ZOOM = 0.12, 0.5
# An adjustment ends where a step gains less than this share; damping of Levenberg and Marquardt: usual factors, not tuned.
_LEAST_GAIN, _FIRST_DAMPING, _LESS_DAMPING, _MORE_DAMPING = 1e-4, 1e-3, 5, 8
# Sigmas by which a frame between two key frames leaves the interpolated pose (0.1 s of a hand's shake); chosen by eye.
_HOLD_ROTATION, _HOLD_POSITION = np.radians(0.5), 0.05      # radians, metres


@dataclass(frozen=True)
class Sightings:
    """M sightings of points: camera (M,) and point (M,) indices, slopes (M, 2) x / z and y / z of the ray."""
    camera: np.ndarray
    point: np.ndarray
    slopes: np.ndarray


@dataclass(frozen=True)
class Bundle:
    """rotmats (F, 3, 3) take cameras' axes to the first one's; positions (F, 3) m; directions (P, 3), unit; inverse (P,) 1 / m.

    zoom: logarithm of the focal length over the one by which the sightings' slopes were computed.
    """
    rotmats: np.ndarray
    positions: np.ndarray
    directions: np.ndarray
    inverse: np.ndarray
    zoom: float = 0.0

    def errors(self, seen: Sightings) -> np.ndarray:
        """Return the sightings' errors (M, 2) in slopes; infinite for points behind the camera."""
        q = self._points_in_camera(seen)
        error = np.exp(self.zoom) * q[:, :2] / np.maximum(q[:, 2:], _NEAREST) - seen.slopes
        return np.where(q[:, 2:] > _NEAREST, error, np.inf)

    def _points_in_camera(self, seen: Sightings) -> np.ndarray:
        towards = self.directions[seen.point] - self.inverse[seen.point, None] * self.positions[seen.camera]
        return np.einsum("mji,mj->mi", self.rotmats[seen.camera], towards)


def adjust(bundle: Bundle, seen: Sightings, sigma: float, fixed: int, step_sigma: np.ndarray, rounds: int = 12,
           may_zoom: bool = False) -> Bundle:
    """Return the bundle with less error; the first `fixed` cameras keep their poses.

    sigma: a sighting's error in slopes; step_sigma (F - 1,): sigma of the distance (m) between successive cameras; 0 holds
    the position, for a camera that only rotates. may_zoom: find the focal length too.
    """
    cost, damping = compute_cost(bundle, seen, sigma, step_sigma), _FIRST_DAMPING
    for _ in range(rounds):
        tried = _step(bundle, seen, sigma, (fixed, may_zoom), step_sigma, damping)
        tried_cost = compute_cost(tried, seen, sigma, step_sigma)
        if tried_cost < cost:
            if cost - tried_cost < _LEAST_GAIN * cost:
                return tried
            bundle, cost, damping = tried, tried_cost, damping / _LESS_DAMPING
        else:
            damping *= _MORE_DAMPING
    return bundle


def compute_cost(bundle: Bundle, seen: Sightings, sigma: float, step_sigma: np.ndarray) -> float:
    """Return what `adjust` minimises: -2 log likelihood of sightings, steps, inverse distances and zoom."""
    error = np.minimum(np.linalg.norm(bundle.errors(seen), axis=1) / sigma, 1e6)
    steps = np.linalg.norm(np.diff(bundle.positions, axis=0), axis=1) / np.maximum(step_sigma, 1e-6)
    prior = (bundle.inverse - _USUAL_INVERSE_DISTANCE) / _INVERSE_DISTANCE_SIGMA
    return float(np.log1p(error ** 2).sum() + (steps ** 2).sum() + (prior ** 2).sum() + (bundle.zoom / _ZOOM_SIGMA) ** 2)


def _step(bundle: Bundle, seen: Sightings, sigma: float, held: tuple[int, bool], step_sigma: np.ndarray,
          damping: float) -> Bundle:
    """Return the bundle after one Gauss-Newton step; held: the number of fixed cameras, and whether the zoom is free."""
    cameras = len(bundle.rotmats)
    by_camera, by_point, error, weight, tangents = _differentiate(bundle, seen, sigma)
    inner, push = _points_part(bundle, seen, by_point, error, weight, damping)
    matrix, target, coupling = _cameras_part(bundle, seen, (by_camera, by_point), error, weight, damping)
    # With inner = L L^T the points' part of the cameras' equations is Y^T Y, for Y = L^-1 coupling: half the products.
    inverse_root = np.linalg.inv(np.linalg.cholesky(inner))                     # (P, 3, 3)
    rooted, rooted_push = inverse_root @ coupling, inverse_root @ push[..., None]
    flat = rooted.reshape(-1, rooted.shape[2])                                  # (3 P, 6 F + 1)
    matrix -= flat.T @ flat
    target -= flat.T @ rooted_push.ravel()
    _add_step_priors(matrix, target, bundle.positions, step_sigma)
    free = np.arange(6 * held[0], 6 * cameras + held[1])
    change = np.zeros(6 * cameras + 1)
    change[free] = np.linalg.solve(matrix[np.ix_(free, free)] + 1e-9 * np.eye(len(free)), target[free])
    moved = (np.swapaxes(inverse_root, 1, 2) @ (rooted_push - rooted @ change[:, None]))[..., 0]
    by_six = change[:-1].reshape(cameras, 6)
    directions = bundle.directions + (tangents @ moved[:, :2, None])[..., 0]
    return Bundle(bundle.rotmats @ Rotation.from_rotvec(by_six[:, :3]).as_matrix(), bundle.positions + by_six[:, 3:],
                  directions / np.linalg.norm(directions, axis=1, keepdims=True), np.maximum(bundle.inverse + moved[:, 2], 0.0),
                  float(np.clip(bundle.zoom + change[-1], -_MOST_ZOOM, _MOST_ZOOM)))


def _points_part(bundle: Bundle, seen: Sightings, by_point: np.ndarray, error: np.ndarray, weight: np.ndarray,
                 damping: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal equations of the points: matrices (P, 3, 3), with a prior and damped, and right sides (P, 3)."""
    weighted = np.swapaxes(by_point * weight[:, None, None], 1, 2)
    inner = _sum_by(seen.point, weighted @ by_point, len(bundle.inverse))
    push = _sum_by(seen.point, -(weighted @ error[..., None])[..., 0], len(bundle.inverse))
    inner[:, 2, 2] += _INVERSE_DISTANCE_SIGMA ** -2
    push[:, 2] -= (bundle.inverse - _USUAL_INVERSE_DISTANCE) / _INVERSE_DISTANCE_SIGMA ** 2
    return inner + damping * inner * np.eye(3) + 1e-9 * np.eye(3), push


def _cameras_part(bundle: Bundle, seen: Sightings, slopes: tuple[np.ndarray, np.ndarray], error: np.ndarray, weight: np.ndarray,
                  damping: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the normal equations (6 F + 1) of the cameras and, last, the zoom; their coupling to the points (P, 3, 6 F + 1)."""
    cameras, points = len(bundle.rotmats), len(bundle.inverse)
    by_camera, by_point = slopes
    by_zoom = (error + seen.slopes)[..., None]          # the derivative by the zoom is the predicted slope
    weighted = np.swapaxes(by_camera * weight[:, None, None], 1, 2)
    weighted_zoom = np.swapaxes(by_zoom * weight[:, None, None], 1, 2)
    normal = _sum_by(seen.camera, weighted @ by_camera, cameras)
    right = _sum_by(seen.camera, -(weighted @ error[..., None])[..., 0], cameras)
    border = _sum_by(seen.camera, (weighted @ by_zoom)[..., 0], cameras)
    matrix = np.zeros((6 * cameras + 1, 6 * cameras + 1))
    matrix[:-1, :-1] = _block_diagonal(normal * (1 + damping * np.eye(6)))
    matrix[:-1, -1] = matrix[-1, :-1] = border.ravel()
    matrix[-1, -1] = (1 + damping) * (weighted_zoom @ by_zoom).sum() + _ZOOM_SIGMA ** -2
    target = np.append(right.ravel(), -(weighted_zoom @ error[..., None]).sum() - bundle.zoom * _ZOOM_SIGMA ** -2)
    coupling = np.zeros((points, 3, 6 * cameras + 1))
    # No sum is needed: a camera sees a point once.
    columns = 6 * seen.camera[:, None, None] + np.arange(6)
    coupling[seen.point[:, None, None], np.arange(3)[:, None], columns] = np.swapaxes(weighted @ by_point, 1, 2)
    coupling[..., -1] = _sum_by(seen.point, (weighted_zoom @ by_point)[:, 0], points)
    return matrix, target, coupling


def _differentiate(bundle: Bundle, seen: Sightings, sigma: float) -> tuple[np.ndarray, ...]:
    """Return the derivatives of the errors by camera (M, 2, 6) and by point (M, 2, 3), the errors, weights, tangents."""
    q = bundle._points_in_camera(seen)
    depth = np.maximum(q[:, 2], _NEAREST)
    zoom = np.exp(bundle.zoom)
    slopes, scale = q[:, :2] / depth[:, None], zoom / depth
    error = zoom * slopes - seen.slopes
    weight = np.where(q[:, 2] > _NEAREST, 1 / (sigma ** 2 + (error ** 2).sum(1)), 0.0)
    axes = np.swapaxes(bundle.rotmats, 1, 2)[seen.camera]           # rows: the camera's axes
    by_place = scale[:, None, None] * (axes[:, :2] - slopes[..., None] * axes[:, 2:])       # by the point, in the first axes
    # A turn about e_k changes q by q x e_k, so a row p of the projection gives (p x q)_k.
    across, down = slopes.T
    x, y, z = q.T
    by_turn = scale[:, None] * np.stack([across * y, -across * x - z, y, down * y + z, -down * x, -x], axis=1)
    by_camera = np.concatenate([by_turn.reshape(-1, 2, 3), -bundle.inverse[seen.point, None, None] * by_place], axis=2)
    tangents = _tangents(bundle.directions)
    by_point = by_place @ np.concatenate([tangents[seen.point], -bundle.positions[seen.camera, :, None]], axis=2)
    return by_camera, by_point, error, weight, tangents


def _sum_by(index: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return the sums (count, ...) of the values (M, ...) of each index (M,): as `np.add.at`, five times faster."""
    members = csr_array((np.ones(len(index)), index, np.arange(len(index) + 1)), shape=(len(index), count)).T
    return (members @ values.reshape(len(index), -1)).reshape(count, *values.shape[1:])


def _tangents(directions: np.ndarray) -> np.ndarray:
    """Return two directions (P, 3, 2) across each unit direction."""
    least = np.eye(3)[np.abs(directions).argmin(1)]
    first = np.cross(directions, least)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(directions, first)], axis=2)


def _block_diagonal(blocks: np.ndarray) -> np.ndarray:
    count, size, _ = blocks.shape
    matrix = np.zeros((count, size, count, size))
    matrix[np.arange(count), :, np.arange(count)] = blocks
    return matrix.reshape(count * size, count * size)


def _add_step_priors(matrix: np.ndarray, target: np.ndarray, positions: np.ndarray, step_sigma: np.ndarray) -> None:
    """Add the priors on steps between successive positions to the normal equations."""
    strength = np.maximum(step_sigma, 1e-6) ** -2.0
    before, after = np.arange(len(strength)), np.arange(1, len(strength) + 1)
    steps = np.diff(positions, axis=0)
    for axis in (3, 4, 5):
        first, second = 6 * before + axis, 6 * after + axis
        matrix[first, first] += strength
        matrix[second, second] += strength
        matrix[first, second] -= strength
        matrix[second, first] -= strength
        np.add.at(target, first, strength * steps[:, axis - 3])
        np.add.at(target, second, -strength * steps[:, axis - 3])


def resect(bundle: Bundle, seen: Sightings, sigma: float, may_translate: bool, rounds: int = 4) -> Bundle:
    """Return the bundle with each camera rotated, and with may_translate moved, so that it sees the known points best.

    A prior holds each camera at its pose: one with few sightings stays there.
    """
    start = bundle
    for _ in range(rounds):
        by_camera, _, error, weight, _ = _differentiate(bundle, seen, sigma)
        weighted = by_camera * weight[:, None, None]
        normal = _sum_by(seen.camera, np.swapaxes(weighted, 1, 2) @ by_camera, len(bundle.rotmats))
        right = _sum_by(seen.camera, -(np.swapaxes(weighted, 1, 2) @ error[..., None])[..., 0], len(bundle.rotmats))
        hold = np.repeat((_HOLD_ROTATION, _HOLD_POSITION if may_translate else 1e-6), 3) ** -2.0
        away = np.concatenate([Rotation.from_matrix(np.swapaxes(start.rotmats, 1, 2) @ bundle.rotmats).as_rotvec(),
                               bundle.positions - start.positions], axis=1)
        change = np.linalg.solve(normal + hold * np.eye(6), (right - hold * away)[..., None])[..., 0]
        bundle = replace(bundle, rotmats=bundle.rotmats @ Rotation.from_rotvec(change[:, :3]).as_matrix(),
                         positions=bundle.positions + change[:, 3:])
    return bundle
