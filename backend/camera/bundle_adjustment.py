"""Bundle adjustment: the camera's poses and the background's points on which all sightings agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from .bundle import Bundle, Sightings, compute_cost
from .bundle_equations import Freedom, Problem, differentiate, sum_by

# An adjustment ends where a step gains less than this share; damping of Levenberg and Marquardt: usual factors, not tuned.
_LEAST_GAIN, _FIRST_DAMPING, _LESS_DAMPING, _MORE_DAMPING = 1e-4, 1e-3, 5, 8
# Sigmas by which a frame between two key frames leaves the interpolated pose (0.1 s of a hand's shake); chosen by eye.
_HOLD_ROTATION, _HOLD_POSITION = np.radians(0.5), 0.05      # radians, metres


def adjust(bundle: Bundle, seen: Sightings, sigma: float, fixed: int, step_sigma: np.ndarray, rounds: int = 12,
           may_zoom: bool = False) -> Bundle:
    """Return the bundle with less error; the first `fixed` cameras keep their poses.

    sigma: a sighting's error in slopes; step_sigma (F - 1,): sigma of the distance (m) between successive cameras; all 0 hold
    the positions, for a camera that only rotates. may_zoom: find the focal length too.
    """
    adjustment = Adjustment(bundle, seen, sigma, Freedom(fixed, step_sigma, may_zoom))
    adjustment.run(rounds)
    return adjustment.bundle


class Adjustment:
    """An adjustment that can be interrupted: `bundle` and its `cost` after the rounds so far."""

    def __init__(self, bundle: Bundle, seen: Sightings, sigma: float, freedom: Freedom):
        """sigma: a sighting's error in slopes."""
        self.bundle = bundle
        self._problem = Problem(seen, (len(bundle.rotmats), len(bundle.inverse)), sigma, freedom)
        self.cost, self._damping, self._is_done = self._measure(bundle), _FIRST_DAMPING, False
        self._equations = self._problem.linearise(bundle)

    def run(self, rounds: int) -> None:
        """Take so many steps, or fewer where they gain nothing any more."""
        for _ in range(rounds):
            if self._is_done:
                break
            self._step()

    def _step(self) -> None:
        tried = self._problem.solve(self._equations, self._damping)
        cost = self._measure(tried)
        if cost < self.cost:
            self._is_done = self.cost - cost < _LEAST_GAIN * self.cost
            self.bundle, self.cost, self._damping = tried, cost, self._damping / _LESS_DAMPING
            self._equations = self._problem.linearise(tried)
        else:
            self._damping *= _MORE_DAMPING

    def _measure(self, bundle: Bundle) -> float:
        return compute_cost(bundle, self._problem.seen, self._problem.sigma, self._problem.freedom.step_sigma)


def resect(bundle: Bundle, seen: Sightings, sigma: float, may_translate: bool, rounds: int = 4) -> Bundle:
    """Return the bundle with each camera rotated, and with may_translate moved, so that it sees the known points best.

    A prior holds each camera at its pose: one with few sightings stays there.
    """
    start, by_their_camera = bundle, sum_by(seen.camera, len(bundle.rotmats))
    for _ in range(rounds):
        by_camera, _, error, weight, _ = differentiate(bundle, seen, sigma)
        weighted = by_camera * weight[:, None, None]
        normal = by_their_camera(np.swapaxes(weighted, 1, 2) @ by_camera)
        right = by_their_camera(-(np.swapaxes(weighted, 1, 2) @ error[..., None])[..., 0])
        hold = np.repeat((_HOLD_ROTATION, _HOLD_POSITION if may_translate else 1e-6), 3) ** -2.0
        away = np.concatenate([Rotation.from_matrix(np.swapaxes(start.rotmats, 1, 2) @ bundle.rotmats).as_rotvec(),
                               bundle.positions - start.positions], axis=1)
        change = np.linalg.solve(normal + hold * np.eye(6), (right - hold * away)[..., None])[..., 0]
        bundle = replace(bundle, rotmats=bundle.rotmats @ Rotation.from_rotvec(change[:, :3]).as_matrix(),
                         positions=bundle.positions + change[:, 3:])
    return bundle
