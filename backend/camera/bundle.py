"""The camera's poses and the points of the background, as bundle adjustment changes them, and how well they fit what is seen.

A point is a direction d (3,) from the origin and an inverse distance rho, so that points at infinity need no special case. A
camera at position c with axes R sees it along R^T (d - rho c) (Civera, Davison and Montiel 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

USUAL_INVERSE_DISTANCE, INVERSE_DISTANCE_SIGMA = 0.17, 0.25        # 1 / m: backgrounds are 6 m away, from 2.4 m to infinity
NEAREST = 0.05                                                      # z along the unit ray: what is nearer counts as behind
ZOOM_SIGMA = 0.12           # logarithm: phones' and cameras' video lenses have 50 to 61 degrees about the assumed 55


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
        q = self.points_in_camera(seen)
        error = np.exp(self.zoom) * q[:, :2] / np.maximum(q[:, 2:], NEAREST) - seen.slopes
        return np.where(q[:, 2:] > NEAREST, error, np.inf)

    def points_in_camera(self, seen: Sightings) -> np.ndarray:
        """Return the sightings' points (M, 3) in the axes of their cameras, along unit rays of the first one."""
        towards = self.directions[seen.point] - self.inverse[seen.point, None] * self.positions[seen.camera]
        return np.einsum("mji,mj->mi", self.rotmats[seen.camera], towards)


def compute_cost(bundle: Bundle, seen: Sightings, sigma: float, step_sigma: np.ndarray) -> float:
    """Return what `adjust` minimises: -2 log likelihood of sightings, steps, inverse distances and zoom."""
    error = np.minimum(np.linalg.norm(bundle.errors(seen), axis=1) / sigma, 1e6)
    steps = np.linalg.norm(np.diff(bundle.positions, axis=0), axis=1) / np.maximum(step_sigma, 1e-6)
    prior = (bundle.inverse - USUAL_INVERSE_DISTANCE) / INVERSE_DISTANCE_SIGMA
    return float(np.log1p(error ** 2).sum() + (steps ** 2).sum() + (prior ** 2).sum() + (bundle.zoom / ZOOM_SIGMA) ** 2)
