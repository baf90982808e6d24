"""The operator that exports motion, its panel in the sidebar, and its entry in File > Export."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...scene.base.motion_sampling import ExportError
from ...scene.export.motion_export import SUFFIXES, ExportOptions, export_motion, find_armature, find_format
from ..common.scene_rate import draw_rate_warning
from ..common.text_lines import is_narrow

_FORMATS = (
    ("UNITY", "Unity FBX", "FBX in metres, without scaled objects, one clip"),
    ("UNREAL", "Unreal FBX", "FBX in centimetres, the first bone as Unreal's root, one clip"),
    ("BVH", "BVH", "Bones and their motion as text, Y up"),
    ("GLTF", "glTF", "glTF 2.0: .glb is one file, .gltf has separate files for its data"),
    ("USD", "USD", "Universal Scene Description: .usdc, .usda or .usdz"),
)


class MPSNET_OT_export_motion(bpy.types.Operator):
    """Export an armature, the meshes that it moves, and the motion of its Action. The open file does not change"""
    bl_idname = "mpsnet.export_motion"
    bl_label = "Export Motion"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The file to write")
    armature: bpy.props.StringProperty(
        name="Armature", options={"SKIP_SAVE"}, description="The armature object's name. Empty: the active one")
    format: bpy.props.EnumProperty(
        name="Format", default="AUTO", options={"SKIP_SAVE"},
        items=(("AUTO", "By Name", "The format is chosen by the ending of the file's name; .fbx is for Unity"), *_FORMATS))
    deform_only: bpy.props.BoolProperty(
        name="Deforming Bones Only", default=True,
        description="Leave out control bones: those that do not deform and have no deforming bones below them")
    with_meshes: bpy.props.BoolProperty(
        name="Meshes", default=True,
        description="Also export the meshes that the armature moves, such as the body of an imported person (not in BVH). "
                    "Off: bones only")
    from_zero: bpy.props.BoolProperty(
        name="Start at Zero",
        description="Begin the clip at zero, as game engines expect of clips that loop. Off: at the scene's frame. For glTF and "
                    "USD only: FBX and BVH always begin at zero")
    scale: bpy.props.FloatProperty(
        name="BVH Units per Metre", default=1.0, min=1e-4, soft_max=100.0,
        description="1: metres, 100: centimetres. For BVH only: the other formats store their unit")
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.fbx;*.bvh;*.glb;*.gltf;*.usd*", options={"HIDDEN"})

    def invoke(self, context, _event):
        if not self.filepath:
            armature_object = find_armature(context, self.armature)
            name = bpy.path.clean_name(armature_object.name) if armature_object else "motion"
            beside = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
            self.filepath = str(beside / (name + SUFFIXES[self._format_chosen() or "UNITY"][0]))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context):
        """Change the file name's suffix to the format's. Blender calls this while the dialog is open."""
        chosen = self._format_chosen()
        path = Path(self.filepath)
        if chosen is None or path.suffix.lower() in SUFFIXES[chosen] or not path.name:
            return False
        self.filepath = str(path.with_suffix(SUFFIXES[chosen][0]))
        return True

    def draw(self, context):
        draw_rate_warning(self.layout, context)
        column = self.layout.column()
        column.use_property_split = True
        column.prop(self, "format")
        column.prop(self, "deform_only")
        written = self._format_chosen() or find_format(Path(self.filepath))
        column.prop(self, "scale" if written == "BVH" else "with_meshes")
        if written in {"GLTF", "USD"}:
            column.prop(self, "from_zero")

    def execute(self, context):
        try:
            report = export_motion(context.scene, self._find_armature_object(context), *self._find_target())
        except ExportError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        notice = f"Exported {report.sentence}."
        context.window_manager.mpsnet.show_notice(notice, report.warnings, camera=context.window_manager.mpsnet.camera)
        self.report({"INFO"}, notice)
        for warning in report.warnings:
            self.report({"WARNING"}, warning)
        return {"FINISHED"}

    def _format_chosen(self) -> str | None:
        return None if self.format == "AUTO" else self.format

    def _find_armature_object(self, context: bpy.types.Context) -> bpy.types.Object:
        armature_object = find_armature(context, self.armature)
        if armature_object is None and self.armature:
            raise ExportError(f"There is no armature named “{self.armature}” in this file.")
        if armature_object is None:
            raise ExportError("No armature is chosen. Select one, or a mesh that it moves.")
        return armature_object

    def _find_target(self) -> tuple[Path, ExportOptions]:
        """Return the path of the file to write, and the options."""
        if not self.filepath:
            raise ExportError("No file given. Name the file to write, such as walk.fbx.")
        path = Path(bpy.path.abspath(self.filepath))
        chosen = self._format_chosen() or find_format(path)
        if chosen is None:
            raise ExportError(f"{path.name} ends in no format that can be written: use .fbx, .bvh, .glb, .gltf or .usdc.")
        if path.suffix.lower() not in SUFFIXES[chosen]:
            path = path.with_name(path.name + SUFFIXES[chosen][0])
        return path, ExportOptions(chosen, self.deform_only, self.with_meshes, self.scale, self.from_zero)


class MPSNET_PT_export(bpy.types.Panel):
    bl_label = "Export"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"
    bl_order = 100  # below what makes motion
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        armature_object = find_armature(context, "")
        column = self.layout.column(align=True)
        if armature_object is None:
            column.label(text="Select an armature", icon="INFO")
            return
        column.label(text=armature_object.name, icon="OUTLINER_OB_ARMATURE")
        for row_formats in (_FORMATS[:2], _FORMATS[2:]):
            row = column.column(align=True) if is_narrow(context) else column.row(align=True)
            for format_name, label, _description in row_formats:
                button = row.operator(MPSNET_OT_export_motion.bl_idname, text=label)
                button.format, button.armature = format_name, armature_object.name


def draw_export_menu(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    """Draw the entry in File > Export."""
    menu.layout.operator(MPSNET_OT_export_motion.bl_idname, text="Motion Capture (.fbx, .bvh, .glb, .usdc)")


CLASSES = (MPSNET_OT_export_motion, MPSNET_PT_export)

