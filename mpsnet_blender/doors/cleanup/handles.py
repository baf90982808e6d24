"""Handles in the 3D view for the floor and for Level, on the active captured person."""

from __future__ import annotations

import bpy
from mathutils import Matrix, Vector

from ...scene.base.motion_storage import find_person

_LEVEL_TRAVEL = 0.5         # metres by which the handle is pulled up from Level 0 to 1
_ABOVE_HEAD = 0.25          # metres from the head's joint to the handle of Level 0: above the skull
_COLOURS = {"floor_offset": (0.25, 0.6, 1.0), "level": (1.0, 0.65, 0.2)}       # blue as Blender's z axis, along which it moves


class MPSNET_GGT_cleanup(bpy.types.GizmoGroup):
    bl_idname = "MPSNET_GGT_cleanup"
    bl_label = "Clean-up Handles"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"3D", "PERSISTENT", "SHOW_MODAL_ALL"}

    @classmethod
    def poll(cls, context):
        person = find_person(context.active_object)
        return (person is not None and context.mode in ("OBJECT", "POSE") and person.library is None and person.visible_get()
                and person.mpsnet_cleanup.shows_handles)

    def setup(self, _context):
        for name, colour in _COLOURS.items():
            arrow = self.gizmos.new("GIZMO_GT_arrow_3d")
            arrow.draw_style = "BOX" if name == "level" else "NORMAL"
            arrow.length = 0.3
            arrow.color, arrow.color_highlight = colour, tuple((1 + part) / 2 for part in colour)
            arrow.alpha, arrow.alpha_highlight = 0.8, 1.0
            arrow.target_set_handler("offset", get=lambda name=name: read_handle(name),
                                     set=lambda value, name=name: move_handle(name, value))

    def draw_prepare(self, context):
        person = find_person(context.active_object)
        if person is not None:
            for arrow, place in zip(self.gizmos, find_places(person), strict=True):
                arrow.matrix_basis = Matrix.Translation(place)


def read_handle(name: str) -> float:
    """Return the distance of a handle of the active person from its place for 0, in Blender's units."""
    person = find_person(bpy.context.active_object)
    return getattr(person.mpsnet_cleanup, name) * _find_travel(person, name) if person else 0.0


def move_handle(name: str, distance: float) -> None:
    """Set the setting of a handle of the active person that was pulled to that distance from its place for 0."""
    person = find_person(bpy.context.active_object)
    if person is not None:
        setattr(person.mpsnet_cleanup, name, distance / _find_travel(person, name))


def find_places(person: bpy.types.Object) -> tuple[Vector, Vector]:
    """Return the places in the world of the two handles for 0: on the floor under the pelvis, and above the head."""
    pelvis, head = (person.matrix_world @ person.pose.bones[name].head for name in ("pelvis", "head"))
    floor = person.matrix_world.translation.z
    return Vector((pelvis.x, pelvis.y, floor)), head + Vector((0, 0, _ABOVE_HEAD * person.mpsnet_cleanup.units_per_metre))


def _find_travel(person: bpy.types.Object, name: str) -> float:
    return _LEVEL_TRAVEL * person.mpsnet_cleanup.units_per_metre if name == "level" else 1.0


CLASSES = (MPSNET_GGT_cleanup,)
