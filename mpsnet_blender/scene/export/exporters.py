"""Calls of Blender's exporters, for a scene that holds nothing but the objects to export."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import addon_utils
import bpy

from ..base.motion_sampling import ExportError

_ADDONS = {"export_scene.fbx": "io_scene_fbx", "export_scene.gltf": "io_scene_gltf2"}


def write_fbx(scene: bpy.types.Scene, path: Path, deform_only: bool, **preset: str) -> None:
    """Write the scene as FBX, every frame keyed as it is. `preset` are options of Blender's exporter."""
    _run("export_scene.fbx", scene, path, {
        "use_selection": False, "use_visible": False, "object_types": {"ARMATURE", "MESH"}, "add_leaf_bones": False,
        "use_armature_deform_only": deform_only, "bake_anim": True, "bake_anim_use_all_bones": True,
        "bake_anim_use_nla_strips": False, "bake_anim_use_all_actions": False, "bake_anim_force_startend_keying": True,
        "bake_anim_step": 1.0, "bake_anim_simplify_factor": 0.0, "axis_forward": "-Z", "axis_up": "Y",
        "primary_bone_axis": "Y", "secondary_bone_axis": "X", "bake_space_transform": False,
        "path_mode": "COPY", "embed_textures": True, **preset})


def write_gltf(scene: bpy.types.Scene, path: Path, deform_only: bool) -> None:
    """Write the scene as glTF: one file (.glb), or .gltf with its buffers and pictures beside it."""
    options = {
        "export_format": "GLTF_SEPARATE" if path.suffix.lower() == ".gltf" else "GLB", "use_selection": False,
        "use_active_scene": True, "export_animations": True, "export_animation_mode": "ACTIVE_ACTIONS",
        "export_nla_strips_merged_animation_name": scene.name, "export_anim_single_armature": False,
        "export_force_sampling": True, "export_frame_range": False, "export_anim_slide_to_zero": False,
        "export_optimize_animation_size": False, "export_def_bones": deform_only, "export_skins": True,
        "export_rest_position_armature": True, "export_yup": True, "will_save_settings": False,
        "export_texture_dir": f"{path.stem}_textures"}
    _run("export_scene.gltf", scene, path, options)
    render = scene.render
    seconds = scene.frame_end * render.fps_base / render.fps
    if render.fps_base != 1.0 and abs(_clip_seconds(path) - seconds) > 1e-4 * seconds:
        # Blender's glTF exporter (4.2 to 5.3) takes fps * fps_base for the rate, which is fps / fps_base.
        render.fps_base = 1 / render.fps_base
        _run("export_scene.gltf", scene, path, options)


def _clip_seconds(path: Path) -> float:
    """Return the last time of a glTF file's animation."""
    content = path.read_bytes()
    if path.suffix.lower() != ".gltf":  # a .glb holds its JSON after 12 bytes of header and 8 of the chunk's
        (length,) = struct.unpack_from("<I", content, 12)
        content = content[20:20 + length]
    gltf = json.loads(content)
    inputs = [sampler["input"] for animation in gltf.get("animations", ()) for sampler in animation["samplers"]]
    return max((gltf["accessors"][index]["max"][0] for index in inputs), default=0.0)


def write_usd(scene: bpy.types.Scene, path: Path, deform_only: bool) -> None:
    """Write the scene as USD, armatures as skeletons with their animation."""
    _run("wm.usd_export", scene, path, {
        "selected_objects_only": False, "visible_objects_only": False, "export_animation": True, "export_armatures": True,
        "only_deform_bones": deform_only, "export_shapekeys": True, "convert_world_material": False,
        "export_lights": False, "export_cameras": False})


def _run(name: str, scene: bpy.types.Scene, path: Path, options: dict) -> None:
    """Run an exporter on a scene, with those of the options that this Blender has. Raises ExportError."""
    area, _, operator_name = name.partition(".")
    view_layer = scene.view_layers[0]
    view_layer.update()
    with _enable_addon(_ADDONS.get(name)):
        operator = getattr(getattr(bpy.ops, area), operator_name)
        known = _find_known_options(operator, name)
        try:
            with bpy.context.temp_override(scene=scene, view_layer=view_layer, collection=scene.collection,
                                           active_object=view_layer.objects.active, object=view_layer.objects.active,
                                           selected_objects=[]):
                operator(filepath=str(path), check_existing=False,
                         **{key: value for key, value in options.items() if key in known})
        except RuntimeError as error:
            raise ExportError(f"Blender could not write {path.name}: {str(error).strip()}") from None


def _find_known_options(operator: Any, name: str) -> set[str]:
    """Return an operator's options. Their names differ by version: 4.5 has no `export_textures_mode` that 5.0 has."""
    try:
        return set(operator.get_rna_type().properties.keys())
    except KeyError:
        raise ExportError(f"This Blender has no exporter {name}: some builds leave it out. Choose another format, or use "
                          "the Blender of blender.org.") from None


@contextmanager
def _enable_addon(module: str | None) -> Iterator[None]:
    """Enable an exporter's add-on during the block, if it is disabled."""
    was_on = module is None or addon_utils.check(module)[1]
    if not was_on:
        addon_utils.enable(module, default_set=False)
    try:
        yield
    finally:
        if not was_on:
            addon_utils.disable(module, default_set=False)
