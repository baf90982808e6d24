"""Bundle adjustment: where the camera was and where the points of the background lie, so that all sightings agree.

A point is a direction d (3,) from the origin and an inverse distance rho, so that points at infinity are as good as any; the
camera at place c with axes R sees it along R^T (d - rho c) (Civera, Davison and Montiel 2008). Gauss-Newton with the
points eliminated (Schur complement), robust by Cauchy's weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

_USUAL_INVERSE_DISTANCE, _INVERSE_DISTANCE_SIGMA = 0.17, 0.25      # 1 / metres
_NEAREST = 0.05
_HOLD_TURN, _HOLD_PLACE = np.radians(0.5), 0.05     # of one frame between key frames


@dataclass(frozen=True)
class Sightings:
    """M sightings: of which camera (M,), of which point (M,), and the slopes x / z, y / z (M, 2) of the ray."""
    camera: np.ndarray
    point: np.ndarray
    slopes: np.ndarray


@dataclass(frozen=True)
class Bundle:
    """turns (F, 3, 3) take cameras' axes to the first one's, places (F, 3); directions (P, 3) unit, inverse (P,) 1 / m."""
    turns: np.ndarray
    places: np.ndarray
    directions: np.ndarray
    inverse: np.ndarray

    def errors(self, seen: Sightings) -> np.ndarray:
        """Return the sightings' errors (M, 2) in slopes; infinite behind the camera."""
        q = self._before(seen)
        error = q[:, :2] / np.maximum(q[:, 2:], _NEAREST) - seen.slopes
        return np.where(q[:, 2:] > _NEAREST, error, np.inf)

    def _before(self, seen: Sightings) -> np.ndarray:
        towards = self.directions[seen.point] - self.inverse[seen.point, None] * self.places[seen.camera]
        return np.einsum("mji,mj->mi", self.turns[seen.camera], towards)


def adjust(bundle: Bundle, seen: Sightings, sigma: float, fixed: int, step_sigma: np.ndarray, rounds: int = 12) -> Bundle:
    """Return the bundle with less error, the first `fixed` cameras left as they are.

    sigma: a sighting's error in slopes; step_sigma (F - 1,): how far (m) the camera may well go from one to the next; 0
    holds it to the spot, for a camera that only turns.
    """
    cost, damping = _cost(bundle, seen, sigma, step_sigma), 1e-3
    for _ in range(rounds):
        tried = _step(bundle, seen, sigma, fixed, step_sigma, damping)
        tried_cost = _cost(tried, seen, sigma, step_sigma)
        if tried_cost < cost:
            if cost - tried_cost < 1e-4 * cost:
                return tried
            bundle, cost, damping = tried, tried_cost, damping / 5
        else:
            damping *= 8
    return bundle


def _cost(bundle: Bundle, seen: Sightings, sigma: float, step_sigma: np.ndarray) -> float:
    error = np.minimum(np.linalg.norm(bundle.errors(seen), axis=1) / sigma, 1e6)
    steps = np.linalg.norm(np.diff(bundle.places, axis=0), axis=1) / np.maximum(step_sigma, 1e-6)
    prior = (bundle.inverse - _USUAL_INVERSE_DISTANCE) / _INVERSE_DISTANCE_SIGMA
    return float(np.log1p(error ** 2).sum() + (steps ** 2).sum() + (prior ** 2).sum())


def _step(bundle: Bundle, seen: Sightings, sigma: float, fixed: int, step_sigma: np.ndarray, damping: float) -> Bundle:
    cameras, points = len(bundle.turns), len(bundle.inverse)
    by_camera, by_point, error, weight, tangents = _slopes(bundle, seen, sigma)
    weighted_camera, weighted_point = by_camera * weight[:, None, None], by_point * weight[:, None, None]
    normal = np.zeros((cameras, 6, 6))
    np.add.at(normal, seen.camera, np.swapaxes(weighted_camera, 1, 2) @ by_camera)
    right = np.zeros((cameras, 6))
    np.add.at(right, seen.camera, -(np.swapaxes(weighted_camera, 1, 2) @ error[..., None])[..., 0])
    inner = np.zeros((points, 3, 3))
    np.add.at(inner, seen.point, np.swapaxes(weighted_point, 1, 2) @ by_point)
    push = np.zeros((points, 3))
    np.add.at(push, seen.point, -(np.swapaxes(weighted_point, 1, 2) @ error[..., None])[..., 0])
    inner[:, 2, 2] += _INVERSE_DISTANCE_SIGMA ** -2
    push[:, 2] -= (bundle.inverse - _USUAL_INVERSE_DISTANCE) / _INVERSE_DISTANCE_SIGMA ** 2
    inner += damping * inner * np.eye(3) + 1e-9 * np.eye(3)
    cross = np.zeros((cameras, points, 6, 3))
    np.add.at(cross, (seen.camera, seen.point), np.swapaxes(weighted_camera, 1, 2) @ by_point)
    cross = np.swapaxes(cross, 1, 2).reshape(6 * cameras, 3 * points)
    solved = np.linalg.solve(inner, np.concatenate([np.swapaxes(cross.reshape(-1, points, 3), 0, 1).swapaxes(1, 2),
                                                     push[..., None]], axis=2))          # (P, 3, 6 F + 1)
    eliminated = cross @ solved.reshape(3 * points, -1)
    matrix = _block_diagonal(normal * (1 + damping * np.eye(6))) - eliminated[:, :-1]
    target = right.ravel() - eliminated[:, -1]
    _hold_steps(matrix, target, bundle.places, step_sigma)
    free = slice(6 * fixed, None)
    change = np.zeros(6 * cameras)
    change[free] = np.linalg.solve(matrix[free, free] + 1e-9 * np.eye(6 * (cameras - fixed)), target[free])
    moved = solved[..., -1] - (solved[..., :-1] @ change)
    change = change.reshape(cameras, 6)
    directions = bundle.directions + (tangents @ moved[:, :2, None])[..., 0]
    return Bundle(bundle.turns @ Rotation.from_rotvec(change[:, :3]).as_matrix(), bundle.places + change[:, 3:],
                  directions / np.linalg.norm(directions, axis=1, keepdims=True), np.maximum(bundle.inverse + moved[:, 2], 0.0))


def _slopes(bundle: Bundle, seen: Sightings, sigma: float) -> tuple[np.ndarray, ...]:
    """Return the derivatives of the errors by camera (M, 2, 6) and by point (M, 2, 3), the errors, weights, tangents."""
    turns, places = bundle.turns[seen.camera], bundle.places[seen.camera]
    q = bundle._before(seen)
    depth = np.maximum(q[:, 2], _NEAREST)
    error = q[:, :2] / depth[:, None] - seen.slopes
    weight = np.where(q[:, 2] > _NEAREST, 1 / (sigma ** 2 + (error ** 2).sum(1)), 0.0)
    projection = np.zeros((len(q), 2, 3))
    projection[:, 0, 0] = projection[:, 1, 1] = 1 / depth
    projection[:, :, 2] = -q[:, :2] / depth[:, None] ** 2
    inverse = np.swapaxes(turns, 1, 2)
    by_turn = np.cross(q[:, None, :], np.eye(3))                    # row i: q x e_i, the change of q by a turn about e_i
    by_camera = np.concatenate([projection @ np.swapaxes(by_turn, 1, 2),
                                -bundle.inverse[seen.point, None, None] * (projection @ inverse)], axis=2)
    tangents = _tangents(bundle.directions)
    by_point = np.concatenate([projection @ inverse @ tangents[seen.point],
                               -(projection @ inverse @ places[..., None])], axis=2)
    return by_camera, by_point, error, weight, tangents


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


def _hold_steps(matrix: np.ndarray, target: np.ndarray, places: np.ndarray, step_sigma: np.ndarray) -> None:
    """Add the springs between successive places to the normal equations."""
    strength = np.maximum(step_sigma, 1e-6) ** -2.0
    before, after = np.arange(len(strength)), np.arange(1, len(strength) + 1)
    steps = np.diff(places, axis=0)
    for axis in (3, 4, 5):
        first, second = 6 * before + axis, 6 * after + axis
        matrix[first, first] += strength
        matrix[second, second] += strength
        matrix[first, second] -= strength
        matrix[second, first] -= strength
        np.add.at(target, first, strength * steps[:, axis - 3])
        np.add.at(target, second, -strength * steps[:, axis - 3])


def resect(bundle: Bundle, seen: Sightings, sigma: float, may_go: bool, rounds: int = 4) -> Bundle:
    """Return the bundle with each camera turned, and where it may go moved, to where it sees the points best.

    Each camera is held to where it was by a prior: one that sees little stays.
    """
    start = bundle
    for _ in range(rounds):
        by_camera, _, error, weight, _ = _slopes(bundle, seen, sigma)
        weighted = by_camera * weight[:, None, None]
        normal = np.zeros((len(bundle.turns), 6, 6))
        np.add.at(normal, seen.camera, np.swapaxes(weighted, 1, 2) @ by_camera)
        right = np.zeros((len(bundle.turns), 6))
        np.add.at(right, seen.camera, -(np.swapaxes(weighted, 1, 2) @ error[..., None])[..., 0])
        hold = np.repeat((_HOLD_TURN, _HOLD_PLACE if may_go else 1e-6), 3) ** -2.0
        away = np.concatenate([Rotation.from_matrix(np.swapaxes(start.turns, 1, 2) @ bundle.turns).as_rotvec(),
                               bundle.places - start.places], axis=1)
        change = np.linalg.solve(normal + hold * np.eye(6), (right - hold * away)[..., None])[..., 0]
        bundle = replace(bundle, turns=bundle.turns @ Rotation.from_rotvec(change[:, :3]).as_matrix(),
                         places=bundle.places + change[:, 3:])
    return bundle
