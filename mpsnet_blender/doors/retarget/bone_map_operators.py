"""Operators of bone maps: find, choose a bone, clear, export and import."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...scene.capture.job_timer import redraw_sidebars
from ...scene.retarget.bone_map_storage import find_map, read_map, read_stored_map, store_map, write_map
from ...scene.retarget.source_reading import RetargetError
from ...shared.bone_map_file import BoneMapError
from ...shared.bone_slots import SLOTS, label
from .rig_choice import find_named_armature

NO_BONE = "(no bone)"
_SLOTS_TO_FILL = [(slot, label(slot), "") for slot in SLOTS]
_entries: list[tuple[str, str, str]] = []  # of the open list: Blender does not copy the strings, so they must stay referenced


class MPSNET_OT_map_bones(bpy.types.Operator):
    """Find the bones of this character by name and by structure. Replaces the present bone map"""
    bl_idname = "mpsnet.map_bones"
    bl_label = "Map Bones"
    bl_options = {"REGISTER", "UNDO"}

    armature: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="Name of the armature object")

    def execute(self, _context):
        try:
            armature_object = find_named_armature(self.armature, "armature")
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        store_map(armature_object, {})
        mapping = find_map(armature_object)
        store_map(armature_object, mapping.bone_map)
        missing = ", ".join(label(slot) for slot in mapping.unmapped)
        message = f"{len(mapping.bone_map)} bones found by {mapping.found_by}" + (f"; none for {missing}" if missing else "")
        self.report({"WARNING"} if missing else {"INFO"}, message)
        return {"FINISHED"}


def _list_bones(operator: bpy.types.Operator, _context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    armature_object = bpy.data.objects.get(operator.armature)
    bones = armature_object.data.bones.keys() if armature_object and armature_object.type == "ARMATURE" else []
    _entries[:] = [(NO_BONE, NO_BONE, ""), *((name, name, "") for name in bones)]
    return _entries


class MPSNET_OT_choose_bone(bpy.types.Operator):
    """Choose the bone for this part of the body"""
    bl_idname = "mpsnet.choose_bone"
    bl_label = "Choose Bone"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    bl_property = "bone"

    armature: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"}, description="Name of the armature object")
    slot: bpy.props.EnumProperty(items=_SLOTS_TO_FILL, options={"SKIP_SAVE", "HIDDEN"})
    bone: bpy.props.EnumProperty(name="Bone", items=_list_bones, options={"SKIP_SAVE"})

    @classmethod
    def description(cls, _context, properties):
        armature_object = bpy.data.objects.get(properties.armature)
        bone = read_stored_map(armature_object).get(properties.slot) if armature_object is not None else None
        return f"{label(properties.slot)}: {f'“{bone}”' if bone else 'no bone'}. Click to choose another"

    def invoke(self, context, _event):
        context.window_manager.invoke_search_popup(self)
        return {"FINISHED"}

    def execute(self, _context):
        try:
            armature_object = find_named_armature(self.armature, "armature")
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        store_map(armature_object, read_stored_map(armature_object) | {self.slot: "" if self.bone == NO_BONE else self.bone})
        redraw_sidebars()
        return {"FINISHED"}


class MPSNET_OT_clear_bone_map(bpy.types.Operator):
    """Delete the stored bone map: bones are found automatically again"""
    bl_idname = "mpsnet.clear_bone_map"
    bl_label = "Clear"
    bl_options = {"REGISTER", "UNDO"}

    armature: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, _context):
        try:
            store_map(find_named_armature(self.armature, "armature"), {})
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class _MapFileOperator:
    """Base of the operators that export and import bone maps."""
    armature: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context, _event):
        if not self.filepath:
            self.filepath = f"{bpy.path.clean_name(self.armature)}.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self: bpy.types.Operator, _context):
        try:
            message = self.run(find_named_armature(self.armature, "armature"), Path(bpy.path.abspath(self.filepath)))
        except (RetargetError, BoneMapError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"{self.filepath} cannot be written: {error.strerror}. Choose another folder.")
            return {"CANCELLED"}
        self.report({"INFO"}, message)
        return {"FINISHED"}


class MPSNET_OT_export_bone_map(_MapFileOperator, bpy.types.Operator):
    """Write this character's bone map to a file"""
    bl_idname = "mpsnet.export_bone_map"
    bl_label = "Export Bone Map"

    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def run(self, armature_object: bpy.types.Object, path: Path) -> str:
        return f"{write_map(path, armature_object)} bones written to {path}"


class MPSNET_OT_import_bone_map(_MapFileOperator, bpy.types.Operator):
    """Read this character's bone map from a file"""
    bl_idname = "mpsnet.import_bone_map"
    bl_label = "Import Bone Map"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, armature_object: bpy.types.Object, path: Path) -> str:
        bone_map, missing = read_map(path, armature_object)
        store_map(armature_object, bone_map)
        lacks = f"; it has no {', '.join(missing)}" if missing else ""
        return f"{len(bone_map)} bones mapped on “{armature_object.name}”{lacks}"


CLASSES = (MPSNET_OT_map_bones, MPSNET_OT_choose_bone, MPSNET_OT_clear_bone_map, MPSNET_OT_export_bone_map,
           MPSNET_OT_import_bone_map)
