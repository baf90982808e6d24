"""The rays of all views through one person's landmarks, and the points at which they meet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import DEFAULT_STATURE

from ..base.rotations import normalize
from ..people.landmarks import LANDMARK_COUNT, TORSO
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
class Cameras:
    """The cameras of V views in the first one's axes.

    rotmats (V, 3, 3) and places (V, 3) m take a view's camera axes there; zooms (V,): focal lengths over the assumed ones;
    offsets (V,) s: the second of the view's video in which the first video's second 0 lies; gains (V,): seconds that the view's
    clock gains in one second of the first one's; cost: mean cost of a moment of the person who fits best.
    """
    rotmats: np.ndarray
    places: np.ndarray
    zooms: np.ndarray
    offsets: np.ndarray
    gains: np.ndarray
    cost: float = np.inf

    def __len__(self) -> int:
        return len(self.rotmats)

    def at(self, views: list[int]) -> Cameras:
        """Return the cameras of some views."""
        return Cameras(self.rotmats[views], self.places[views], self.zooms[views], self.offsets[views], self.gains[views])

    def seconds(self, view: int, times: np.ndarray) -> np.ndarray:
        """Return the seconds (T,) of a view's video at times (T,) s of the first one."""
        return self.offsets[view] + (1 + self.gains[view]) * times

    def first_from_cam(self, view: int, turns: np.ndarray | None = None) -> np.ndarray:
        """Return the matrix (4, 4) that takes a view's camera axes to the first one's; of a camera that turns by turns (T, 3, 3)
        since its first frame, the matrices (T, 4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.rotmats[view], self.places[view]
        if turns is None:
            return matrix
        matrices = np.tile(matrix, (len(turns), 1, 1))
        matrices[:, :3, :3] = self.rotmats[view] @ turns
        return matrices


@dataclass(frozen=True)
class Moments:
    """One person in all views at T moments: slopes (V, T, K, 2) of the rays with z = 1 by the assumed lens, weights (V, T, K) in
    0..1, and depths (V, T, K) m along z at which each view alone has the landmarks. turns: of each view as in `Sightlines`."""
    slopes: np.ndarray
    weights: np.ndarray
    depths: np.ndarray
    turns: tuple[np.ndarray | None, ...] = ()

    def scaled(self, factor: float) -> Moments:
        """Return what is seen of somebody who is larger and farther away by a factor than each view alone has it."""
        return replace(self, depths=factor * self.depths)


def read_moments(group: Group, times: np.ndarray, cameras: Cameras, landmarks: np.ndarray = _ALL) -> Moments:
    """Return what the views see of a person at times (T,) s of the first video."""
    shape = (len(cameras), len(times), len(landmarks))
    slopes, weights, depths = np.zeros((*shape, 2)), np.zeros(shape), np.ones(shape)
    turns: list[np.ndarray | None] = [None] * len(cameras)
    for view, lines in enumerate(group):
        if lines is not None:
            seen = lines.at(cameras.seconds(view, times))
            slopes[view], weights[view] = seen.slopes[:, landmarks], seen.weights[:, landmarks]
            depths[view], turns[view] = seen.landmarks[:, landmarks, 2], seen.turns
    return Moments(slopes, weights, depths, tuple(turns))


def find_directions(cameras: Cameras, moments: Moments) -> np.ndarray:
    """Return unit vectors (V, T, K, 3) from the cameras to the landmarks, in the first camera's axes."""
    slopes = moments.slopes / cameras.zooms[:, None, None, None]
    rays = np.concatenate([slopes, np.ones_like(slopes[..., :1])], axis=-1)
    for view, turns in enumerate(moments.turns):
        if turns is not None:
            rays[view] = rays[view] @ np.swapaxes(turns, 1, 2)
    return normalize(np.einsum("vij,vtkj->vtki", cameras.rotmats, rays))


def measure_across(points: np.ndarray, cameras: Cameras, directions: np.ndarray) -> np.ndarray:
    """Return how far points (T, K, 3) lie beside the rays, as vectors (V, T, K, 3) m."""
    off = points - cameras.places[:, None, None]
    return off - (off * directions).sum(-1, keepdims=True) * directions


def triangulate(cameras: Cameras, moments: Moments, directions: np.ndarray, rounds: int = 3) -> np.ndarray:
    """Return points (T, K, 3) nearest to the rays and, weakly, at the distances that each view alone tells.

    Weighted least squares in closed form: w (I - d d') (p - c) = 0 for each ray d from c, and v d' (p - c) = v distance;
    reweighted a few times, so that a view that is far off counts little.
    """
    return _meet(cameras, moments, directions, _read_distances(cameras, moments), _DISTANCE_METRES, rounds)


def triangulate_body(cameras: Cameras, moments: Moments, directions: np.ndarray) -> np.ndarray:
    """Return points as `triangulate`, whose landmarks lie on the body about as each view alone has them: this decides the depth
    between cameras that stand face to face."""
    points = triangulate(cameras, moments, directions)
    distances = _read_distances(cameras, moments)
    along = ((points - cameras.places[:, None, None]) * directions).sum(-1)
    weights = moments.weights[..., TORSO]
    shift = ((along - distances)[..., TORSO] * weights).sum(-1) / np.maximum(weights.sum(-1), 1e-9)
    return _meet(cameras, moments, directions, distances + shift[..., None], _ON_BODY_METRES)


def measure_size(cameras: Cameras, moments: Moments) -> float:
    """Return by which factor a person is farther away, and so larger, than each view alone has it; 1 where rays never meet."""
    distances, directions = _read_distances(cameras, moments)[..., TORSO], find_directions(cameras, moments)
    points = triangulate(cameras, moments, directions)
    along = ((points - cameras.places[:, None, None]) * directions).sum(-1)[..., TORSO]
    is_seen = moments.weights[..., TORSO] > SEEN_WEIGHT
    is_met = is_seen & (is_seen.sum(0) > 1)
    return float(np.median(along[is_met] / distances[is_met])) if is_met.any() else 1.0


def _read_distances(cameras: Cameras, moments: Moments) -> np.ndarray:
    """Return how far (V, T, K) m along its ray each view alone has the landmarks."""
    zooms = cameras.zooms[:, None, None]
    return moments.depths * zooms * np.hypot(1.0, np.linalg.norm(moments.slopes, axis=-1) / zooms)


def _meet(cameras: Cameras, moments: Moments, directions: np.ndarray, distance: np.ndarray, sigma: float,
          rounds: int = 3) -> np.ndarray:
    """Return the points of `triangulate` with distances (V, T, K) m along the rays, of an error sigma in m."""
    places = cameras.places[:, None, None]
    outer = directions[..., :, None] * directions[..., None, :]
    kept = moments.weights / sigma ** 2
    start = (directions * places).sum(-1, keepdims=True)
    trust = np.ones_like(moments.weights)
    for _ in range(rounds):
        across = trust * moments.weights / LANDMARK_METRES ** 2
        matrix = (across[..., None, None] * (np.eye(3) - outer) + kept[..., None, None] * outer).sum(0)
        right = (across[..., None] * (places - start * directions)
                 + kept[..., None] * (start + distance[..., None]) * directions).sum(0)
        points = np.linalg.solve(matrix + 1e-6 * np.eye(3), right[..., None])[..., 0]
        far = np.linalg.norm(measure_across(points, cameras, directions), axis=-1) / LANDMARK_METRES
        # A guess of a hidden landmark, of little weight, may be farther off before it counts as an outlier.
        trust = 1 / (1 + np.sqrt(moments.weights) * (far / OUTLIER_SIGMAS) ** 2)
    return points
