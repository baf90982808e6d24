"""Armatures built from motion files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from ...motion.base.rest_pose import RestPose
from ...shared.hands.skeleton import FULL_JOINT_NAMES, FULL_PARENTS, HAND_JOINT_NAMES
from .bone_shapes import shape_bones


def build_armature(collection: bpy.types.Collection, name: str, rest: RestPose) -> bpy.types.Object:
    """Return a new armature object at the origin, in a collection of no scene yet, with one bone for each joint of `rest`:
    SMPL's, and those of the fingers, where it has them."""
    armature = bpy.data.armatures.new(name)
    armature_object = bpy.data.objects.new(name, armature)
    collection.objects.link(armature_object)
    with _edit_bones(armature_object) as edit_bones:
        for joint, bone_name in enumerate(FULL_JOINT_NAMES[:len(rest.heads)]):
            edit_bone = edit_bones.new(bone_name)
            edit_bone.head, edit_bone.tail = rest.heads[joint], rest.tails[joint]
            edit_bone.align_roll(rest.roll_axes[joint])
            if FULL_PARENTS[joint] >= 0:
                edit_bone.parent = edit_bones[FULL_JOINT_NAMES[FULL_PARENTS[joint]]]
    _collect_fingers(armature)
    for pose_bone in armature_object.pose.bones:
        pose_bone.rotation_mode = "QUATERNION"
        pose_bone.bone.color.palette = _choose_palette(pose_bone.name)
    shape_bones(armature_object, rest)
    _select_root(armature_object)
    return armature_object


def _collect_fingers(armature: bpy.types.Armature) -> None:
    """Put the finger bones, if there are any, into a bone collection, so that one click hides them."""
    fingers = [armature.bones[name] for name in HAND_JOINT_NAMES if name in armature.bones]
    if fingers:
        collection = armature.collections.new("Fingers")
        for bone in fingers:
            collection.assign(bone)


def _select_root(armature_object: bpy.types.Object) -> None:
    """Select the root bone alone: Dope Sheet and Timeline show the keys of selected bones."""
    root = armature_object.pose.bones[0]
    for pose_bone in armature_object.pose.bones:
        owner = pose_bone if hasattr(pose_bone, "select") else pose_bone.bone  # Blender 5.0 moved it to the pose
        owner.select = pose_bone == root
    armature_object.data.bones.active = root.bone


def _choose_palette(joint_name: str) -> str:
    """Return the bone colour set of a joint: in Blender's default theme red on the left, blue on the right."""
    side = joint_name.split("_")[0]
    return {"left": "THEME01", "right": "THEME04"}.get(side, "DEFAULT")


@contextmanager
def _edit_bones(armature_object: bpy.types.Object) -> Iterator[bpy.types.ArmatureEditBones]:
    """Yield the armature's edit bones, which exist only in Edit Mode, which only an operator can enter.

    The operator runs in a temporary scene, so that the user's scene, active object, selection and modes do not change. The
    armature must be in no other scene.
    """
    scratch = bpy.data.scenes.new("mpsnet edit bones")
    try:
        scratch.collection.objects.link(armature_object)
        view_layer = scratch.view_layers[0]
        view_layer.objects.active = armature_object
        with bpy.context.temp_override(scene=scratch, view_layer=view_layer, active_object=armature_object,
                                       object=armature_object):
            bpy.ops.object.mode_set(mode="EDIT")
            yield armature_object.data.edit_bones
            bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        bpy.data.scenes.remove(scratch)
