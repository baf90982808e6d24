"""The doors to retargeting: one click, the bone map, its files."""

from __future__ import annotations

from pathlib import Path

import bpy

from .rig_properties import RETARGET_PROPERTIES, RetargetProperties
from .scene.bone_map_storage import BoneMapError, read_map, store_map, stored_map, write_map
from .scene.bone_map_storage import find_map as find_bone_map
from .scene.retarget import retarget_armature
from .scene.source_reading import RetargetError
from .shared.bone_slots import label


class MPSNET_OT_retarget(RetargetProperties, bpy.types.Operator):
    """Let characters perform the source's motion: bones are mapped by themselves, the motion goes into a fresh Action"""
    bl_idname = "mpsnet.retarget"
    bl_label = "Retarget"
    bl_options = {"REGISTER", "UNDO"}

    source: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="Name of the armature object that moves")
    target: bpy.props.StringProperty(
        options={"SKIP_SAVE"}, description="Name of the armature object that is to perform the motion; several with |")

    def invoke(self, context, _event):
        for name in RETARGET_PROPERTIES:
            if not self.properties.is_property_set(name):
                setattr(self, name, getattr(context.scene.mpsnet_retarget, name))
        source = chosen_source(context)
        if not self.source and source is not None:
            self.source = source.name
        if not self.target:
            self.target = "|".join(thing.name for thing in chosen_targets(context))
        return self.execute(context)

    def execute(self, context):
        try:
            source = _armature(self.source, "source")
            targets = [_armature(name, "target") for name in self.target.split("|")]
            reports = [retarget_armature(context.scene, source, target, self.settings()) for target in targets]
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        notice = "; ".join(report.sentence for report in reports) + "."
        warnings = [warning for report in reports for warning in report.warnings]
        context.window_manager.mpsnet.show_notice(notice, warnings)
        self.report({"INFO"}, notice)
        for warning in warnings:
            self.report({"WARNING"}, warning)
        return {"FINISHED"}


class MPSNET_OT_map_bones(bpy.types.Operator):
    """Find the bones of this character by their names and by structure, in place of the map that it has"""
    bl_idname = "mpsnet.map_bones"
    bl_label = "Map Bones"
    bl_options = {"REGISTER", "UNDO"}

    armature: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="Name of the armature object")

    def execute(self, _context):
        try:
            armature_object = _armature(self.armature, "armature")
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        store_map(armature_object, {})
        mapping = find_bone_map(armature_object)
        store_map(armature_object, mapping.bone_map)
        missing = ", ".join(label(slot) for slot in mapping.unmapped)
        words = f"{len(mapping.bone_map)} bones found by {mapping.found_by}" + (f"; none for {missing}" if missing else "")
        self.report({"WARNING"} if missing else {"INFO"}, words)
        return {"FINISHED"}


class MPSNET_OT_clear_bone_map(bpy.types.Operator):
    """Forget the stored map: bones are found by themselves again"""
    bl_idname = "mpsnet.clear_bone_map"
    bl_label = "Clear"
    bl_options = {"REGISTER", "UNDO"}

    armature: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, _context):
        try:
            store_map(_armature(self.armature, "armature"), {})
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class _MapFile:
    """What both operators on files of bone maps have."""
    armature: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context, _event):
        if not self.filepath:
            self.filepath = f"{bpy.path.clean_name(self.armature)}.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context):
        try:
            words = self.run(_armature(self.armature, "armature"), Path(bpy.path.abspath(self.filepath)))
        except (RetargetError, BoneMapError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"{self.filepath} cannot be written: {error.strerror}. Choose another folder.")
            return {"CANCELLED"}
        self.report({"INFO"}, words)
        return {"FINISHED"}


class MPSNET_OT_export_bone_map(_MapFile, bpy.types.Operator):
    """Write this character's bone map to a file"""
    bl_idname = "mpsnet.export_bone_map"
    bl_label = "Export Bone Map"

    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def run(self, armature_object: bpy.types.Object, path: Path) -> str:
        return f"{write_map(path, armature_object)} bones written to {path}"


class MPSNET_OT_import_bone_map(_MapFile, bpy.types.Operator):
    """Take this character's bone map from a file"""
    bl_idname = "mpsnet.import_bone_map"
    bl_label = "Import Bone Map"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, armature_object: bpy.types.Object, path: Path) -> str:
        bone_map, missing = read_map(path, armature_object)
        store_map(armature_object, bone_map)
        lacks = f"; it has no {', '.join(missing)}" if missing else ""
        return f"{len(bone_map)} bones mapped on “{armature_object.name}”{lacks}"


def chosen_targets(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the characters that the panel means: the one named in it, else the selected armatures but for the source."""
    settings = context.scene.mpsnet_retarget
    if settings.target is not None:
        return [settings.target]
    source = chosen_source(context)
    active = context.active_object
    things = list(dict.fromkeys(([active] if active else []) + list(context.selected_objects)))
    return [thing for thing in things if thing.type == "ARMATURE" and thing != source]


def chosen_source(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the source that the panel means: the one named in it, else the only armature of a capture."""
    settings = context.scene.mpsnet_retarget
    if settings.source is not None:
        return settings.source
    captured = [thing for thing in context.scene.objects if thing.type == "ARMATURE" and "mpsnet_motion_file" in thing]
    return captured[0] if len(captured) == 1 else None


def has_stored_map(armature_object: bpy.types.Object) -> bool:
    """Whether a map is stored with an armature."""
    return bool(stored_map(armature_object))


def _armature(name: str, role: str) -> bpy.types.Object:
    """Return the armature object of that name. Raises RetargetError."""
    thing = bpy.data.objects.get(name)
    if thing is None:
        words = f"There is no object “{name}”" if name else f"No {role} is given"
        raise RetargetError(f"{words}. Name an armature object of this file.")
    if thing.type != "ARMATURE":
        raise RetargetError(f"“{name}” is no armature but a {thing.type.title()}. Name an armature object.")
    return thing


CLASSES = (MPSNET_OT_retarget, MPSNET_OT_map_bones, MPSNET_OT_clear_bone_map, MPSNET_OT_export_bone_map,
           MPSNET_OT_import_bone_map)
