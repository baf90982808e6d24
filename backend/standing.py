"""Everybody on the floor: world, contacts and root paths from each other, in turns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .camera import rays
from .contacts import find_contacts
from .engine import CapturedPerson, Shot
from .feet import soles, standing_points
from .landmarks import LANDMARK
from .root import CameraMotion
from .root_path import LANDMARK_ABOVE_SOLE, Sight, solve_root_path
from .vertical_lines import Vertical
from .world import World, find_world, to_camera, to_world

_DOWN = np.array((0.0, 0.0, -1.0))
_FOOT_LANDMARKS = np.array([LANDMARK[f"{side}_{name}"] for side in ("left", "right") for name in ("heel", "foot_index")])
_ROUNDS = 2
_LOWEST_RAY = -0.05     # rays flatter than this meet the floor too far away to tell anything


@dataclass(frozen=True)
class StandingPerson:
    """A person before the camera, as placed in the world, the same motion there, and contacts (T, 4) in 0..1."""
    person: CapturedPerson
    in_world: CameraMotion
    contacts: np.ndarray


def stand(people: list[CapturedPerson], shot: Shot, vertical: Vertical | None = None) -> tuple[World, list[StandingPerson]]:
    """Return the world of a shot and everybody in it: one floor and one scale for all.

    The world is found from what is lowest, then once more from what is in contact with the floor there.
    """
    world = find_world([person.motion for person in people], vertical)
    settled = [_settle(person.scaled(factor), shot, world) for person, factor in zip(people, world.stature_factors, strict=True)]
    points = [standing_points(person.motion, own.contacts) for person, own in zip(people, settled, strict=True)]
    if any(len(own) == 0 for own in points):
        return world, settled
    world = find_world([person.motion for person in people], vertical, points)
    return world, [_settle(person.scaled(factor), shot, world)
                   for person, factor in zip(people, world.stature_factors, strict=True)]


def _settle(person: CapturedPerson, shot: Shot, world: World) -> StandingPerson:
    """Return the person with the root path on which picture, floor and inertia agree."""
    world_from_cam = np.broadcast_to(world.world_from_cam, (len(person.track.timestamps), 4, 4))
    motion = to_world(person.motion, world_from_cam)
    sight = _sight(person, motion, shot, world_from_cam)
    contacts = _contacts(sight, motion.transl)
    for _ in range(_ROUNDS):
        motion = replace(motion, transl=solve_root_path(sight, contacts))
        contacts = _contacts(sight, motion.transl)
    before_camera = replace(person, motion=to_camera(motion, world_from_cam))
    return StandingPerson(before_camera, motion, contacts)


def _sight(person: CapturedPerson, motion: CameraMotion, shot: Shot, world_from_cam: np.ndarray) -> Sight:
    at_origin = replace(motion, transl=np.zeros_like(motion.transl))
    return Sight(person.body.posed_landmarks(*at_origin.pose()), soles(at_origin, _DOWN), rays(person.track.xy, shot.intrinsics),
                 np.clip(person.track.score, 0.02, 1.0) ** 2, _FOOT_LANDMARKS, world_from_cam, motion.timestamps)


def _contacts(sight: Sight, path: np.ndarray) -> np.ndarray:
    rotation, place = sight.world_from_cam[:, :3, :3], sight.world_from_cam[:, None, :3, 3]
    directions = np.einsum("tij,tkj->tki", rotation, sight.rays[:, sight.foot_landmarks])
    fall = (place[..., 2] - np.tile(LANDMARK_ABOVE_SOLE, 2)) / -np.minimum(directions[..., 2], _LOWEST_RAY)
    return find_contacts(sight.soles + path[:, None], sight.timestamps, rotation[:, :, 2],
                         place + directions * fall[..., None])
