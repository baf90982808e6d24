"""Contacts as keys that an animator can edit: a property of foot and toe bones, 1 while the heel or toe is on the floor."""

from __future__ import annotations

import bpy
import numpy as np

from ...motion.base.contact_spans import detect_standing
from .action import Channel, write_channels
from .fcurve_reading import find_curve_holder, read_keys, values_at

PROPERTIES = (("left_ankle", "heel_contact"), ("left_foot", "toe_contact"),
              ("right_ankle", "heel_contact"), ("right_foot", "toe_contact"))


def contact_path(bone: str, name: str) -> str:
    """Return the data path of a contact property: `name` on a bone."""
    return f'pose.bones["{bone}"]["{name}"]'


def read_contacts(armature_object: bpy.types.Object, frames: np.ndarray) -> np.ndarray | None:
    """Return the keyed contacts (T, 4) at scene frames (T,); None where none are keyed."""
    holder = find_curve_holder(armature_object.animation_data)
    curves = [holder.fcurves.find(contact_path(*bone_and_name)) for bone_and_name in PROPERTIES] if holder else [None]
    if not any(curves):
        return None
    return np.stack([values_at(curve, read_keys(curve), frames) if curve else np.zeros(len(frames)) for curve in curves], axis=1)


def write_contacts(armature_object: bpy.types.Object, contacts: np.ndarray, timestamps: np.ndarray, frames: np.ndarray) -> None:
    """Key contacts (T, 4) with timestamps (T,) s at scene frames (T,): a stepped key wherever a point lands or lifts."""
    holder = find_curve_holder(armature_object.animation_data)
    for (bone, name), contact in zip(PROPERTIES, contacts.T, strict=True):
        pose_bone = armature_object.pose.bones[bone]
        stands = detect_standing(contact, timestamps).astype(float)
        pose_bone[name] = float(stands[0])
        pose_bone.id_properties_ui(name).update(min=0.0, max=1.0, description="1 while it is on the floor, 0 in the air")
        changes = np.flatnonzero(np.diff(stands, prepend=stands[0] + 1))
        write_channels(holder, [Channel(contact_path(bone, name), frames[changes], stands[changes, None], bone,
                                        interpolation="CONSTANT")])


def remove_contacts(armature_object: bpy.types.Object) -> None:
    """Remove the contacts' keys and properties."""
    holder = find_curve_holder(armature_object.animation_data)
    for bone, name in PROPERTIES:
        curve = holder.fcurves.find(contact_path(bone, name)) if holder else None
        if holder and curve:
            holder.fcurves.remove(curve)
        if bone in armature_object.pose.bones and name in armature_object.pose.bones[bone]:
            del armature_object.pose.bones[bone][name]
