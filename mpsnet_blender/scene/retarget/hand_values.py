"""The values that a rig's channels have before an Action animates them, read and restored."""

from __future__ import annotations

import bpy

_MOVES = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle")

Values = dict[tuple[str, int], float]


def read_hand_values(rig: bpy.types.Object) -> Values:
    """Return a rig's values by data path and index: the bones' channels, custom numbers and stretch, constraints' influence."""
    values: Values = {}
    for bone in rig.pose.bones:
        base = bone.path_from_id()
        for name in _MOVES:
            values |= {(f"{base}.{name}", index): value for index, value in enumerate(getattr(bone, name))}
        for key, value in bone.items():
            if isinstance(value, (int, float)):
                values[f'{base}["{bpy.utils.escape_identifier(key)}"]', 0] = value
        values[f"{base}.ik_stretch", 0] = bone.ik_stretch
        for constraint in bone.constraints:
            values[constraint.path_from_id("influence"), 0] = constraint.influence
    return values


def animated_values(values: Values, fcurves: list[bpy.types.FCurve]) -> list[tuple[str, int, float]]:
    """Return path, index and value of each of `values` that the curves animate."""
    keys = [(fcurve.data_path, fcurve.array_index) for fcurve in fcurves]
    return [(*key, values[key]) for key in keys if key in values]


def set_values(rig: bpy.types.Object, values: list[tuple[str, int, float]]) -> None:
    """Set values of a rig; those that no longer exist are skipped."""
    for path, index, value in values:
        owner, _, name = path.rpartition("[" if path.endswith('"]') else ".")
        try:
            thing = rig.path_resolve(owner)
        except ValueError:
            continue
        if path.endswith('"]'):
            thing[bpy.utils.unescape_identifier(name[1:-2])] = value
        elif name in ("influence", "ik_stretch"):
            setattr(thing, name, value)
        else:
            getattr(thing, name)[index] = value
