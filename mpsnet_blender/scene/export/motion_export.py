"""Export of one animated character: it is sampled, copied, written into a temporary folder, and moved to its place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ...motion.formats.bvh import format_bvh
from ...motion.formats.posed_bones import make_bvh_of_bones
from ..base.motion_sampling import ExportError, SampledMotion, motion_frames, sample_motion
from ..base.scene_rate import find_actions, find_other_rate, scene_rate
from ..base.units import metres_per_unit
from ..base.visibility import follows_visibility
from .export_copy import CopyPlan, make_plain_copy
from .exporters import write_fbx, write_gltf, write_usd
from .hand_poses import preserve_hand_poses

SUFFIXES = {"UNITY": (".fbx",), "UNREAL": (".fbx",), "BVH": (".bvh",), "GLTF": (".glb", ".gltf"),
            "USD": (".usdc", ".usd", ".usda", ".usdz")}
# The unit of the written data, for formats that do not follow the scene's unit: glTF is in metres by definition, and Blender
# (except 4.2) writes metersPerUnit = 1 into USD for every Unit Scale.
_DATA_UNITS_PER_METRE = {"UNREAL": 100.0, "GLTF": 1.0, "USD": 1.0}
# Unity: lengths in metres, with the unit in the file's header, so that no object is scaled.
_UNITY = {"apply_scale_options": "FBX_SCALE_ALL", "mesh_smooth_type": "OFF"}
# Unreal: the data are in centimetres already; smoothing groups avoid its warning.
_UNREAL = {"apply_scale_options": "FBX_SCALE_NONE", "mesh_smooth_type": "FACE"}
_UNREAL_ROOT_NAME = "Armature"  # Unreal ignores an object of this name; any other becomes a bone above the root


@dataclass(frozen=True)
class ExportOptions:
    """The user's choices: the format (a key of SUFFIXES), only deforming bones or all, with meshes or not, BVH units a metre, and
    whether glTF and USD begin at zero instead of the scene's frame, as FBX and BVH always do."""
    format: str
    deform_only: bool = True
    with_meshes: bool = True
    bvh_scale: float = 1.0
    from_zero: bool = False

    def file_frame(self, first: int) -> int:
        """Return the frame at which the file's clip begins, for its `first` frame in the scene. glTF has no times below zero."""
        keeps_frame = self.format == "USD" or (self.format == "GLTF" and first >= 0)
        return first if keeps_frame and not self.from_zero else 0


@dataclass(frozen=True)
class ExportReport:
    """The result of an export: the file, scene frames, rate, number of bones, names of meshes, and warnings for the user."""
    path: Path
    first_frame: int
    last_frame: int
    framerate: float
    bone_count: int
    mesh_names: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        meshes = f" and {', '.join(self.mesh_names)}" if self.mesh_names else ""
        return (f"{self.path.name}: {self.bone_count} bones{meshes}, frames {self.first_frame} to {self.last_frame}, "
                f"{self.framerate:.5g} a second")


def find_format(path: Path) -> str | None:
    """Return the format that a file's suffix stands for, None for other suffixes."""
    return next((name for name, suffixes in SUFFIXES.items() if path.suffix.lower() in suffixes), None)


def find_armature(context: bpy.types.Context, name: str) -> bpy.types.Object | None:
    """Return the armature object of that name; without a name the active armature, or the one that moves the active mesh."""
    if name:
        # A local object has priority over a linked one of the same name.
        thing = bpy.data.objects.get((name, None)) or bpy.data.objects.get(name)
        return thing if thing and thing.type == "ARMATURE" else None
    active = context.view_layer.objects.active
    if active is None or active.type == "ARMATURE":
        return active
    return active.find_armature() or (active.parent if active.parent and active.parent.type == "ARMATURE" else None)


def find_meshes(armature_object: bpy.types.Object) -> tuple[bpy.types.Object, ...]:
    """Return the meshes that the armature deforms or that are its children, of those that are in a scene and rendered, if only in
    some frames."""
    return tuple(thing for thing in bpy.data.objects if thing.type == "MESH" and thing.users_scene
                 and (not thing.hide_render or follows_visibility(thing))
                 and (thing.parent == armature_object
                      or any(modifier.type == "ARMATURE" and modifier.object == armature_object
                             for modifier in thing.modifiers)))


def export_motion(scene: bpy.types.Scene, armature_object: bpy.types.Object, path: Path,
                  options: ExportOptions) -> ExportReport:
    """Write an armature with its meshes and the motion of its Action to a file. Nothing in the open file changes.

    Raises ExportError with what to do, also where the file cannot be written.
    """
    scene = _find_scene(scene, armature_object)
    _require_pose(armature_object)
    with preserve_hand_poses():
        return _export(scene, armature_object, path, options)


def _export(scene: bpy.types.Scene, armature_object: bpy.types.Object, path: Path, options: ExportOptions) -> ExportReport:
    meshes = find_meshes(armature_object) if options.with_meshes and options.format != "BVH" else ()
    frames = motion_frames(armature_object)
    motion = sample_motion(armature_object, list(meshes), scene, frames)
    framerate = scene_rate(scene)
    deform_only = options.deform_only and bool(motion.deforms.any())
    if options.format == "BVH":
        clip = _make_bvh(armature_object, motion, framerate, scene, options, deform_only)
        _move_into_place(path, lambda partial: partial.write_text(clip, encoding="utf-8"))
    else:
        plan = _plan(armature_object, meshes, motion, scene, options)
        with make_plain_copy(scene, plan) as copy_scene:
            _move_into_place(path, lambda partial: _write(copy_scene, partial, options.format, deform_only))
    return ExportReport(path, int(frames[0]), int(frames[-1]), framerate, int(_choose_bones(motion, deform_only).sum()),
                        tuple(mesh.name for mesh in meshes), _find_warnings(armature_object, scene))


def _find_warnings(armature_object: bpy.types.Object, scene: bpy.types.Scene) -> tuple[str, ...]:
    """Return a warning where the motion was keyed for another rate than the scene's."""
    rate = next((rate for action in find_actions(armature_object) if (rate := find_other_rate(action, scene)) is not None), None)
    if rate is None:
        return ()
    now = scene_rate(scene)
    return (f"The motion was made for {rate:.5g} frames a second, and the scene has {now:.5g}: it was exported at "
            f"{now / rate:.3g} times its speed. Press Retime or Set Scene Back in the Mocap tab, and export again.",)


def _find_scene(scene: bpy.types.Scene, armature_object: bpy.types.Object) -> bpy.types.Scene:
    """Return the scene whose rate and frames are used: `scene` if the armature is in it, else the first that it is in."""
    scenes = armature_object.users_scene
    if not scenes:
        raise ExportError(f"“{armature_object.name}” is in no scene. Link it to one first.")
    return scene if scene in scenes else scenes[0]


def _require_pose(armature_object: bpy.types.Object) -> None:
    if armature_object.data.is_editmode:
        raise ExportError(f"“{armature_object.name}” is in Edit Mode, where it has no pose. Leave Edit Mode first.")
    if armature_object.data.pose_position == "REST":
        raise ExportError(f"“{armature_object.name}” is set to its rest position. Set it to Pose Position first.")


def _plan(armature_object: bpy.types.Object, meshes: tuple[bpy.types.Object, ...], motion: SampledMotion,
          scene: bpy.types.Scene, options: ExportOptions) -> CopyPlan:
    action = armature_object.animation_data.action
    data_units = _DATA_UNITS_PER_METRE.get(options.format)
    return CopyPlan(
        armature_object, meshes, motion, clip_name=action.name if action else armature_object.name,
        armature_name=_UNREAL_ROOT_NAME if options.format == "UNREAL" else armature_object.name,
        first_frame=options.file_frame(int(motion.frames[0])),
        enlarge=metres_per_unit(scene) * data_units if data_units else 1.0)


def _write(scene: bpy.types.Scene, path: Path, format_name: str, deform_only: bool) -> None:
    if format_name == "UNITY":
        write_fbx(scene, path, deform_only, **_UNITY)
        return
    scene.unit_settings.scale_length = 1 / _DATA_UNITS_PER_METRE[format_name]
    if format_name == "UNREAL":
        write_fbx(scene, path, deform_only, **_UNREAL)
    elif format_name == "GLTF":
        write_gltf(scene, path, deform_only)
    else:
        write_usd(scene, path, deform_only)


def _choose_bones(motion: SampledMotion, deform_only: bool) -> np.ndarray:
    """Return a mask (J,) of the bones to write: all, or those that deform with all their ancestors."""
    chosen = motion.deforms.copy() if deform_only else np.ones(len(motion.parents), dtype=bool)
    for bone in reversed(range(len(chosen))):  # children come after their parents
        if chosen[bone] and motion.parents[bone] >= 0:
            chosen[motion.parents[bone]] = True
    return chosen


def _make_bvh(armature_object: bpy.types.Object, motion: SampledMotion, framerate: float, scene: bpy.types.Scene,
         options: ExportOptions, deform_only: bool) -> str:
    chosen = _choose_bones(motion, deform_only)
    new_number = np.cumsum(chosen) - 1
    parents = np.where(motion.parents >= 0, new_number[motion.parents], -1)[chosen]
    names = tuple(name for name, is_chosen in zip(motion.bone_names, chosen) if is_chosen)
    return format_bvh(make_bvh_of_bones(
        names, parents, motion.rests[chosen], motion.tails[chosen], motion.poses[:, chosen], motion.worlds, framerate,
        options.bvh_scale * metres_per_unit(scene), armature_object.name))


def _move_into_place(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a path in a temporary folder, then move the files that it made there to their places."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".mpsnet-export-", dir=path.parent))
    except OSError as error:
        raise ExportError(f"Cannot write {path}: {error.strerror}. Choose another place.") from None
    try:
        write(folder / path.name)
        if not (folder / path.name).is_file():
            raise ExportError(f"Blender wrote no file {path.name}. See its system console for the reason.")
        for made in sorted(folder.rglob("*"), key=lambda made: made.name == path.name):
            target = path.parent / made.relative_to(folder)
            if made.is_dir():
                target.mkdir(exist_ok=True)
            else:
                os.replace(made, target)
    except OSError as error:
        raise ExportError(f"Cannot write {path}: {error.strerror}. Choose another place.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
