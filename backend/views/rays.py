"""The rays of all views through one person's landmarks, and the points at which they meet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import DEFAULT_STATURE

from ..base.rotations import normalize
from ..people.landmarks import LANDMARK_COUNT, TORSO
from .camera_paths import Cameras
from .sightlines import Sightlines

# Errors (sigma) of a landmark's place on the body, across a ray (as in `body.picture_fit`, rounded up), and of the distance at
# which one view alone has a landmark, together with the body and, where that is placed by all views, on it. The distances only
# decide where rays are nearly parallel. On six pairs of real cameras 0.2 m on the body made limbs 0.06 degrees more exact than
# none; 0.1 m made one pair 0.4 worse.
LANDMARK_METRES, _DISTANCE_METRES, _ON_BODY_METRES = 0.015 * DEFAULT_STATURE, 0.3, 0.2
SEEN_WEIGHT = 0.05              # weight of a landmark from which on a view counts as seeing it; by eye
OUTLIER_SIGMAS = 3.0            # from which on a ray counts less (Cauchy)
_ALL = np.arange(LANDMARK_COUNT)

Group = tuple[Sightlines | None, ...]       # one person's sightlines in each view, None where it does not see the person


@dataclass(frozen=True)
class Moments:
    """One person in all views at times (T,) s of the first video: slopes (V, T, K, 2) of the rays with z = 1 by the assumed lens,
    weights (V, T, K) in 0..1, and depths (V, T, K) m along z at which each view alone has the landmarks."""
    times: np.ndarray
    slopes: np.ndarray
    weights: np.ndarray
    depths: np.ndarray

    def scaled(self, factor: float) -> Moments:
        """Return what is seen of somebody who is larger and farther away by a factor than each view alone has it."""
        return replace(self, depths=factor * self.depths)


@dataclass(frozen=True)
class Rays:
    """Rays from origins (V, T or 1, 3) m, the cameras, along unit vectors (V, T, K, 3), in the axes of the first camera's first
    frame; weights (V, T, K) in 0..1, and distances (V, T, K) m along them at which each view alone has the landmarks."""
    origins: np.ndarray
    directions: np.ndarray
    weights: np.ndarray
    distances: np.ndarray

    @property
    def is_met(self) -> np.ndarray:
        """Which landmarks (T, K) several views see."""
        return (self.weights > SEEN_WEIGHT).sum(0) > 1

    def across(self, points: np.ndarray) -> np.ndarray:
        """Return how far points (T, K, 3) lie beside the rays, as vectors (V, T, K, 3) m."""
        off = points - self.origins[:, :, None]
        return off - (off * self.directions).sum(-1, keepdims=True) * self.directions

    def along(self, points: np.ndarray) -> np.ndarray:
        """Return how far along the rays points (T, K, 3) lie, (V, T, K) m."""
        return ((points - self.origins[:, :, None]) * self.directions).sum(-1)


def read_moments(group: Group, times: np.ndarray, cameras: Cameras, landmarks: np.ndarray = _ALL) -> Moments:
    """Return what the views see of a person at times (T,) s of the first video."""
    shape = (len(cameras), len(times), len(landmarks))
    slopes, weights, depths = np.zeros((*shape, 2)), np.zeros(shape), np.ones(shape)
    for view, lines in enumerate(group):
        if lines is not None:
            seen = lines.at(cameras.seconds(view, times))
            slopes[view], weights[view] = seen.slopes[:, landmarks], seen.weights[:, landmarks]
            depths[view] = seen.landmarks[:, landmarks, 2]
    return Moments(times, slopes, weights, depths)


def cast_rays(cameras: Cameras, moments: Moments) -> Rays:
    """Return the rays of all views through a person's landmarks."""
    zooms = cameras.zooms[:, None, None]
    slopes = moments.slopes / zooms[..., None]
    rays = np.concatenate([slopes, np.ones_like(slopes[..., :1])], axis=-1)
    poses = [cameras.first_from_cam(view, moments.times) for view in range(len(cameras))]
    moved = np.stack([axes @ np.swapaxes(pose[:, :3, :3], 1, 2) for axes, pose in zip(rays, poses, strict=True)])
    longest = max(map(len, poses))
    origins = np.stack([np.broadcast_to(pose[:, :3, 3], (longest, 3)) for pose in poses])
    distances = moments.depths * zooms * np.hypot(1.0, np.linalg.norm(moments.slopes, axis=-1) / zooms)
    return Rays(origins, normalize(moved), moments.weights, distances)


def triangulate(rays: Rays, rounds: int = 3) -> np.ndarray:
    """Return points (T, K, 3) nearest to the rays and, weakly, at the distances that each view alone tells.

    Weighted least squares in closed form: w (I - d d') (p - c) = 0 for each ray d from c, and v d' (p - c) = v distance;
    reweighted a few times, so that a view that is far off counts little.
    """
    return _meet(rays, rays.distances, _DISTANCE_METRES, rounds)


def triangulate_body(rays: Rays) -> np.ndarray:
    """Return points as `triangulate`, whose landmarks lie on the body about as each view alone has them: this decides the depth
    between cameras that stand face to face."""
    along = rays.along(triangulate(rays))
    weights = rays.weights[..., TORSO]
    shift = ((along - rays.distances)[..., TORSO] * weights).sum(-1) / np.maximum(weights.sum(-1), 1e-9)
    return _meet(rays, rays.distances + shift[..., None], _ON_BODY_METRES)


def measure_size(rays: Rays) -> float:
    """Return by which factor a person is farther away, and so larger, than each view alone has it; 1 where rays never meet."""
    factors = _measure_factors(rays)
    return 1.0 if np.isnan(factors).all() else float(np.nanmedian(factors))


def measure_sizes(rays: Rays) -> np.ndarray:
    """Return `measure_size` of each view (V,) by itself; NaN where its rays never meet those of others."""
    return np.array([np.nan if np.isnan(of_view).all() else np.nanmedian(of_view) for of_view in _measure_factors(rays)])


def _measure_factors(rays: Rays) -> np.ndarray:
    """Return by which factor (V, T, 4) the trunk's corners are farther away than each view alone has them; NaN where they do not
    meet another view's ray."""
    factors = (rays.along(triangulate(rays)) / rays.distances)[..., TORSO]
    return np.where((rays.weights > SEEN_WEIGHT)[..., TORSO] & rays.is_met[:, TORSO], factors, np.nan)


def _meet(rays: Rays, distance: np.ndarray, sigma: float, rounds: int = 3) -> np.ndarray:
    """Return the points of `triangulate` with distances (V, T, K) m along the rays, of an error sigma in m."""
    directions, origins = rays.directions, rays.origins[:, :, None]
    outer = directions[..., :, None] * directions[..., None, :]
    kept = rays.weights / sigma ** 2
    start = (directions * origins).sum(-1, keepdims=True)
    trust = np.ones_like(rays.weights)
    for _ in range(rounds):
        across = trust * rays.weights / LANDMARK_METRES ** 2
        matrix = (across[..., None, None] * (np.eye(3) - outer) + kept[..., None, None] * outer).sum(0)
        right = (across[..., None] * (origins - start * directions)
                 + kept[..., None] * (start + distance[..., None]) * directions).sum(0)
        points = np.linalg.solve(matrix + 1e-6 * np.eye(3), right[..., None])[..., 0]
        far = np.linalg.norm(rays.across(points), axis=-1) / LANDMARK_METRES
        # A guess of a hidden landmark, of little weight, may be farther off before it counts as an outlier.
        trust = 1 / (1 + np.sqrt(rays.weights) * (far / OUTLIER_SIGMAS) ** 2)
    return points
