"""The cameras of several views, for a capture's listing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.footage_timing import thin_picture_times
from mpsnet_blender.shared.capture_listing import MOST_TURNS, ListedView, path_as_text

from ..base.pinhole import move_points, project
from ..world.placing import PlacedPerson, WorldCamera
from .merging import JoinedViews


def list_views(joined: JoinedViews, world_camera: WorldCamera, placed: list[PlacedPerson]) -> tuple[ListedView, ...]:
    """Return the cameras of all views in the world, each with how far its landmarks lie from the people's bodies."""
    # The world has people on one floor, and may have scaled them about the first camera: the other cameras move with them.
    factors = [there.person.motion.stature / person.motion.stature
               for there, person in zip(placed, joined.people, strict=True) if _is_joined(there, joined)]
    joined = replace(joined, cameras=joined.cameras.scaled(float(np.median(factors))))
    listed = []
    for number, view in enumerate(joined.views):
        world_from_cam = world_camera.world_from_cam[0] @ joined.cameras.start_of(number)
        numbers, seconds = view.shot.clock.frame_index, view.shot.clock.timestamps
        told = thin_picture_times(numbers, seconds)
        listed.append(ListedView(
            path_as_text(view.shot.span.path.absolute()), view.shot.clock.fps, view.shot.span.size,
            float(joined.cameras.offsets[number]), _as_floats(view.shot.intrinsics), _as_floats(world_from_cam),
            _measure_error(joined, number, placed),
            tuple(int(value) for value in numbers[told]), _as_floats(seconds[told], 5),
            1 + float(joined.cameras.gains[number]), *_list_path(joined, number)))
    return tuple(listed)


def _is_joined(placed: PlacedPerson, joined: JoinedViews) -> bool:
    """Tell whether several views see a person."""
    return len(placed.person.pictures) == len(joined.views)


def _as_floats(values: np.ndarray, digits: int | None = None) -> tuple[float, ...]:
    return tuple(float(value) if digits is None else round(float(value), digits) for value in values.ravel())


def _list_path(joined: JoinedViews, number: int) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return when, in the first view's seconds (N,), by which rotation vectors (3 N) a camera turned, and where it was (3 N).

    The first view's are in the motion files."""
    path, cameras = joined.cameras.paths[number], joined.cameras
    if number == 0 or len(path.timestamps) == 1:
        return (), (), ()
    every = slice(None, None, 1 + len(path.timestamps) // MOST_TURNS)
    shared = (path.timestamps[every] - cameras.offsets[number]) / (1 + cameras.gains[number])
    places = _as_floats(path.places[every], 5) if path.travels else ()
    return _as_floats(shared, 5), _as_floats(Rotation.from_matrix(path.rotmats[every]).as_rotvec(), 5), places


def _measure_error(joined: JoinedViews, number: int, placed: list[PlacedPerson]) -> float | None:
    """Return the mean distance in px between a view's landmarks and the bodies of all people, weighted by score."""
    total = weight = 0.0
    for person in (there.person for there in placed if _is_joined(there, joined)):
        points = person.body.posed_landmarks(*person.motion.pose())
        seen, intrinsics = person.pictures[number].seen, joined.views[number].shot.intrinsics
        cam_from_now = np.linalg.inv(joined.cameras.now_from_cam(number, seen.timestamps))
        apart = project(move_points(points, cam_from_now), intrinsics) - project(seen.point_rays, intrinsics)
        total += float((np.linalg.norm(apart, axis=-1) * seen.weights).sum())
        weight += float(seen.weights.sum())
    return round(total / weight, 2) if weight else None
