"""The cameras of several views, for a capture's listing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.footage_timing import thin_picture_times
from mpsnet_blender.shared.capture_listing import MOST_TURNS, ListedView, path_as_text

from ..base.pinhole import project
from ..body.picture_fit import to_camera
from ..world.placing import PlacedPerson, WorldCamera
from .merging import JoinedViews


def list_views(joined: JoinedViews, world_camera: WorldCamera, placed: list[PlacedPerson]) -> tuple[ListedView, ...]:
    """Return the cameras of all views in the world, each with how far its landmarks lie from the people's bodies."""
    # The world has people on one floor, and may have scaled them about the first camera: the other cameras move with them.
    factors = [there.person.motion.stature / person.motion.stature
               for there, person, _ in zip(placed, joined.people, joined.pictures, strict=False)]
    cameras = replace(joined.cameras, places=joined.cameras.places * float(np.median(factors)))
    joined = replace(joined, cameras=cameras)
    listed = []
    for number, view in enumerate(joined.views):
        first_from_cam = joined.cameras.first_from_cam(number)
        world_from_cam = world_camera.world_from_cam[0] @ first_from_cam
        numbers, seconds = view.shot.clock.frame_index, view.shot.clock.timestamps
        told = thin_picture_times(numbers, seconds)
        listed.append(ListedView(
            path_as_text(view.shot.span.path.absolute()), view.shot.clock.fps, view.shot.span.size,
            float(joined.cameras.offsets[number]), tuple(float(value) for value in view.shot.intrinsics.ravel()),
            tuple(float(value) for value in world_from_cam.ravel()), _measure_error(joined, number, placed),
            tuple(int(value) for value in numbers[told]), tuple(round(float(value), 5) for value in seconds[told]),
            1 + float(joined.cameras.gains[number]), *_list_turns(joined, number)))
    return tuple(listed)


def _list_turns(joined: JoinedViews, number: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return when, in the first view's seconds (N,), and by which rotation vectors (3 N) a camera turned."""
    view, cameras = joined.views[number], joined.cameras
    every = slice(None, None, 1 + len(view.shot.clock.timestamps) // MOST_TURNS)
    seconds = view.shot.clock.timestamps[every]
    turns = view.turns_at(seconds)
    if turns is None:
        return (), ()
    rotvecs = Rotation.from_matrix(turns).as_rotvec().ravel()
    shared = (seconds - cameras.offsets[number]) / (1 + cameras.gains[number])
    return tuple(round(float(value), 5) for value in shared), tuple(round(float(value), 5) for value in rotvecs)


def _measure_error(joined: JoinedViews, number: int, placed: list[PlacedPerson]) -> float | None:
    """Return the mean distance in px between a view's landmarks and the bodies of all people, weighted by score."""
    total = weight = 0.0
    for person, pictures in zip(placed, joined.pictures, strict=False):
        points = person.person.body.posed_landmarks(*person.person.motion.pose())
        seen, view = pictures[number].seen, joined.views[number]
        turns = view.turns_at(joined.cameras.seconds(number, seen.timestamps))
        drawn = project(to_camera(points, np.linalg.inv(joined.cameras.first_from_cam(number, turns))), view.shot.intrinsics)
        read = project(seen.point_rays, joined.views[number].shot.intrinsics)
        total += float((np.linalg.norm(drawn - read, axis=-1) * seen.weights).sum())
        weight += float(seen.weights.sum())
    return round(total / weight, 2) if weight else None
