"""Places all people on the floor: world, contacts and root paths are found from each other, in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import CameraMotion, WorldMotion
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array
from mpsnet_blender.shared.smpl_skeleton import forward_kinematics

from ..base.pinhole import compute_rays
from ..body.lifting import landmark_weights
from ..body.picture_fit import Picture
from ..camera.path import CameraTrack, still_camera
from ..camera.vertical_lines import Vertical
from ..engines.engine import CapturedPerson, Shot
from ..people.landmarks import LANDMARK
from .camera_scale import find_camera_scale, find_floor_scale
from .contacts import find_contacts_by_views
from .floor import World, find_world
from .foot_measures import SeenFeet
from .ledges import find_ledges
from .root_solve import LANDMARK_ABOVE_SOLE, Sight, solve_root_path
from .soles import find_other_undersides, find_soles
from .votes import compute_votes

_DOWN = np.array((0.0, 0.0, -1.0))
_FOOT_LANDMARKS = np.array([LANDMARK[f"{side}_{name}"] for side in ("left", "right") for name in ("heel", "foot_index")])
_ROUNDS = 2         # of root path and contacts, each from the other one; chosen by eye


@dataclass(frozen=True)
class PlacedPerson:
    """A person with the motion in the camera's frame, and the motion in the world."""
    person: CapturedPerson
    in_world: WorldMotion


@dataclass(frozen=True)
class WorldCamera:
    """The camera's poses in the world: world_from_cam (N, 4, 4) of each frame of the clip, or (1, 4, 4) where the camera stands
    still; pitch and roll of the first frame's camera in radians."""
    world_from_cam: np.ndarray
    pitch: float
    roll: float

    def poses_at(self, rows: np.ndarray) -> np.ndarray:
        """Return world_from_cam (T, 4, 4) at the clip's frames (T,)."""
        return self.world_from_cam[rows] if len(self.world_from_cam) > 1 else np.repeat(self.world_from_cam, len(rows), axis=0)


def place_people(people: list[CapturedPerson], shot: Shot, camera: CameraTrack | None = None,
                 vertical: Vertical | None = None) -> tuple[WorldCamera, list[PlacedPerson]]:
    """Return the camera in the world and all people there, with one floor and one scale for all.

    vertical: gravity in the first frame's camera axes. The world is found from the lowest points of bodies, then again from the
    soles that are in contact with its floor.
    """
    votes, is_sized = compute_votes(people, shot.intrinsics), np.array([len(person.pictures) > 1 for person in people])
    camera = camera or still_camera(len(shot.clock.frame_index))
    is_scaled = camera.is_metric or not camera.translates
    scale = 1.0 if is_scaled else _scale_by_feet(people, shot, camera)
    world, placed = _place_at_scale(people, shot, camera, scale, lambda seen: find_world(seen, vertical, None, votes, is_sized))
    if not is_scaled:
        down = -world.world_from_cam[2, :3]
        scale = find_floor_scale(camera.points, down, float(world.world_from_cam[2, 3]), scale)
    contacts = [person.in_world.contacts for person in placed]
    world, placed = _place_at_scale(people, shot, camera, scale,
                                    lambda seen: find_world(seen, vertical, contacts, votes, is_sized))
    let_go()
    world_from_cam = world.world_from_cam @ (_poses(camera, scale)[:1] if camera.is_still else _poses(camera, scale))
    return WorldCamera(world_from_cam, world.pitch, world.roll), placed


def _place_at_scale(people: list[CapturedPerson], shot: Shot, camera: CameraTrack, scale: float,
                    find: Callable[[list[CameraMotion]], World]) -> tuple[World, list[PlacedPerson]]:
    """Return the world and all people in it, for a scale of the camera's path."""
    poses = _poses(camera, scale)
    motions = [_before_first_camera(person.motion, poses[_rows(person, shot)]) for person in people]
    world = find(motions)
    placed = [_place_person(person.scaled(factor), shot, world.world_from_cam @ poses[_rows(person, shot)], level, seen_level)
              for person, factor, level, seen_level in zip(
                  people, world.stature_factors, world.levels.tolist(), world.seen_levels.tolist(), strict=True)]
    return world, placed


def _rows(person: CapturedPerson, shot: Shot) -> np.ndarray:
    return person.track.frame_index - shot.clock.frame_index[0]


def _poses(camera: CameraTrack, scale: float) -> np.ndarray:
    """Return each frame's camera pose (N, 4, 4) in the first frame's axes, metres."""
    poses = np.tile(np.eye(4), (len(camera.rotmats), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = camera.rotmats, scale * camera.positions
    return poses


def _before_first_camera(motion: CameraMotion, first_from_cam: np.ndarray) -> CameraMotion:
    """Return a motion in a moving camera's frame as one in the first frame's axes; first_from_cam (T, 4, 4)."""
    return motion.with_pose(*motion.pose_in(first_from_cam))


def _scale_by_feet(people: list[CapturedPerson], shot: Shot, camera: CameraTrack) -> float:
    rows = [_rows(person, shot) for person in people]
    poses = _poses(camera, 0.0)
    motions = [_before_first_camera(person.motion, poses[person_rows]) for person, person_rows in zip(people, rows, strict=True)]
    feet = [find_soles(motion.joints(), motion.stature, np.zeros(3)) for motion in motions]
    return find_camera_scale(feet, [camera.positions[person_rows] for person_rows in rows],
                             [camera.rotmats[person_rows, :, 2] for person_rows in rows],
                             [person.track.timestamps for person in people])


def _place_person(person: CapturedPerson, shot: Shot, world_from_cam: np.ndarray, level: float,
                  seen_level: float) -> PlacedPerson:
    """Return the person with the root path that best fits picture, floor and inertia.

    world_from_cam (T, 4, 4); level: the height of the floor under the person, metres, and where the cameras see it.
    """
    motion, world_from_cam = person.motion, world_from_cam.copy()
    world_from_cam[:, 2, 3] -= seen_level
    rotmats, path = motion.pose_in(world_from_cam)
    sight = make_sight(person, rotmats, shot.intrinsics, world_from_cam)
    sights = [_see_from(sight, picture) for picture in person.pictures] or [sight]
    if person.pictures:
        sight = replace(sight, path=path)
    contacts = _find_contacts(sights, path)
    ledges = find_ledges((sight.soles[..., 2] + path[:, 2:]).min(1), motion.timestamps)
    if ledges.any():
        sight, *sights = (replace(seen, ledges=ledges) for seen in (sight, *sights))
        contacts = _find_contacts(sights, path)
    for _ in range(_ROUNDS):
        path = solve_root_path(sight, contacts)
        contacts = _find_contacts(sights, path)
    on_floor = WorldMotion(rotmats, path, motion.rest_joints, motion.timestamps, contacts, hands=person.hands)
    before_camera = motion.with_pose(*on_floor.pose_in(np.linalg.inv(world_from_cam)))
    let_go()
    return PlacedPerson(replace(person, motion=before_camera), on_floor.with_pose(rotmats, path + (0.0, 0.0, level)))


def make_sight(person: CapturedPerson, rotmats: np.ndarray, intrinsics: np.ndarray, world_from_cam: np.ndarray) -> Sight:
    """Return what cameras at world_from_cam (T, 4, 4) see of a person with rotmats (T, 24, 3, 3) in the world's axes."""
    track, shape = person.track, person.track.score.shape
    sight = Sight(make_array((*shape, 3)), make_array((len(rotmats), 4, 3)), np.empty(len(rotmats)), make_array((*shape, 3)),
                  make_array(shape), _FOOT_LANDMARKS, world_from_cam, track.timestamps)
    for rows in frame_blocks(len(rotmats)):
        body = person.body
        global_rotmats, joints = forward_kinematics(rotmats[rows], body.rest_joints, np.zeros((rows.stop - rows.start, 3)))
        sight.landmarks[rows] = body.posed_landmarks(global_rotmats, joints)
        sight.soles[rows] = find_soles(joints, body.stature, _DOWN)
        sight.lowest[rows] = find_other_undersides(joints, body.stature, _DOWN)[..., 2].min(1)
        sight.rays[rows] = compute_rays(track.xy[rows], intrinsics)
        sight.weights[rows] = landmark_weights(track.score[rows])
    return sight


def _see_from(sight: Sight, picture: Picture) -> Sight:
    """Return what another camera sees of the person of a first camera's sight."""
    seen = picture.seen
    return replace(sight, rays=seen.point_rays, weights=seen.weights,
                   world_from_cam=sight.world_from_cam @ np.linalg.inv(picture.cam_from_frame))


def _find_contacts(sights: list[Sight], path: np.ndarray) -> np.ndarray:
    """Return the contact confidences (T, 4) of a person whose root takes the path (T, 3), by the feet in all views."""
    weights = np.stack([sight.weights[:, _FOOT_LANDMARKS] for sight in sights])
    return find_contacts_by_views([find_seen_feet(sight, path) for sight in sights], weights)


def find_seen_feet(sight: Sight, path: np.ndarray) -> SeenFeet:
    """Return what is seen of the feet of a person whose root takes the path (T, 3), over what they stand on."""
    shape = (len(path), 4, 3)
    feet = SeenFeet(sight.soles + path[:, None] - _heights(sight.floor), np.empty(shape), sight.world_from_cam[:, :3, 3],
                    sight.world_from_cam[:, :3, 0], sight.timestamps)
    for rows in frame_blocks(len(path)):
        feet.seen[rows] = _find_seen_part(sight.at(rows), path[rows])
    return feet


def _find_seen_part(sight: Sight, path: np.ndarray) -> np.ndarray:
    """Return the points (T, 4, 3) on the rays of the feet's landmarks, at the body's distance."""
    rotation, position = sight.world_from_cam[:, :3, :3], sight.world_from_cam[:, :3, 3]
    posed = sight.landmarks[:, sight.foot_landmarks] + path[:, None]
    distance = ((posed - position[:, None]) * rotation[:, None, :, 2]).sum(-1)
    directions = np.einsum("tij,tkj->tki", rotation, sight.rays[:, sight.foot_landmarks])
    seen = position[:, None] + directions * distance[..., None]
    seen[..., 2] -= np.tile(LANDMARK_ABOVE_SOLE, 2)
    return seen - _heights(sight.floor)


def _heights(heights: np.ndarray) -> np.ndarray:
    """Return heights (T,) as vectors (T, 1, 3)."""
    return heights[:, None, None] * (0.0, 0.0, 1.0)
