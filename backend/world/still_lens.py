"""The focal length of a still camera, from people who come nearer or go away: they keep their height, on one floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

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

_FACTORS = np.exp(np.arange(-8, 9) * 0.05)      # from two thirds to one and a half of the assumed focal length
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
    costs = (np.log(_FACTORS) / _FOCAL_SIGMA) ** 2
    for number, factor in enumerate(_FACTORS):
        check()
        costs[number] += _compute_floor_cost(people, contacts, votes, view, float(factor))
    best, assumed = int(costs.argmin()), len(_FACTORS) // 2
    fitting = _FACTORS[costs < costs[best] + 1]
    is_sure = costs[assumed] - costs[best] >= _LEAST_GAIN
    return FocalFit(float(_FACTORS[best]) if is_sure else 1.0, (float(fitting[0]), float(fitting[-1])))


def _thin_out(person: CapturedPerson, contacts: np.ndarray) -> tuple[CapturedPerson, np.ndarray]:
    """Return a person and the contacts in at most some hundred frames."""
    track = person.track
    rows = np.unique(np.linspace(0, len(contacts) - 1, min(len(contacts), _MOST_FRAMES)).astype(int))
    track = replace(track, **{name: getattr(track, name)[rows] for name in
                              ("frame_index", "timestamps", "xy", "world", "score", "boxes")})
    return replace(person, track=track, motion=person.motion.at(rows)), contacts[rows]


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
    motion, track = person.motion, person.track
    before, after = compute_rays(track.xy, intrinsics), compute_rays(track.xy, others)
    turn = rotmats_towards(after[:, TORSO].mean(1)) @ np.swapaxes(rotmats_towards(before[:, TORSO].mean(1)), 1, 2)
    rotmats = motion.rotmats.copy()
    rotmats[:, 0] = turn @ rotmats[:, 0]
    turned = motion.with_pose(rotmats, np.zeros_like(motion.transl))
    landmarks, weights = person.body.posed_landmarks(*turned.pose()), np.sqrt(landmark_weights(track.score))
    depth = smooth_depth(fit_translation(landmarks, after, weights)[:, 2], motion.timestamps, weights.mean(1, keepdims=True))
    transl = fit_translation_at_depth(landmarks, after, weights, depth)
    return replace(person, motion=motion.with_pose(rotmats, transl))
