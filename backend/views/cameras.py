"""Where the views' cameras are, their lenses and the time between them: a bundle over all people and moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.smoothing import nearest_rotmats
from ..camera.vertical_lines import down_in_camera
from ..people.landmarks import LANDMARK
from .rays import (
    LANDMARK_METRES,
    OUTLIER_SIGMAS,
    SEEN_WEIGHT,
    Cameras,
    Group,
    find_directions,
    measure_across,
    read_moments,
    triangulate,
)
from .sightlines import Sightlines

_SIDES = ("left", "right")
# Landmarks that are at one place of the body from all sides: of the face the nose and ears alone, no fingers.
USED = np.sort([LANDMARK[name] for name in ("nose", "left_ear", "right_ear")] + [
    LANDMARK[f"{side}_{name}"] for side in _SIDES
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")])
_LIMBS = np.array([[LANDMARK[f"{side}_{a}"], LANDMARK[f"{side}_{b}"]] for side in _SIDES for a, b in (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("shoulder", "hip"))])
_LIMB_ENDS = np.searchsorted(USED, _LIMBS)      # rows of USED
_JOINTS = [JOINT["neck"], *(JOINT[f"{side}_{name}"] for side in _SIDES for name in (
    "hip", "knee", "ankle", "shoulder", "elbow", "wrist"))]
_MOST_MOMENTS = 100             # of a long clip, to bound time; chosen by eye
# Errors (sigma): of a limb's length by the views alone, as a share; of an assumed lens and of a given one, as logarithms (cameras
# have 46 to 65 degrees); of the rotation between two bodies, each 10 degrees off; of the time by the limbs' angles. By eye, but
# for the length: its errors last as long as a posture, so that 0.06, the error of one moment, counts too much.
_LENGTH_SHARE, _FOCAL_SIGMA, _KNOWN_FOCAL_SIGMA = 0.12, 0.1, 0.01
_TURN_SIGMA, _TIME_SIGMA = np.radians(15), 0.05
# The gain of a phone's clock (sigma): quartz is up to 50 millionths off, rates that files state more. In shorter clips it is
# 6 ms at most, and not looked for.
_GAIN_SIGMA, _DRIFT_SECONDS = 1e-4, 60.0
# Errors (sigma) of pitch and roll of a camera by its view alone, as in `world.balance`. Cameras face to face have nothing else
# that tells whether the people lean to the one or to the other.
_TILT_SIGMAS = np.radians((4.0, 2.0))
# The logarithm of a person's stature over that of all people (sigma): of grown-ups; children differ more, and move it at a cost.
_STATURE_SIGMA = 0.07
# Sizes of steps, of the order of the first guess's errors: radians, metres, seconds; logarithm; radians.
_STEPS = np.array([0.1] * 3 + [0.3] * 3 + [0.01])
_ZOOM_STEP, _TILT_STEP = 0.05, 0.05
_MOST_ROUNDS = 25


def guess_cameras(groups: list[Group], offsets: np.ndarray) -> tuple[Cameras, np.ndarray]:
    """Return cameras by the bodies as each view alone has them, and how far the moments' rotations lie apart (V,) degrees."""
    count = len(offsets)
    rotmats, places, spread = np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 3)), np.zeros(count)
    for view in range(1, count):
        pairs = [_read_common_joints(group[0], group[view], offsets[view]) for group in groups]
        ours, theirs = (np.concatenate(part) for part in zip(*pairs, strict=True))
        if len(ours):
            turns = _align(ours, theirs)
            turn = _find_robust_mean(turns)
            rotmats[view] = turn.as_matrix()
            spread[view] = np.degrees(np.median((turns * turn.inv()).magnitude()))
            places[view] = np.median(ours.mean(1) - theirs.mean(1) @ rotmats[view].T, axis=0)
    return Cameras(rotmats, places, np.ones(count), offsets, np.zeros(count)), spread


def _read_common_joints(first: Sightlines | None, other: Sightlines | None, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the joints (T, 13, 3) at the moments in which both views see a person, in each one's axes."""
    if first is None or other is None:
        return np.zeros((0, len(_JOINTS), 3)), np.zeros((0, len(_JOINTS), 3))
    there = other.at(first.timestamps + offset)
    both = there.weights.any(1) & first.weights.any(1)
    return first.joints[both][:, _JOINTS], there.joints[both][:, _JOINTS]


def _align(ours: np.ndarray, theirs: np.ndarray) -> Rotation:
    """Return the rotations that take points (T, J, 3), each frame's about their centre, of the other view to ours."""
    a, b = (points - points.mean(1, keepdims=True) for points in (ours, theirs))
    return Rotation.from_matrix(nearest_rotmats(np.swapaxes(a, 1, 2) @ b))


def _find_robust_mean(turns: Rotation) -> Rotation:
    mean = turns.mean()
    for _ in range(5):
        far = (turns * mean.inv()).magnitude()
        mean = turns[far <= np.median(far)].mean()
    return mean


def find_cameras(groups: list[Group], offsets: np.ndarray, lens_is_known: Sequence[bool], is_timed: Sequence[bool],
                 tilts: np.ndarray, check: Callable[[], None] = lambda: None) -> Cameras:
    """Return the cameras with which all people's rays meet best, limbs keep their lengths and all views have one direction down.

    offsets (V,) s are a first guess, exact for the other views (V - 1) that are timed; tilts (V, 2): pitch and roll of the
    cameras by each view alone, radians. check is called at times.
    """
    guess, _ = guess_cameras(groups, offsets)
    moments = [_choose_moments(group) for group in groups]
    people = list(zip(groups, moments, [_measure_lengths(group) for group in groups], strict=True))
    focal_sigmas = np.where(lens_is_known, _KNOWN_FOCAL_SIGMA, _FOCAL_SIGMA)
    count = len(offsets) - 1
    times = np.concatenate(moments)
    drifting = count if len(times) and np.ptp(times) >= _DRIFT_SECONDS else 0
    sized = len(people) if len(people) > 1 else 0       # a single person gives the scale

    def step(state: np.ndarray) -> tuple[Cameras, np.ndarray]:
        steps, zooms = state[:7 * count].reshape(-1, 7) * _STEPS, np.exp(state[7 * count:8 * count + 1] * _ZOOM_STEP)
        steps[:, 6] = np.where(is_timed, 0.0, steps[:, 6])
        gains = np.zeros(count)
        if drifting:
            gains = np.where(is_timed, 0.0, state[8 * count + 3:9 * count + 3] * _GAIN_SIGMA)
        return _moved(guess, steps, zooms, gains, float(times.mean())), steps

    def shared_errors(state: np.ndarray) -> np.ndarray:
        cameras, steps = step(state)
        tilt = measure_tilt_errors(cameras, tilts, tilts[0] + state[8 * count + 1:8 * count + 3] * _TILT_STEP)
        return np.concatenate([tilt, steps[:, :3].ravel() / _TURN_SIGMA, steps[:, 6] / _TIME_SIGMA,
                               np.log(cameras.zooms) / focal_sigmas, cameras.gains / _GAIN_SIGMA,
                               state[8 * count + 3 + drifting:]])

    def person_errors(state: np.ndarray) -> list[np.ndarray]:
        cameras, _ = step(state)
        taller = np.exp(_STATURE_SIGMA * state[8 * count + 3 + drifting:]) if sized else np.ones(len(people))
        return [_measure_errors(cameras, *person, factor) for person, factor in zip(people, taller, strict=True)]

    def errors(state: np.ndarray) -> np.ndarray:
        check()
        return np.concatenate([*person_errors(state), shared_errors(state)])

    found = least_squares(errors, np.zeros(8 * count + 3 + drifting + sized), max_nfev=_MOST_ROUNDS, diff_step=1e-4).x
    shared = (shared_errors(found) ** 2).sum()
    # One person who fits is enough to show the same moment: others may be half hidden.
    costs = [((found_errors ** 2).sum() + shared) / max(len(seen), 1)
             for found_errors, seen in zip(person_errors(found), moments, strict=True)]
    return replace(step(found)[0], cost=float(min(costs, default=np.inf)))


def _moved(cameras: Cameras, steps: np.ndarray, zooms: np.ndarray, gains: np.ndarray, middle: float) -> Cameras:
    """Return cameras after steps (V - 1, 7) of all but the first: rotation vector, metres, and seconds at the second `middle`,
    from which the clocks' gains (V - 1) count."""
    still = np.zeros((1, 7))
    steps = np.concatenate([still, steps])
    turns = Rotation.from_rotvec(steps[:, :3]).as_matrix()
    gains = np.append(0.0, gains)
    offsets = cameras.offsets + steps[:, 6] - gains * middle
    return Cameras(turns @ cameras.rotmats, cameras.places + steps[:, 3:6], zooms, offsets, gains)


def _choose_moments(group: Group) -> np.ndarray:
    """Return the times (T,) s of the first video at which a person is compared."""
    times = next(lines for lines in group if lines is not None).timestamps
    return times[np.unique(np.linspace(0, len(times) - 1, min(len(times), _MOST_MOMENTS)).astype(int))]


def _measure_lengths(group: Group) -> np.ndarray:
    """Return the limbs' lengths (L,) m of the bodies as the views alone have them, in the mean."""
    ends = [lines.landmarks[:, _LIMBS] for lines in group if lines is not None]
    return np.mean([np.median(np.linalg.norm(end[:, :, 1] - end[:, :, 0], axis=-1), axis=0) for end in ends], axis=0)


def measure_tilt_errors(cameras: Cameras, tilts: np.ndarray, tilt: np.ndarray) -> np.ndarray:
    """Return the errors (2 V) in sigmas of the cameras' tilts (V, 2) where the first one has the pitch and roll `tilt`."""
    downs = down_in_camera(*tilt) @ cameras.rotmats
    found = np.stack([np.arcsin(np.clip(downs[:, 2], -1, 1)), np.arctan2(downs[:, 0], downs[:, 1])], axis=1)
    errors = (found - tilts) / _TILT_SIGMAS
    return (OUTLIER_SIGMAS * np.arctan(errors / OUTLIER_SIGMAS)).ravel()


def _measure_errors(cameras: Cameras, group: Group, times: np.ndarray, lengths: np.ndarray, taller: float) -> np.ndarray:
    """Return one person's errors in sigmas, over the root of the number of landmarks: rays that do not meet, limbs' lengths.

    taller: the factor by which the person is taller than each view alone has it.
    """
    moments = read_moments(group, times, cameras, USED).scaled(taller)
    directions = find_directions(cameras, moments)
    points = triangulate(cameras, moments, directions, rounds=2)
    across = measure_across(points, cameras, directions) / LANDMARK_METRES
    far = np.linalg.norm(across, axis=-1)
    is_met = (moments.weights > SEEN_WEIGHT).sum(0) > 1
    # The root of Cauchy's cost s^2 log(1 + r^2 / s^2), in the error's direction.
    robust = OUTLIER_SIGMAS * np.sqrt(np.log1p((far / OUTLIER_SIGMAS) ** 2)) / np.maximum(far, 1e-9)
    across = across * (robust * np.sqrt(moments.weights) * is_met)[..., None]
    first, second = _LIMB_ENDS.T
    limbs = np.linalg.norm(points[:, second] - points[:, first], axis=-1)
    is_seen = np.sqrt(np.minimum(moments.weights[:, :, first], moments.weights[:, :, second]).min(0))
    longer = np.log(np.maximum(limbs, 1e-3) / (taller * lengths)) / _LENGTH_SHARE
    longer = OUTLIER_SIGMAS * np.arctan(longer / OUTLIER_SIGMAS) * is_seen
    return np.concatenate([across.ravel(), longer.ravel()]) / np.sqrt(len(USED))
