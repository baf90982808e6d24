"""The 3D views after an import: they look at the imported people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import bpy
import numpy as np

_LARGEST_PATH = 8.0     # metres: people who go farther are framed where they are first seen, or they would be tiny
_HALF_SENSOR = 36.0     # millimetres: half of what a 3D view takes for its sensor's width (twice a camera's 36)
_MARGIN = 1.25           # of the radius: room around the people


def frame_people(scene: bpy.types.Scene, paths: Sequence[np.ndarray], stature: float, units_per_metre: float) -> None:
    """Turn no 3D view of the scene, but move it so that it shows people on their paths (T, 3) of the pelvis, metres.

    Views through a camera, and those that the user locked to an object or to the 3D cursor, stay as they are.
    """
    centre, radius = _find_sphere(paths, stature)
    for space in _find_views(scene):
        for region in (space.region_3d, *space.region_quadviews):
            if region is None or region.view_perspective == "CAMERA" or space.lock_object or space.lock_cursor:
                continue
            region.view_location = centre * units_per_metre
            region.view_distance = distance = _MARGIN * radius * units_per_metre * space.lens / _HALF_SENSOR
            space.clip_end = max(space.clip_end, 2 * distance)


def _find_sphere(paths: Sequence[np.ndarray], stature: float) -> tuple[np.ndarray, float]:
    """Return centre (3,) and radius of a sphere around the people, metres."""
    places = np.concatenate(paths)
    if np.ptp(places, axis=0).max() > _LARGEST_PATH:
        places = np.array([path[0] for path in paths if np.abs(path[0] - paths[0][0]).max() < _LARGEST_PATH])
    low, high = places.min(axis=0) - stature / 2, places.max(axis=0) + stature / 2
    return (low + high) / 2, float(np.linalg.norm(high - low)) / 2


def _find_views(scene: bpy.types.Scene) -> Iterator[bpy.types.SpaceView3D]:
    for window in bpy.context.window_manager.windows:
        if window.scene == scene:
            yield from (area.spaces.active for area in window.screen.areas if area.type == "VIEW_3D")
