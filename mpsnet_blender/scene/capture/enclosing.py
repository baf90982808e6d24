"""Objects of the user's scene that enclose imported people, such as the cube of Blender's default scene."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np
from mathutils import Vector

from .takes import is_imported


def find_enclosing(view_layer: bpy.types.ViewLayer, points: Iterable[np.ndarray]) -> list[bpy.types.Object]:
    """Return the user's visible mesh objects of a view layer with one of the points (3,), in scene units, inside them."""
    places = [Vector(point) for point in points]
    meshes = (thing for thing in view_layer.objects if thing.type == "MESH" and not is_imported(thing))
    return [thing for thing in meshes if thing.visible_get(view_layer=view_layer) and any(_encloses(thing, at) for at in places)]


def _encloses(thing: bpy.types.Object, point: Vector) -> bool:
    """Tell whether a point lies in a mesh object: within its bounding box, and behind the face next to it."""
    corners = np.array(thing.bound_box)
    try:
        local = np.array(thing.matrix_world.inverted() @ point)
        if (local < corners.min(axis=0)).any() or (local > corners.max(axis=0)).any():
            return False
        found, nearest, normal, _ = thing.closest_point_on_mesh(Vector(local))
    except (ValueError, RuntimeError):  # a scale of zero, a mesh without faces, or one that is edited
        return False
    return found and bool((local - np.array(nearest)) @ np.array(normal) < 0)
