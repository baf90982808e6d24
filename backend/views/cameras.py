"""Where the views' cameras are, their lenses and the time between them: a bundle over all people and moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.pinhole import move_points
from ..base.smoothing import nearest_rotmats
from ..camera.vertical_lines import down_in_camera
from ..people.landmarks import LANDMARK
from .bundle_state import GAIN_SIGMA, PATH_SIGMA, STATURE_SIGMA, Layout, Unknowns
from .camera_paths import CameraPath, Cameras
from .rays import LANDMARK_METRES, OUTLIER_SIGMAS, Group, cast_rays, read_moments, triangulate

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
_DRIFT_SECONDS = 60.0           # in shorter clips the gain of a clock is 6 ms at most, and not looked for
# Errors (sigma) of pitch and roll of a camera by its view alone: less than in `world.balance`, as each moment's rays count by
# themselves here, although their errors last as long as a posture. Cameras face to face have nothing else that tells whether the
# people lean to the one or to the other.
_TILT_SIGMAS = np.radians((2.5, 1.25))
_MOST_ROUNDS = 25


def guess_cameras(groups: list[Group], offsets: np.ndarray, paths: tuple[CameraPath, ...]) -> tuple[Cameras, np.ndarray]:
    """Return cameras by the bodies as each view alone has them, and how far the moments' rotations lie apart (V,) degrees."""
    start = start_cameras(offsets, paths)
    rotmats, places, spread = start.rotmats.copy(), start.places.copy(), np.zeros(len(offsets))
    for view in range(1, len(offsets)):
        pairs = [_read_common_joints(group, view, start) for group in groups]
        ours, theirs = (np.concatenate(part) for part in zip(*pairs, strict=True))
        if len(ours):
            turns = _align(ours, theirs)
            turn = _find_robust_mean(turns)
            rotmats[view] = turn.as_matrix()
            spread[view] = np.degrees(np.median((turns * turn.inv()).magnitude()))
            places[view] = np.median(ours.mean(1) - theirs.mean(1) @ rotmats[view].T, axis=0)
    return replace(start, rotmats=rotmats, places=places), spread


def start_cameras(offsets: np.ndarray, paths: tuple[CameraPath, ...]) -> Cameras:
    """Return cameras of which only the offsets (V,) s and the paths (V) are known."""
    count = len(offsets)
    return Cameras(np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 3)), paths, np.ones(count), offsets, np.zeros(count))


def _read_common_joints(group: Group, view: int, start: Cameras) -> tuple[np.ndarray, np.ndarray]:
    """Return the joints (T, 13, 3) at the moments in which the first and another view see a person, in the axes of the views'
    first frames."""
    first, other = group[0], group[view]
    if first is None or other is None:
        return np.zeros((0, len(_JOINTS), 3)), np.zeros((0, len(_JOINTS), 3))
    times = first.timestamps
    there = other.at(start.seconds(view, times))
    both = there.weights.any(1) & first.weights.any(1)
    ours, theirs = (move_points(lines.joints[:, _JOINTS], start.first_from_cam(number, times))
                    for number, lines in ((0, first), (view, there)))
    return ours[both], theirs[both]


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


def find_cameras(groups: list[Group], start: Cameras, lens_is_known: Sequence[bool], is_timed: Sequence[bool],
                 tilts: np.ndarray, check: Callable[[], None] = lambda: None) -> Cameras:
    """Return the cameras with which all people's rays meet best, limbs keep their lengths and all views have one direction down.

    start: a first guess of offsets, exact for the other views (V - 1) that are timed, and of the paths' scales; tilts (V, 2):
    pitch and roll of the cameras in their first frames by each view alone, radians. check is called at times.
    """
    guess, _ = guess_cameras(groups, start.offsets, start.paths)
    people = [(group, _choose_moments(group), _measure_lengths(group)) for group in groups]
    times = np.concatenate([moments for _, moments, _ in people])
    drifts = len(times) > 0 and np.ptp(times) >= _DRIFT_SECONDS
    layout = Layout(is_timed, [path.travels for path in start.paths], drifts, len(people))
    focal_sigmas = np.where(lens_is_known, _KNOWN_FOCAL_SIGMA, _FOCAL_SIGMA)

    def shared_errors(found: Unknowns) -> np.ndarray:
        cameras = _changed(guess, found, times)
        tilt = measure_tilt_errors(cameras, tilts, tilts[0] + found.tilt)
        return np.concatenate([tilt, found.turns.ravel() / _TURN_SIGMA, found.delays / _TIME_SIGMA,
                               np.log(cameras.zooms) / focal_sigmas, found.gains / GAIN_SIGMA,
                               np.log(found.statures) / STATURE_SIGMA, np.log(found.scales) / PATH_SIGMA])

    def person_errors(found: Unknowns) -> list[np.ndarray]:
        cameras = _changed(guess, found, times)
        return [_measure_errors(cameras, *person, taller) for person, taller in zip(people, found.statures, strict=True)]

    def errors(state: np.ndarray) -> np.ndarray:
        check()
        found = layout.read(state)
        return np.concatenate([*person_errors(found), shared_errors(found)])

    found = layout.read(least_squares(errors, np.zeros(layout.size), max_nfev=_MOST_ROUNDS, diff_step=1e-4).x)
    shared = (shared_errors(found) ** 2).sum()
    # One person who fits is enough to show the same moment: others may be half hidden.
    costs = [((errors_of_one ** 2).sum() + shared) / max(len(moments), 1)
             for errors_of_one, (_, moments, _) in zip(person_errors(found), people, strict=True)]
    return replace(_changed(guess, found, times), cost=float(min(costs, default=np.inf)))


def _changed(cameras: Cameras, found: Unknowns, times: np.ndarray) -> Cameras:
    """Return cameras changed by what was found; clocks' gains count from the middle of the times (T,) s."""
    turns, gains = (np.concatenate([np.zeros((1, *part.shape[1:])), part]) for part in (found.turns, found.gains))
    moves, delays = (np.concatenate([np.zeros((1, *part.shape[1:])), part]) for part in (found.moves, found.delays))
    paths = tuple(path.scaled(scale) for path, scale in zip(cameras.paths, found.scales, strict=True))
    return Cameras(Rotation.from_rotvec(turns).as_matrix() @ cameras.rotmats, cameras.places + moves, paths, found.zooms,
                   cameras.offsets + delays - gains * float(times.mean()), gains)


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
    rays = cast_rays(cameras, read_moments(group, times, cameras, USED).scaled(taller))
    points = triangulate(rays, rounds=2)
    across = rays.across(points) / (LANDMARK_METRES * taller)       # or all would be smallest, where rays miss by less
    far = np.linalg.norm(across, axis=-1)
    # The root of Cauchy's cost s^2 log(1 + r^2 / s^2), in the error's direction.
    robust = OUTLIER_SIGMAS * np.sqrt(np.log1p((far / OUTLIER_SIGMAS) ** 2)) / np.maximum(far, 1e-9)
    across = across * (robust * np.sqrt(rays.weights) * rays.is_met)[..., None]
    first, second = _LIMB_ENDS.T
    limbs = np.linalg.norm(points[:, second] - points[:, first], axis=-1)
    is_seen = np.sqrt(np.minimum(rays.weights[:, :, first], rays.weights[:, :, second]).min(0))
    longer = np.log(np.maximum(limbs, 1e-3) / (taller * lengths)) / _LENGTH_SHARE
    longer = OUTLIER_SIGMAS * np.arctan(longer / OUTLIER_SIGMAS) * is_seen
    return np.concatenate([across.ravel(), longer.ravel()]) / np.sqrt(len(USED))
