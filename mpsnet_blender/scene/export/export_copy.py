"""A plain copy of an animated character for an exporter: with baked bones, alone in a temporary scene."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import bpy
import numpy as np
from mathutils import Matrix

from ...motion.formats.posed_bones import decompose, decompose_poses, find_most_moved_frame, remove_stretch
from ..base.action import Channel, bone_path, write_action
from ..base.motion_sampling import SampledMotion
from ..base.scratch_scene import scratch_scene
from .freed_names import free_names

_ROUNDING = 1e-6  # metres, or parts of a quaternion or scale: changes below it are rounding of float32, and are not keyed


@dataclass(frozen=True)
class CopyPlan:
    """What to copy, the names of the clip and the armature in the copy, and the clip's first frame there.

    `enlarge` multiplies the lengths in the data, so that no object needs a scale. Where it is not 1, the armature object's scale
    is applied to the bones too.
    """
    armature_object: bpy.types.Object
    meshes: tuple[bpy.types.Object, ...]
    motion: SampledMotion
    clip_name: str
    armature_name: str
    first_frame: int = 0
    enlarge: float = 1.0

    @property
    def frames(self) -> np.ndarray:
        """The copy's frames (T,)."""
        return self.motion.frames - self.motion.frames[0] + self.first_frame

    @property
    def bone_size(self) -> float:
        """The factor for the lengths of the bones and of the armature's children."""
        return self.enlarge if self.enlarge == 1.0 else self.enlarge * float(decompose(self.motion.worlds[:1])[2].mean())

    def copy_names(self) -> list[tuple[bpy.types.bpy_prop_collection, str]]:
        """Return the names of the copies, each once, with the collection of bpy.data that it belongs to."""
        names = [(bpy.data.objects, self.armature_name), (bpy.data.armatures, self.armature_object.data.name),
                 (bpy.data.actions, self.clip_name)]
        for mesh in self.meshes:
            names += [(bpy.data.objects, mesh.name), (bpy.data.meshes, mesh.data.name)]
        return list({(id(members), name): (members, name) for members, name in names}.values())


@dataclass(frozen=True)
class _CopyState:
    """The state of the copying: the plan, the temporary scene, the originals' names, and the copies to remove in the end."""
    plan: CopyPlan
    scene: bpy.types.Scene
    names: dict[bpy.types.ID, str]
    copies: list[bpy.types.ID] = field(default_factory=list)


@contextmanager
def make_plain_copy(scene: bpy.types.Scene, plan: CopyPlan) -> Iterator[bpy.types.Scene]:
    """Yield a temporary scene with copies of an armature and its meshes, under the originals' names, with the motion baked.

    At the end of the block the copies are removed, and the file is as before.
    """
    names = {thing: thing.name for original in (plan.armature_object, *plan.meshes) for thing in (original, original.data)}
    copies: list[bpy.types.ID] = []
    with free_names(plan.copy_names()), _remove_at_end(copies), scratch_scene(scene, plan.clip_name, ()) as scratch:
        scratch.frame_start, scratch.frame_end = int(plan.frames[0]), int(plan.frames[-1])
        state = _CopyState(plan, scratch, names, copies)
        armature_copy = _copy_armature(state)
        shown_frame = _animate(state, armature_copy)
        for mesh in plan.meshes:
            _copy_mesh(state, mesh, armature_copy)
        # FBX also holds the pose of the current frame. Importers such as Blender's connect a bone to its parent where the two
        # touch both at rest and in that pose.
        scratch.frame_set(shown_frame)
        yield scratch


@contextmanager
def _remove_at_end(copies: list[bpy.types.ID]) -> Iterator[None]:
    """Remove the data-blocks of the list at the end of the block."""
    try:
        yield
    finally:
        bpy.data.batch_remove(copies)


def _copy_armature(state: _CopyState) -> bpy.types.Object:
    """Return a new object in the scene with a copy of the armature's bones, none of them posed."""
    plan = state.plan
    armature = plan.armature_object.data.copy()
    state.copies.append(armature)
    armature.name, armature.pose_position = state.names[plan.armature_object.data], "POSE"
    armature.animation_data_clear()
    armature_copy = bpy.data.objects.new(plan.armature_name, armature)
    state.copies.append(armature_copy)
    state.scene.collection.objects.link(armature_copy)
    _let_bones_move_freely(state.scene, armature_copy)
    if plan.bone_size != 1.0:
        armature.transform(Matrix.Scale(plan.bone_size, 4))
    return armature_copy


def _let_bones_move_freely(scene: bpy.types.Scene, armature_object: bpy.types.Object) -> None:
    """Let bones inherit everything and follow their location, as the baked channels require."""
    view_layer = scene.view_layers[0]
    view_layer.objects.active = armature_object
    with bpy.context.temp_override(scene=scene, view_layer=view_layer, active_object=armature_object, object=armature_object):
        bpy.ops.object.mode_set(mode="EDIT")
        for edit_bone in armature_object.data.edit_bones:
            edit_bone.use_connect, edit_bone.use_inherit_rotation = False, True
            edit_bone.inherit_scale, edit_bone.use_local_location = "FULL", True
        bpy.ops.object.mode_set(mode="OBJECT")


def _animate(state: _CopyState, armature_copy: bpy.types.Object) -> int:
    """Key the copy's bones, and the object itself where it moves; return a frame that shows which bones leave their place."""
    plan, motion = state.plan, state.plan.motion
    size = plan.bone_size
    locations, quats, scales = decompose_poses(remove_stretch(motion.poses), motion.rests, motion.parents)
    channels = []
    for bone, name in enumerate(motion.bone_names):
        armature_copy.pose.bones[name].rotation_mode = "QUATERNION"
        channels.append(Channel(bone_path(name, "rotation_quaternion"), plan.frames, quats[:, bone], name))
        if np.abs(locations[:, bone]).max() > _ROUNDING:
            channels.append(Channel(bone_path(name, "location"), plan.frames, size * locations[:, bone], name))
        if np.abs(scales[:, bone] - 1).max() > _ROUNDING:
            channels.append(Channel(bone_path(name, "scale"), plan.frames, scales[:, bone], name))
    places, turns, sizes = decompose(motion.worlds)
    armature_copy.rotation_mode = "QUATERNION"
    for name, values in (("location", plan.enlarge * places), ("rotation_quaternion", turns),
                         ("scale", sizes * (plan.enlarge / size))):
        setattr(armature_copy, name, values[0])
        if np.ptp(values, axis=0).max() > _ROUNDING:
            channels.append(Channel(name, plan.frames, values, "Object Transforms"))
    state.copies.append(write_action(armature_copy, plan.clip_name, channels))
    return int(plan.frames[find_most_moved_frame(locations, motion.parents)])


def _copy_mesh(state: _CopyState, original: bpy.types.Object, armature_copy: bpy.types.Object) -> None:
    """Copy a mesh that the armature moves, with its shape keys' motion baked, into the scene."""
    plan = state.plan
    mesh, copy = original.data.copy(), original.copy()
    state.copies.extend((mesh, copy))
    mesh.name, copy.name = state.names[original.data], state.names[original]
    copy.data = mesh
    copy.animation_data_clear()
    copy.hide_viewport = copy.hide_render = False
    for modifier in copy.modifiers:
        if modifier.type == "ARMATURE" and modifier.object == plan.armature_object:
            modifier.object = armature_copy
    size = _attach(copy, original, plan, armature_copy)
    if size != 1.0:
        mesh.transform(Matrix.Scale(size, 4), shape_keys=True)
    state.scene.collection.objects.link(copy)
    _key_shapes(state, mesh, plan.motion.shape_values.get(state.names[original]))


def _attach(copy: bpy.types.Object, original: bpy.types.Object, plan: CopyPlan, armature_copy: bpy.types.Object) -> float:
    """Parent a mesh to the copied armature like the original, or place it in the world; return the factor for its data."""
    if original.parent == plan.armature_object:
        copy.parent = armature_copy
        copy.matrix_parent_inverse.translation = plan.bone_size * copy.matrix_parent_inverse.translation
        copy.location = plan.bone_size * copy.location
        return plan.bone_size
    world = original.matrix_world.copy()
    world.translation = plan.enlarge * world.translation
    copy.parent = None
    copy.matrix_world = world
    return plan.enlarge


def _key_shapes(state: _CopyState, mesh: bpy.types.Mesh, values: np.ndarray | None) -> None:
    """Give the mesh's shape keys their sampled values (T, K), where they are animated."""
    if mesh.shape_keys is None or values is None:
        return
    mesh.shape_keys.animation_data_clear()
    channels = []
    for index, block in enumerate(mesh.shape_keys.key_blocks):
        block.value = values[0, index]
        if np.ptp(values[:, index]) > _ROUNDING:
            path = f'key_blocks["{bpy.utils.escape_identifier(block.name)}"].value'
            channels.append(Channel(path, state.plan.frames, values[:, index:index + 1], "Shape Keys"))
    if channels:
        state.copies.append(write_action(mesh.shape_keys, f"{mesh.name} shapes", channels))
