"""The mannequin that an imported person wears: a skinned mesh with a material of its colour."""

from __future__ import annotations

import bpy
import numpy as np

from ...motion.mannequin.mannequin import Mannequin
from ...shared.hands.skeleton import FULL_JOINT_NAMES
from ..base.visibility import follow_visibility

# Linear RGB. Chosen by eye: muted, all about as bright, and neighbours easy to tell apart, in Blender's grey viewport and over
# footage.
_COLOURS = (
    (0.20, 0.48, 0.75), (0.90, 0.40, 0.10), (0.28, 0.58, 0.32), (0.78, 0.30, 0.44),
    (0.82, 0.62, 0.16), (0.46, 0.36, 0.76), (0.20, 0.58, 0.55), (0.60, 0.52, 0.44),
)
_ROUGHNESS = 0.6


def build_body(armature_object: bpy.types.Object, mannequin: Mannequin, units_per_metre: float,
               person_id: int) -> bpy.types.Object:
    """Return a new mesh object that the armature moves and hides, in no collection yet; `person_id`, from 1, sets its colour."""
    name = f"{armature_object.name} body"
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata((units_per_metre * mannequin.vertices).tolist(), [], mannequin.quads.tolist())
    mesh.shade_smooth()
    mesh.materials.append(_make_material(name, _COLOURS[(person_id - 1) % len(_COLOURS)]))
    body = bpy.data.objects.new(name, mesh)
    body.parent = armature_object
    body.modifiers.new("Armature", "ARMATURE").object = armature_object
    _write_weights(body, mannequin.weights)
    follow_visibility(body, armature_object)
    return body


def _write_weights(body: bpy.types.Object, weights: np.ndarray) -> None:
    """Give the mesh a vertex group for each joint, with weights (V, 24) or (V, 54)."""
    for name, column in zip(FULL_JOINT_NAMES[:weights.shape[1]], weights.T, strict=True):
        group = body.vertex_groups.new(name=name)
        is_whole = column == 1.0
        group.add(np.flatnonzero(is_whole).tolist(), 1.0, "REPLACE")
        for vertex in np.flatnonzero((column > 0) & ~is_whole).tolist():
            group.add((vertex,), column[vertex], "REPLACE")


def _make_material(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*colour, 1.0)  # Workbench's
    if material.node_tree is None:  # before Blender 5.0; from then on the setting is deprecated
        material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = material.roughness = _ROUGHNESS
    return material
