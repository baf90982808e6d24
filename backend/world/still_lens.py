"""The focal length of a still camera, told by people who come nearer or go away: they keep their height, on one floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..base.pinhole import fit_translation, fit_translation_at_depth, rays, turned_towards
from ..base.reporter import Reporter
from ..base.smoothing import smooth_depth
from ..body.lifting import landmark_weights
from ..camera.viewpoint import Viewpoint
from ..engines.engine import CapturedPerson, Shot
from ..people.landmarks import TORSO
from .floor import floor_cost
from .placing import Stage, StandingPerson, stand
from .soles import standing_points

_FACTORS = np.exp(np.arange(-8, 9) * 0.05)      # from two thirds to one and a half of the assumed focal length
_USUAL = 0.2            # sigma of a lens's focal length about the assumed one, logarithm
_MOST_FRAMES = 600
_LEAST_GAIN = 0.5       # of -2 log likelihood, over the assumed lens: less is no reason to leave it


def stand_before_lens(people: list[CapturedPerson], shot: Shot, view: Viewpoint, lens_is_known: bool,
                      reporter: Reporter) -> tuple[Shot, Stage, list[StandingPerson]]:
    """Return the shot, its stage and everybody on it, through the lens that is given, or else the one that they tell.

    Raises CancelRequested.
    """
    stage, standing = stand(people, shot, view.camera, view.vertical)
    if lens_is_known or not view.camera.is_still:      # a moving camera told its lens before
        return shot, stage, standing
    factor = focal_factor(people, [own.in_world.contacts for own in standing], view, reporter.check)
    if factor == 1.0:
        return shot, stage, standing
    seen = view.zoomed(factor)
    reporter.log("info", f"People who come nearer or go away tell the camera's field of view: {seen.fov_degrees:.0f} degrees.")
    people = [seen_through(person, view.intrinsics, seen.intrinsics) for person in people]
    shot = replace(shot, intrinsics=seen.intrinsics)
    return shot, *stand(people, shot, seen.camera, seen.vertical)


def focal_factor(people: list[CapturedPerson], contacts: list[np.ndarray], view: Viewpoint,
                 check: Callable[[], None] = lambda: None) -> float:
    """Return by how much the focal length is larger than assumed; 1 where the clip does not tell.

    people: as an engine solved them; contacts: each one's (T, 4). With another focal length everybody is farther by as much,
    and upright lines give another pitch: only at the true one are feet near and far on one floor at that pitch. A nearly
    level camera tells little; where nobody comes nearer or goes away, all do as well. check is called now and then.
    """
    people, contacts = zip(*(_thinned(person, own) for person, own in zip(people, contacts, strict=True)), strict=True)
    costs = (np.log(_FACTORS) / _USUAL) ** 2
    for number, factor in enumerate(_FACTORS):
        check()
        costs[number] += _disagreement(people, contacts, view, float(factor))
    best, assumed = int(costs.argmin()), len(_FACTORS) // 2
    if not np.isfinite(costs).all() or costs[assumed] - costs[best] < _LEAST_GAIN:
        return 1.0
    return float(_FACTORS[best])


def _thinned(person: CapturedPerson, contacts: np.ndarray) -> tuple[CapturedPerson, np.ndarray]:
    """Return a person and the contacts at some hundred moments of a long clip."""
    track = person.track
    rows = np.unique(np.linspace(0, len(contacts) - 1, min(len(contacts), _MOST_FRAMES)).astype(int))
    track = replace(track, **{name: getattr(track, name)[rows] for name in
                              ("frame_index", "timestamps", "xy", "world", "score", "boxes")})
    return replace(person, track=track, motion=person.motion.at(rows)), contacts[rows]


def _disagreement(people: Sequence[CapturedPerson], contacts: Sequence[np.ndarray], view: Viewpoint, factor: float) -> float:
    zoomed = view.zoomed(factor)
    motions = [seen_through(person, view.intrinsics, zoomed.intrinsics).motion for person in people]
    points = [standing_points(motion, own) for motion, own in zip(motions, contacts, strict=True)]
    return floor_cost(motions, zoomed.vertical, points) if all(len(own) for own in points) else np.inf


def seen_through(person: CapturedPerson, intrinsics: np.ndarray, others: np.ndarray) -> CapturedPerson:
    """Return a person who was solved with intrinsics (3, 3) as with others: on the new rays, and turned as far as those are."""
    motion, track = person.motion, person.track
    before, after = rays(track.xy, intrinsics), rays(track.xy, others)
    turn = turned_towards(after[:, TORSO].mean(1)) @ np.swapaxes(turned_towards(before[:, TORSO].mean(1)), 1, 2)
    rotmats = motion.rotmats.copy()
    rotmats[:, 0] = turn @ rotmats[:, 0]
    turned = motion.with_pose(rotmats, np.zeros_like(motion.transl))
    landmarks, weights = person.body.posed_landmarks(*turned.pose()), np.sqrt(landmark_weights(track.score))
    depth = smooth_depth(fit_translation(landmarks, after, weights)[:, 2], motion.timestamps, weights.mean(1, keepdims=True))
    transl = fit_translation_at_depth(landmarks, after, weights, depth)
    return replace(person, motion=motion.with_pose(rotmats, transl))
