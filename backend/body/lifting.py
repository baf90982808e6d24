"""From landmarks to points in space: image positions count most, the landmark model's depths are a weak prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks, overlapping_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array

from ..base.pinhole import compute_rays, fit_translation, rotmats_towards
from ..base.smoothing import smooth_depth
from ..people.landmarks import LANDMARK, TORSO
from ..people.stitching import PersonTrack
from .lean import remove_lean
from .proportions import Body, measure_body

# Smoothing of the landmarks against trembling. Poses are smoothed again later: on the 48 held-out scenes of
# backend/weights/README.md, less here and more there made limbs, joints and accelerations more exact.
_LANDMARK_SIGMA_SECONDS = 0.05
# Errors (sigma) of a limb's length and of the landmark model's depth, in metres: their ratio decides how far a limb's
# foreshortening in the image corrects its depth. Of the order measured on rendered people: depth 0.044 to 0.065 in the mean.
# Halved or doubled: limbs +0.13 / -0.02 and -0.02 / +0.11 degrees (`benchmarks/constants.py --end 3`: walk_turn's first 3 s).
_LENGTH_ERROR, _DEPTH_ERROR = 0.05, 0.10
_DEPTH_CANDIDATES = np.linspace(-0.45, 0.45, 61)    # metres: longer than an upper arm or a thigh; steps of 1.5 cm
_DEPTH_CHANGE_PER_SECOND = 1.0      # sigma (m/s) of a depth correction's change: slower than limbs move; not measured
_MIN_SCORE = 0.02                   # of guessed landmarks: above 0, so that gaps are filled; by eye
_BLOCK_FRAMES = 512                 # computed at a time, for bounded memory
_SMOOTHED_OVER_SECONDS = 3.0        # by all smoothing in `smooth_landmarks`, to each side: three of its largest sigmas are 1.2 s
_MIN_DEPTH = 0.1                    # metres from the camera; a guard, no person is so near
# The ends of limbs: first those at the torso.
_CHAINS = tuple(tuple((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in limbs) for limbs in (
    (("shoulder", "elbow"), ("hip", "knee")), (("elbow", "wrist"), ("knee", "ankle"))))
_FOLLOWERS = {"wrist": ("pinky", "index", "thumb"), "ankle": ("heel", "foot_index")}


@dataclass(frozen=True)
class LandmarkRays:
    """The rays from the camera through one person's landmarks, and the person's body.

    point_rays (T, 33, 3) in the camera's frame (x right, y down, z forward), z = 1; weights (T, 33) in 0..1; timestamps (T,) s.
    """
    point_rays: np.ndarray
    weights: np.ndarray
    timestamps: np.ndarray
    body: Body

    def at(self, rows: np.ndarray | slice) -> LandmarkRays:
        """Return the rays of some frames."""
        return LandmarkRays(self.point_rays[rows], self.weights[rows], self.timestamps[rows], self.body)


@dataclass(frozen=True)
class LiftedTrack(LandmarkRays):
    """One person's landmarks in space: points (T, 33, 3) in the camera's frame, metres, on the landmarks' rays."""
    points: np.ndarray


def landmark_weights(score: np.ndarray) -> np.ndarray:
    """Return landmarks' weights (T, 33) in 0..1 from their visibility (T, 33)."""
    return np.clip(score, _MIN_SCORE, 1.0) ** 2


@dataclass(frozen=True)
class SmoothedTrack:
    """One person's landmarks without their trembling, before the body is known.

    relative (T, 33, 3): the landmark model's points about the hips, in the camera's axes; point_rays, weights and timestamps as
    in `LandmarkRays`; points (T, 33, 3): the relative ones placed on their rays.
    """
    relative: np.ndarray
    point_rays: np.ndarray
    weights: np.ndarray
    timestamps: np.ndarray
    points: np.ndarray

    def at(self, rows: slice) -> SmoothedTrack:
        """Return the landmarks in some frames."""
        return SmoothedTrack(self.relative[rows], self.point_rays[rows], self.weights[rows], self.timestamps[rows],
                             self.points[rows])


def lift(track: PersonTrack, intrinsics: np.ndarray, stature: float, lean: float = 0.0) -> LiftedTrack:
    """Return the landmarks of a track in space, for a person of that stature in metres.

    lean: by how many radians the landmark model's bodies lean too far towards the camera (`lean.measure_lean_bias`).
    """
    smoothed = smooth_landmarks(track, intrinsics, lean)
    return lift_on_body(smoothed, *find_body(smoothed, track.score, stature))


def smooth_landmarks(track: PersonTrack, intrinsics: np.ndarray, lean: float = 0.0) -> SmoothedTrack:
    """Return the landmarks of a track without their trembling; parameters as in `lift`."""
    shape = track.score.shape
    smoothed = SmoothedTrack(make_array((*shape, 3)), make_array((*shape, 3)), make_array(shape), track.timestamps,
                             make_array((*shape, 3)))
    for block in overlapping_blocks(track.timestamps, _SMOOTHED_OVER_SECONDS):
        part = _smooth_part(track.at(block.part), intrinsics, lean)
        for name in ("relative", "point_rays", "weights", "points"):
            getattr(smoothed, name)[block.kept] = getattr(part, name)[block.inner]
    return smoothed


def _smooth_part(track: PersonTrack, intrinsics: np.ndarray, lean: float) -> SmoothedTrack:
    frame_count, weights = len(track.timestamps), landmark_weights(track.score)

    def smoothed(values: np.ndarray) -> np.ndarray:
        flat_weights = np.repeat(weights, values.shape[2], axis=1)
        flat = smooth_measured(values.reshape(frame_count, -1), track.timestamps, _LANDMARK_SIGMA_SECONDS, flat_weights)
        return flat.reshape(values.shape)

    point_rays = smoothed(compute_rays(track.xy, intrinsics))
    towards = rotmats_towards(point_rays[:, TORSO].mean(1))
    relative = remove_lean(np.einsum("tij,tkj->tki", towards, smoothed(track.world)), lean)
    return SmoothedTrack(relative, point_rays, weights, track.timestamps,
                         _place_on_rays(relative, point_rays, weights, track.timestamps))


def find_body(smoothed: SmoothedTrack, score: np.ndarray, stature: float) -> tuple[Body, float]:
    """Return the body of a person of that stature in metres, and the factor by which the landmarks must grow to have its size;
    score (T, 33) as in a track."""
    body = measure_body(smoothed.points, score, stature)
    return body, compute_scale(smoothed.points, smoothed.weights, body)


def lift_on_body(smoothed: SmoothedTrack, body: Body, scale: float) -> LiftedTrack:
    """Return the landmarks in space; body and scale as `find_body` gives them, of the whole clip."""
    point_rays, weights, times = smoothed.point_rays, smoothed.weights, smoothed.timestamps
    points = _place_on_rays(smoothed.relative * scale, point_rays, weights, times)
    points = _correct_foreshortening(points, point_rays, times, body)
    return LiftedTrack(point_rays, weights, times, body, points)


def _place_on_rays(relative: np.ndarray, point_rays: np.ndarray, weights: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return points (T, 33, 3) on their rays, at the depths of the hip-centred landmarks translated to fit the rays."""
    depth = fit_translation(relative, point_rays, np.sqrt(weights))[:, 2]
    depth = smooth_depth(depth, timestamps, weights.mean(1, keepdims=True))
    return point_rays * np.maximum(depth[:, None] + relative[..., 2], _MIN_DEPTH)[..., None]


def compute_scale(points: np.ndarray, weights: np.ndarray, body: Body) -> float:
    """Return the factor by which measured limbs and torso must grow to have the body's size."""
    pairs = [(LANDMARK[a], LANDMARK[b]) for limbs in _CHAINS for a, b in limbs]
    pairs += [(LANDMARK[f"{side}_shoulder"], LANDMARK[f"{side}_hip"]) for side in ("left", "right")]
    first, second = np.array(pairs).T
    wanted = np.linalg.norm(body.rest_landmarks[first] - body.rest_landmarks[second], axis=-1)
    growth, total = 0.0, 0.0
    for rows in frame_blocks(len(points)):
        measured = np.linalg.norm(points[rows, first] - points[rows, second], axis=-1)
        importance = np.minimum(weights[rows, first], weights[rows, second]) * wanted
        growth += (np.log(wanted / np.maximum(measured, 1e-3)) * importance).sum()
        total += importance.sum()
    return float(np.exp(growth / total))


def _correct_foreshortening(points: np.ndarray, point_rays: np.ndarray, timestamps: np.ndarray, body: Body) -> np.ndarray:
    """Return points with each limb's far end moved along its ray to the depth that agrees best with the limb's length.

    For each limb, those at the torso first, depths z are chosen among candidates around the model's z0. The chosen sequence
    minimises  ((|r z - parent| - length) / length error)^2 + ((z - z0) / depth error)^2  in each frame plus, from frame to frame,
    the squared change of z - z0 over its sigma, so that a limb does not jump between two possible depths.
    """
    corrected = points.copy()
    for limbs in _CHAINS:
        parents, children = np.array([(LANDMARK[parent], LANDMARK[child]) for parent, child in limbs]).T
        lengths = np.linalg.norm(body.rest_landmarks[children] - body.rest_landmarks[parents], axis=-1)
        expected = corrected[:, parents, 2] + points[:, children, 2] - points[:, parents, 2]             # (T, limbs)
        cost = _compute_depth_costs(point_rays[:, children], corrected[:, parents], expected, lengths)
        chosen = expected + _find_smoothest_minimum(cost, np.diff(timestamps))
        corrected[:, children] = point_rays[:, children] * chosen[..., None]
        for column, (_, child_name) in enumerate(limbs):
            side, joint = child_name.split("_", 1)
            for follower in _FOLLOWERS.get(joint, ()):
                index = LANDMARK[f"{side}_{follower}"]
                depth = chosen[:, column] + points[:, index, 2] - points[:, children[column], 2]
                corrected[:, index] = point_rays[:, index] * depth[:, None]
    return corrected


def _compute_depth_costs(point_rays: np.ndarray, parents: np.ndarray, expected: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the cost (T, L, N) of each candidate for the depths of L limbs' far ends on their rays (T, L, 3), whose near ends
    are `parents` (T, L, 3): of its length, given in lengths (L,), and of its distance from the expected depth (T, L)."""
    cost = np.empty((*expected.shape, len(_DEPTH_CANDIDATES)))
    for start in range(0, len(cost), _BLOCK_FRAMES):        # all at once would take ten times the result's memory
        rows = slice(start, start + _BLOCK_FRAMES)
        depths = expected[rows, :, None] + _DEPTH_CANDIDATES
        reach = np.linalg.norm(point_rays[rows, :, None] * depths[..., None] - parents[rows, :, None], axis=-1)
        cost[rows] = ((reach - lengths[:, None]) / _LENGTH_ERROR) ** 2 + (_DEPTH_CANDIDATES / _DEPTH_ERROR) ** 2
    return cost


def _find_smoothest_minimum(cost: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the offsets (T, L) of the cheapest sequence of candidates, cost (T, L, N), steps (T - 1,) seconds (Viterbi)."""
    change = np.abs(_DEPTH_CANDIDATES[:, None] - _DEPTH_CANDIDATES[None])
    total = cost[0]
    arrived = np.zeros(cost.shape, dtype=np.int16)
    for frame, step in enumerate(steps, start=1):
        move = total[:, None, :] + (change / (_DEPTH_CHANGE_PER_SECOND * step)) ** 2        # (L, to, from)
        arrived[frame] = move.argmin(-1)
        total = move.min(-1) + cost[frame]
    best = np.empty(cost.shape[:2], dtype=int)
    best[-1] = total.argmin(-1)
    limbs = np.arange(cost.shape[1])
    for frame in range(len(steps), 0, -1):
        best[frame - 1] = arrived[frame, limbs, best[frame]]
    return _refine_between_candidates(cost, np.clip(best, 1, cost.shape[2] - 2))


def _refine_between_candidates(cost: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Return offsets (T, L) at the minimum of the parabola through the chosen candidates (T, L) and their neighbours."""
    before, at, after = (np.take_along_axis(cost, best[..., None] + step, axis=2)[..., 0] for step in (-1, 0, 1))
    shift = np.clip(0.5 * (before - after) / np.maximum(before - 2 * at + after, 1e-9), -0.5, 0.5)
    return _DEPTH_CANDIDATES[best] + shift * (_DEPTH_CANDIDATES[1] - _DEPTH_CANDIDATES[0])
