"""Writing of Actions from arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np


@dataclass(frozen=True)
class Channel:
    """One animated property: its data path, the scene frames (K,) of its keys, which rise and may be fractional, values (K, n)
    with one F-curve for each column, and the name of its group.

    `indices` are the columns' indices in the property, by default 0, 1, ...; `interpolation` is Blender's name of the keys'
    interpolation.
    """
    data_path: str
    frames: np.ndarray
    values: np.ndarray
    group: str
    indices: tuple[int, ...] | None = None
    interpolation: str = "LINEAR"


def write_action(datablock: bpy.types.ID, name: str, channels: Iterable[Channel]) -> bpy.types.Action:
    """Give the data-block a new Action with these channels."""
    action = bpy.data.actions.new(name)
    animation = datablock.animation_data or datablock.animation_data_create()
    animation.action = action
    write_channels(_make_holder(action, datablock), channels)
    return action


def write_channels(holder: bpy.types.Action | bpy.types.ActionChannelbag, channels: Iterable[Channel]) -> None:
    """Write keys for the channels. Existing F-curves of these channels lose their old keys; other curves stay.

    `holder` holds the Action's `fcurves` and `groups`; see `fcurve_reading.find_curve_holder`.
    """
    for channel in channels:
        columns = channel.indices or range(channel.values.shape[1])
        for index, values in zip(columns, channel.values.T, strict=True):
            fcurve = holder.fcurves.find(channel.data_path, index=index) or holder.fcurves.new(channel.data_path, index=index)
            if fcurve.group is None:
                # The group goes in afterwards: its keyword in fcurves.new has another name in each version.
                fcurve.group = holder.groups.get(channel.group) or holder.groups.new(channel.group)
            _write_keys(fcurve, channel.frames, values, channel.interpolation)
    holder.id_data.update_tag(refresh={"TIME"})


def bone_path(bone_name: str, property_name: str) -> str:
    """Return the data path of a pose bone's property."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone_name)}"].{property_name}'


def _make_holder(action: bpy.types.Action, datablock: bpy.types.ID) -> bpy.types.Action | bpy.types.ActionChannelbag:
    """Return the holder of a new Action's F-curves and groups: a channelbag from Blender 4.4 on, before that the Action."""
    if not hasattr(action, "slots"):
        return action
    slot = action.slots.new(id_type=datablock.id_type, name=datablock.name)
    datablock.animation_data.action_slot = slot
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def _write_keys(fcurve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray, interpolation: str) -> None:
    """Give an F-curve keys at frames (K,) with values (K,), and no others."""
    points = np.empty((len(frames), 2), dtype=np.float32)
    points[:, 0], points[:, 1] = frames, values
    number = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items[interpolation].value
    keys = fcurve.keyframe_points
    keys.clear()
    keys.add(len(points))
    keys.foreach_set("co", points.ravel())
    # Bytes, as Blender holds it: eight times faster than other numbers, which it takes one by one.
    keys.foreach_set("interpolation", np.full(len(points), number, dtype=np.uint8))
    if len(points) == 1:
        # Handles of a lone key lie a third of a frame away; those of more keys are automatic.
        third = np.array((1 / 3, 0), dtype=np.float32)
        keys.foreach_set("handle_left", (points - third).ravel())
        keys.foreach_set("handle_right", (points + third).ravel())
    # `fcurve.update()` would sort the keys, too, which takes half as long again.
    keys.handles_recalc()
