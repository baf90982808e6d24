"""Characters for the tests: an armature with a deformed mesh, moved by everything that moves users' rigs."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix


def build_rig(scene, name: str, bones: dict[str, tuple], matrix: Matrix | None = None) -> bpy.types.Object:
    """Return an armature object; bones {name: (head, tail, parent or None, connected)} in the armature's unit."""
    rig = bpy.data.objects.new(name, bpy.data.armatures.new(f"{name} bones"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone_name, (head, tail, parent, connected) in bones.items():
        bone = rig.data.edit_bones.new(bone_name)
        bone.head, bone.tail = head, tail
        if parent:
            bone.parent = rig.data.edit_bones[parent]
            bone.use_connect = connected
    bpy.ops.object.mode_set(mode="OBJECT")
    if matrix is not None:
        rig.matrix_world = matrix
    bpy.context.view_layer.objects.active = None
    return rig


def build_skin(scene, rig: bpy.types.Object, name: str = "skin") -> bpy.types.Object:
    """Return a mesh with a small triangle about each deforming bone's head and tail, fully weighted to that bone."""
    points, groups = [], {}
    size = 0.05 * max(bone.length for bone in rig.data.bones)
    for bone in rig.data.bones:
        if not bone.use_deform:
            continue
        groups[bone.name] = list(range(len(points), len(points) + 6))
        for centre in (bone.head_local, bone.tail_local):
            points += [centre + bone.x_axis * size, centre + bone.z_axis * size, centre - bone.x_axis * size]
    faces = [tuple(range(start, start + 3)) for start in range(0, len(points), 3)]
    mesh = bpy.data.meshes.new(f"{name} mesh")
    mesh.from_pydata(points, [], faces)
    skin = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(skin)
    for group, members in groups.items():
        skin.vertex_groups.new(name=group).add(members, 1.0, "REPLACE")
    skin.modifiers.new("Armature", "ARMATURE").object = rig
    skin.parent = rig
    return skin


def key(owner, path: str, frames, values) -> None:
    """Key a property of an object or bone at frames, linear in between."""
    for frame, value in zip(frames, values):
        setattr(owner, path, value)
        owner.keyframe_insert(path, frame=frame)


def heads(scene, rig: bpy.types.Object, names, frames) -> np.ndarray:
    """Return where the bones' heads are (T, J, 3) in the world, metres."""
    places = []
    for frame in frames:
        scene.frame_set(int(frame))
        evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        places.append([evaluated.matrix_world @ evaluated.pose.bones[name].head for name in names])
    return np.array(places)


def place_and_override(scene, collection: bpy.types.Collection) -> bpy.types.Collection:
    """Place a linked collection as File > Link does, and return the override that Object > Library Override > Make makes of it.

    `override_hierarchy_create` is of no use here: in 5.3 it returns None for a collection that stands in no scene.
    """
    instance = bpy.data.objects.new(collection.name, None)
    instance.instance_type, instance.instance_collection = "COLLECTION", collection
    scene.collection.objects.link(instance)
    bpy.context.view_layer.objects.active = instance
    instance.select_set(True)
    assert bpy.ops.object.make_override_library() == {"FINISHED"}
    return next(made for made in bpy.data.collections
                if made.override_library and made.override_library.reference == collection)
