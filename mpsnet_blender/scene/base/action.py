"""Actions written whole from arrays."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np


@dataclass(frozen=True)
class Channel:
    """One animated property: its data path, its values (T, n) with one F-curve a column, and its group's name.

    Values (1, n) are one key, at the first frame. `indices` are the columns' places in the property, by default 0, 1, ...
    """
    data_path: str
    values: np.ndarray
    group: str
    indices: tuple[int, ...] | None = None


def write_action(datablock: bpy.types.ID, name: str, frames: np.ndarray, channels: list[Channel]) -> bpy.types.Action:
    """Give the data-block a fresh Action with keys at `frames` (T,), fractional ones too, linear in between."""
    action = bpy.data.actions.new(name)
    animation = datablock.animation_data or datablock.animation_data_create()
    animation.action = action
    owner = _curves_owner(action, datablock)
    linear = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value
    interpolation = np.full(len(frames), linear, dtype=np.int32)
    for channel in channels:
        group = owner.groups.get(channel.group) or owner.groups.new(channel.group)
        for index, values in zip(channel.indices or range(channel.values.shape[1]), channel.values.T, strict=True):
            # The group goes in afterwards: its keyword in fcurves.new has another name in each version.
            fcurve = owner.fcurves.new(channel.data_path, index=index)
            fcurve.group = group
            points = np.column_stack((frames[:len(values)], values)).astype(np.float32)
            write_keys(fcurve, points, interpolation[:len(values)])
    return action


def bone_path(bone_name: str, property_name: str) -> str:
    """Return the data path of a pose bone's property."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone_name)}"].{property_name}'


def _curves_owner(action: bpy.types.Action, datablock: bpy.types.ID):
    """Return what holds `fcurves` and `groups`: a channelbag from Blender 4.4 on, before that the Action itself."""
    if not hasattr(action, "slots"):
        return action
    slot = action.slots.new(id_type=datablock.id_type, name=datablock.name)
    datablock.animation_data.action_slot = slot
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def rewrite_curve(owner, channel: Channel, column: int, frames: np.ndarray, interpolation: str = "LINEAR") -> None:
    """Give one column of a channel, its values at `frames`, to its F-curve: the one that is there, emptied, or a new one.

    `owner` holds the Action's F-curves and groups; see `fcurve_reading.curves_holder`.
    """
    index = (channel.indices or range(channel.values.shape[1]))[column]
    fcurve = owner.fcurves.find(channel.data_path, index=index) or owner.fcurves.new(channel.data_path, index=index)
    fcurve.keyframe_points.clear()
    if fcurve.group is None:
        fcurve.group = owner.groups.get(channel.group) or owner.groups.new(channel.group)
    number = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items[interpolation].value
    points = np.column_stack((frames, channel.values[:, column])).astype(np.float32)
    write_keys(fcurve, points, np.full(len(points), number, dtype=np.int32))


def write_keys(fcurve: bpy.types.FCurve, points: np.ndarray, interpolation: np.ndarray) -> None:
    """Fill an empty F-curve with points (T, 2) of frame and value, float32."""
    keys = fcurve.keyframe_points
    keys.add(len(points))
    keys.foreach_set("co", points.ravel())
    keys.foreach_set("interpolation", interpolation)
    # Handles a third of a frame off lie sensibly where somebody turns the keys to Bézier.
    third = np.array((1 / 3, 0), dtype=np.float32)
    keys.foreach_set("handle_left", (points - third).ravel())
    keys.foreach_set("handle_right", (points + third).ravel())
    fcurve.update()
