"""Shapes of bones, for the eye only: where SMPL's joints branch, bones reach all of their children, and toes reach the floor."""

from __future__ import annotations

import bpy
import numpy as np

from ...motion.base.rest_pose import RestPose
from ...shared.smpl_skeleton import JOINT

# Bones and the heads of the children that their shapes reach. The other bones end at their only child.
_BRANCHES = {"pelvis": ("spine1", "left_hip", "right_hip"), "spine3": ("neck", "left_collar", "right_collar")}
_TOES = ("left_foot", "right_foot")
# By eye, so that the shapes' ends stay inside the body: height of the toes' end in heights of their beginning, and lengths of the
# shapes in lengths of the bones.
_TOE_HEIGHT, _TOE_LENGTH, _HEAD_LENGTH = 0.2, 0.75, 0.85
_WAIST, _GIRTH = 0.1, 0.1  # of Blender's octahedral bones: place and half width of the widest part, in lengths
_OCTAHEDRON = ((0, 2, 1), (0, 3, 2), (0, 4, 3), (0, 1, 4), (5, 1, 2), (5, 2, 3), (5, 3, 4), (5, 4, 1))


def shape_bones(armature_object: bpy.types.Object, rest: RestPose) -> None:
    """Give bones shapes that meet. Bones, and so motion and exports, stay as they are; `rest` is in the armature's unit.

    The shapes are objects in no scene, as Blender needs them for this.
    """
    for name, ends in {**_find_branches(rest), **_find_toe_tips(rest), "head": _find_along(rest, "head", _HEAD_LENGTH)}.items():
        pose_bone = armature_object.pose.bones[name]
        axes = np.array(pose_bone.bone.matrix_local.to_3x3())
        pose_bone.custom_shape = _make_shape(f"{armature_object.name} {name} shape", (ends - rest.heads[JOINT[name]]) @ axes)
        pose_bone.use_custom_shape_bone_size = False


def find_shapes(armature_object: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the objects that give an armature's bones their shapes."""
    return [bone.custom_shape for bone in armature_object.pose.bones if bone.custom_shape is not None]


def _find_branches(rest: RestPose) -> dict[str, np.ndarray]:
    """Return by bone the points (N, 3) to which its shape reaches, in armature space."""
    return {name: rest.heads[[JOINT[child] for child in children]] for name, children in _BRANCHES.items()}


def _find_toe_tips(rest: RestPose) -> dict[str, np.ndarray]:
    tips = {name: _find_along(rest, name, _TOE_LENGTH) for name in _TOES}
    for name, tip in tips.items():
        tip[:, 2] = _TOE_HEIGHT * rest.heads[JOINT[name], 2]
    return tips


def _find_along(rest: RestPose, name: str, share: float) -> np.ndarray:
    """Return the point (1, 3) at a share of a bone's length."""
    head, tail = rest.heads[[JOINT[name]]], rest.tails[[JOINT[name]]]
    return head + share * (tail - head)


def _make_shape(name: str, ends: np.ndarray) -> bpy.types.Object:
    """Return an object of octahedra from a bone's head to points (N, 3) in the bone's space."""
    vertices: list[list[float]] = []
    faces: list[tuple[int, ...]] = []
    for end in ends:
        faces += [tuple(len(vertices) + corner for corner in face) for face in _OCTAHEDRON]
        vertices += _make_octahedron(end).tolist()
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    return bpy.data.objects.new(name, mesh)


def _make_octahedron(end: np.ndarray) -> np.ndarray:
    """Return the vertices (6, 3) of an octahedral bone from the origin to `end`."""
    length = max(float(np.linalg.norm(end)), 1e-12)
    sideways = np.cross(end, np.eye(3)[np.abs(end).argmin()])
    sideways *= _GIRTH * length / max(float(np.linalg.norm(sideways)), 1e-12)
    other = np.cross(end, sideways) / length
    around = [_WAIST * end + side for side in (sideways + other, other - sideways, -sideways - other, sideways - other)]
    return np.array([np.zeros(3), *around, end])
