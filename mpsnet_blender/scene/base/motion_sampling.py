"""An armature's motion, sampled frame by frame from its evaluated pose. Afterwards the user's file is unchanged."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import numpy as np

from .fcurve_reading import CONTACT_PATH_END, find_fcurves
from .scratch_scene import scratch_scene
from .visibility import unhide


class ExportError(Exception):
    """An armature's motion cannot be exported: the message says which, why and what to do."""


@dataclass(frozen=True)
class SampledMotion:
    """An armature's motion at scene frames (T,). In armature space: rests (J, 4, 4), tails (J, 3), poses (T, J, 4, 4). worlds
    (T, 4, 4): the object's world matrices; parents (J,): -1 for none; deforms (J,): whether a bone deforms; shape_values
    {mesh object: (T, K)}: the values of animated shape keys, in the mesh's order."""
    frames: np.ndarray
    bone_names: tuple[str, ...]
    parents: np.ndarray
    deforms: np.ndarray
    rests: np.ndarray
    tails: np.ndarray
    poses: np.ndarray
    worlds: np.ndarray
    shape_values: dict[str, np.ndarray]


def motion_frames(armature_object: bpy.types.Object) -> np.ndarray:
    """Return the whole scene frames (T,) of the armature's Action, or else of its NLA strips. Raises ExportError.

    Contacts that are keyed for editing do not count: they go on where a loop was cut out of a motion.
    """
    animation = armature_object.animation_data
    spans = []
    if animation and animation.action and animation.action.use_frame_range:  # the user's range, for a loop for example
        spans = [(animation.action.frame_start, animation.action.frame_end)]
    elif animation and animation.action:
        spans = [fcurve.range() for fcurve in find_fcurves(animation)
                 if not fcurve.is_empty and not fcurve.data_path.endswith(CONTACT_PATH_END)]
    elif animation:
        spans = [(strip.frame_start, strip.frame_end) for track in animation.nla_tracks if not track.mute
                 for strip in track.strips if not strip.mute]
    if not spans:
        raise ExportError(f"“{armature_object.name}” has no motion: no Action with keys, and no NLA strip. "
                          "Import a motion, or retarget one to it.")
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    return np.arange(math.floor(first + 1e-3), math.ceil(last - 1e-3) + 1)


def sample_motion(armature_object: bpy.types.Object, meshes: list[bpy.types.Object], scene: bpy.types.Scene,
                  frames: np.ndarray) -> SampledMotion:
    """Return the armature's motion at the scene's frames (T,), with constraints, NLA and drivers.

    The evaluation changes the objects' animated channels: see `preserve_hand_poses`.
    """
    bones = armature_object.data.bones
    number = {bone.name: index for index, bone in enumerate(bones)}
    shaped = [mesh for mesh in meshes if mesh.data.shape_keys and mesh.data.shape_keys.animation_data]
    with unhide(armature_object), scratch_scene(scene, "mpsnet sampling", [armature_object, *shaped]) as scratch:
        poses, worlds, shapes = _evaluate(armature_object, shaped, scratch, scene, frames)
    return SampledMotion(
        frames=frames, bone_names=tuple(bones.keys()),
        parents=np.array([number[bone.parent.name] if bone.parent else -1 for bone in bones]),
        deforms=np.array([bone.use_deform for bone in bones]),
        rests=np.array([bone.matrix_local for bone in bones], dtype=np.float64),
        tails=np.array([bone.tail_local for bone in bones], dtype=np.float64),
        poses=poses, worlds=worlds, shape_values={mesh.name: values for mesh, values in zip(shaped, shapes)})


def _evaluate(armature_object: bpy.types.Object, shaped: list[bpy.types.Object], scratch: bpy.types.Scene,
              scene: bpy.types.Scene, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    depsgraph = scratch.view_layers[0].depsgraph
    bone_count = len(armature_object.data.bones)
    columns = np.empty((len(frames), bone_count, 4, 4), dtype=np.float32)
    worlds = np.empty((len(frames), 4, 4))
    shapes = [np.empty((len(frames), len(mesh.data.shape_keys.key_blocks))) for mesh in shaped]
    for row, frame in enumerate(frames):
        scratch.frame_set(int(frame))
        evaluated = armature_object.evaluated_get(depsgraph)
        evaluated.pose.bones.foreach_get("matrix", columns[row].reshape(-1))
        worlds[row] = evaluated.matrix_world
        for mesh, values in zip(shaped, shapes):
            mesh.evaluated_get(depsgraph).data.shape_keys.key_blocks.foreach_get("value", values[row])
    scratch.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    return columns.swapaxes(-1, -2).astype(np.float64), worlds, shapes
