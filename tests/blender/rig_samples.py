"""Armatures for the tests, built in Blender with the bone names and rest poses of many makes."""

from __future__ import annotations

import bpy
import numpy as np

from mpsnet_blender.motion.bone_maps import FAMILIES
from mpsnet_blender.shared.bone_slots import LIMB_END
from mpsnet_blender.shared.motion_file import Motion
from tests.blender.motion_samples import random_motion
from tests.made_rigs import PLAIN, Build, family_names, make_bones

LIMBS = {near: far for near, far in LIMB_END.items() if not near.endswith("foot")}


def smooth_motion(frame_count: int = 24, seed: int = 0, **changes) -> Motion:
    """Return a motion without jumps in which everything moves and nobody falls over."""
    generator = np.random.default_rng(seed)
    times = np.linspace(0, 2 * np.pi, frame_count)[:, None, None]
    poses = np.sin(times + generator.uniform(0, 6, (24, 3))) * generator.normal(scale=0.35, size=(24, 3))
    upright = (np.pi / 2, 0, 0)
    poses[:, 0] = poses[:, 0] * 0.3 + upright
    trans = np.column_stack((np.arange(frame_count) * 0.01, np.arange(frame_count) * -0.03, np.full(frame_count, 1.0)))
    return random_motion(frame_count, seed=seed, **({"poses": poses.reshape(-1, 72), "trans": trans} | changes))


def build_rig(name: str, family: str | None = "Mixamo", build: Build = PLAIN, seed: int | None = None, scale: float = 1.0,
              rotation=(0.0, 0.0, 0.0), location=(0.0, 0.0, 0.0), prefix: str = "") -> bpy.types.Object:
    """Return an armature object in the scene. Without a family, bones have numbers for names; with a seed, they are rolled
    at random and point anywhere."""
    bones = make_bones(build)
    named = {} if family is None else family_names(next(item for item in FAMILIES if item.title == family), bones)
    names = {slot: prefix + named[slot] if slot in named else f"bone {number}" for number, slot in enumerate(bones)}
    generator = np.random.default_rng(seed)
    armature = bpy.data.armatures.new(name)
    armature_object = bpy.data.objects.new(name, armature)
    bpy.context.scene.collection.objects.link(armature_object)
    bpy.context.view_layer.objects.active = armature_object
    bpy.ops.object.mode_set(mode="EDIT")
    for slot, bone in bones.items():
        edit_bone = armature.edit_bones.new(names[slot])
        tail = bone.tail if seed is None else bone.head + generator.normal(scale=0.06, size=3)
        edit_bone.head, edit_bone.tail = bone.head / scale, tail / scale
        edit_bone.roll = 0.0 if seed is None else generator.uniform(-3, 3)
        if bone.parent is not None:
            edit_bone.parent = armature.edit_bones[names[bone.parent]]
    bpy.ops.object.mode_set(mode="OBJECT")
    armature_object.scale, armature_object.location, armature_object.rotation_euler = (scale,) * 3, location, rotation
    bpy.context.view_layer.update()
    return armature_object


def heads(scene, armature_object, bones: list[str], frames) -> np.ndarray:
    """Return the bones' heads in the world (T, bones, 3) as Blender evaluates them."""
    found = []
    for frame in frames:
        scene.frame_set(int(frame // 1), subframe=float(frame % 1))
        evaluated = armature_object.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found.append([evaluated.matrix_world @ evaluated.pose.bones[bone].head for bone in bones])
    return np.array(found)


def limb_errors(scene, source, source_map: dict, target, target_map: dict, frames) -> np.ndarray:
    """Return the angles in degrees (T, limbs) between the limbs of two armatures, as Blender evaluates them."""
    ends = [(near, far) for near, far in LIMBS.items() if near in target_map and far in target_map]
    slots = sorted({slot for pair in ends for slot in pair})
    directions = []
    for armature_object, bone_map in ((source, source_map), (target, target_map)):
        places = heads(scene, armature_object, [bone_map[slot] for slot in slots], frames)
        vectors = np.stack([places[:, slots.index(far)] - places[:, slots.index(near)] for near, far in ends], axis=1)
        directions.append(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
    return np.degrees(np.arccos(np.clip(np.sum(directions[0] * directions[1], axis=-1), -1, 1)))
