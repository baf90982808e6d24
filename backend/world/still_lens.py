"""The focal length of a still camera, from people who come nearer or go away: they keep their height, on one floor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array

from ..base.pinhole import compute_rays, fit_translation, fit_translation_at_depth, rotmats_towards
from ..base.reporter import Reporter
from ..base.smoothing import smooth_depth
from ..body.lifting import landmark_weights
from ..camera.viewpoint import Viewpoint
from ..engines.engine import CapturedPerson, Shot
from ..people.landmarks import TORSO
from .floor import floor_cost
from .placing import PlacedPerson, WorldCamera, place_people
from .soles import find_contact_points
from .votes import compute_votes

# From two thirds to one and a half of the assumed focal length: every second one, then those beside what fits.
_FACTORS = np.exp(np.arange(-8, 9) * 0.05)
_FOCAL_SIGMA = 0.2      # of the logarithm: cameras have 46 to 65 degrees about the assumed 55 (one sigma)
_MOST_FRAMES = 600      # of a long clip, to bound time
_LEAST_GAIN = 1.0       # of -2 log likelihood over the assumed lens, one sigma: what is less sure stays as assumed


def place_with_lens(people: list[CapturedPerson], shot: Shot, view: Viewpoint, lens_is_known: bool,
                    reporter: Reporter) -> tuple[Shot, WorldCamera, list[PlacedPerson]]:
    """Return the shot, the camera in the world and all people there, with the given lens or else the one measured from them.

    Raises CancelRequested.
    """
    world_camera, placed = place_people(people, shot, view.camera, view.vertical)
    if lens_is_known or not view.camera.is_still:      # a moving camera's lens is measured before
        return shot, world_camera, placed
    fit = find_focal_factor(people, [person.in_world.contacts for person in placed], view, reporter.check)
    widest, narrowest = (view.zoomed(factor).fov_degrees for factor in fit.range)
    as_well = f"{narrowest:.0f} to {widest:.0f} fit about as well"
    if fit.factor == 1.0:
        reporter.log("info", f"Field of view not shown by the video: {view.fov_degrees:.0f} degrees are assumed ({as_well}).")
        return shot, world_camera, placed
    seen = view.zoomed(fit.factor)
    reporter.log("info", "Field of view measured from people who come nearer or go away: "
                 f"{seen.fov_degrees:.0f} degrees ({as_well}).")
    people = [change_lens(person, view.intrinsics, seen.intrinsics) for person in people]
    shot = replace(shot, intrinsics=seen.intrinsics)
    return shot, *place_people(people, shot, seen.camera, seen.vertical)


@dataclass(frozen=True)
class FocalFit:
    """The focal length over the assumed one, and the least and greatest ones that fit about as well (within one sigma)."""
    factor: float
    range: tuple[float, float]


def find_focal_factor(people: list[CapturedPerson], contacts: list[np.ndarray], view: Viewpoint,
                      check: Callable[[], None] = lambda: None) -> FocalFit:
    """Return the focal length over the assumed one: 1 where the clip does not show it for sure.

    people: as an engine solved them; contacts (T, 4) of each. With a longer focal length all people are farther away by the same
    factor, and upright lines give another pitch: only with the true one are near and far feet on one floor at that pitch. A
    nearly level camera shows little of it; where nobody comes nearer or goes away, all fit. check is called at times.
    """
    people, contacts = zip(*(_thin_out(*pair) for pair in zip(people, contacts, strict=True)), strict=True)
    stands = [len(find_contact_points(person.motion, contact)) > 0 for person, contact in zip(people, contacts, strict=True)]
    votes = compute_votes(list(people), view.intrinsics) * stands
    costs = np.full(len(_FACTORS), np.inf)

    def compute(numbers: Iterable[int]) -> tuple[int, np.ndarray]:
        """Compute the costs of some factors; return the best one of all so far, and those that fit about as well."""
        for number in numbers:
            check()
            far_off = (np.log(_FACTORS[number]) / _FOCAL_SIGMA) ** 2
            costs[number] = far_off + _compute_floor_cost(people, contacts, votes, view, float(_FACTORS[number]))
        best = int(costs.argmin())
        return best, np.flatnonzero(costs < costs[best] + 1)

    assumed = len(_FACTORS) // 2
    best, fitting = compute(range(0, len(_FACTORS), 2))
    beside = {best - 1, best + 1, int(fitting[0]) - 1, int(fitting[-1]) + 1}
    best, fitting = compute(sorted(beside.intersection(range(1, len(_FACTORS), 2))))
    is_sure = costs[assumed] - costs[best] >= _LEAST_GAIN
    return FocalFit(float(_FACTORS[best]) if is_sure else 1.0, (float(_FACTORS[fitting[0]]), float(_FACTORS[fitting[-1]])))


def _thin_out(person: CapturedPerson, contacts: np.ndarray) -> tuple[CapturedPerson, np.ndarray]:
    """Return a person and the contacts in at most some hundred frames."""
    rows = np.unique(np.linspace(0, len(contacts) - 1, min(len(contacts), _MOST_FRAMES)).astype(int))
    return replace(person, track=person.track.at(rows), motion=person.motion.at(rows),
                   hands=person.hands and person.hands.at(rows)), contacts[rows]


def _compute_floor_cost(people: Sequence[CapturedPerson], contacts: Sequence[np.ndarray], votes: np.ndarray,
                        view: Viewpoint, factor: float) -> float:
    zoomed = view.zoomed(factor)
    motions = [change_lens(person, view.intrinsics, zoomed.intrinsics).motion for person in people]
    vertical = zoomed.vertical
    if vertical is None and view.vertical is not None:      # lines that agreed with the assumed lens do not with this one
        return np.inf
    return floor_cost(motions, vertical, list(contacts), votes)


def change_lens(person: CapturedPerson, intrinsics: np.ndarray, others: np.ndarray) -> CapturedPerson:
    """Return a person, solved with intrinsics (3, 3), moved to the rays of other intrinsics and rotated with them."""
    motion = person.motion
    rotmats, depth = make_array(motion.rotmats.shape), np.empty(len(motion.transl))
    for rows in frame_blocks(len(rotmats)):
        rotmats[rows] = _turn_to_lens(person, rows, intrinsics, others)
        depth[rows] = fit_translation(*_pose_before_lens(person, rows, rotmats, others))[:, 2]
    sure = np.sqrt(landmark_weights(person.track.score)).mean(1, keepdims=True)
    depth = smooth_depth(depth, motion.timestamps, sure)
    transl = np.concatenate([fit_translation_at_depth(*_pose_before_lens(person, rows, rotmats, others), depth[rows])
                             for rows in frame_blocks(len(rotmats))])
    return replace(person, motion=motion.with_pose(rotmats, transl))


def _turn_to_lens(person: CapturedPerson, rows: slice, intrinsics: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the rotations (T, 24, 3, 3) in some frames, the root's turned from the rays of one lens to those of another."""
    before, after = (compute_rays(person.track.xy[rows, TORSO], lens).mean(1) for lens in (intrinsics, others))
    rotmats = person.motion.rotmats[rows].copy()
    rotmats[:, 0] = rotmats_towards(after) @ np.swapaxes(rotmats_towards(before), 1, 2) @ rotmats[:, 0]
    return rotmats


def _pose_before_lens(person: CapturedPerson, rows: slice, rotmats: np.ndarray,
                      lens: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the landmarks (T, 33, 3) of a body at the camera, their rays, and weights (T, 33), in some frames."""
    motion, track = person.motion.at(rows), person.track
    turned = motion.with_pose(rotmats[rows], np.zeros_like(motion.transl))
    return (person.body.posed_landmarks(*turned.pose()), compute_rays(track.xy[rows], lens),
            np.sqrt(landmark_weights(track.score[rows])))
