"""The panel "Takes": the captures in the scene, which one is shown, and the button that deletes one."""

from __future__ import annotations

import bpy

from ...scene.capture.takes import delete_take, find_camera, find_people, find_takes, is_shown, set_hidden, show_take
from ...shared.capture_listing import GRADE_WORDS
from ..common.grades import GRADE_ICONS
from ..common.text_lines import is_narrow
from ..common.thumbnails import find_armature_icon

_PICTURE_SCALE = 2.6        # of an icon: as high as the three lines beside it; by eye


class MPSNET_take(bpy.types.PropertyGroup):
    """Collection.mpsnet_take: a capture's date and length, and when it was imported. Empty where the collection is no take."""
    date: bpy.props.StringProperty(options={"HIDDEN"})
    length: bpy.props.StringProperty(options={"HIDDEN"})
    imported: bpy.props.StringProperty(options={"HIDDEN"})


class _TakeOperator:
    bl_options = {"REGISTER", "UNDO"}

    collection: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="Name of the take's collection")

    def find_take(self: bpy.types.Operator, context: bpy.types.Context) -> bpy.types.Collection | None:
        """Return the named take of the scene; None, after a report to the user, where there is none."""
        take = next((take for take in find_takes(context.scene) if take.name == self.collection), None)
        if take is None:
            self.report({"ERROR"}, f"This scene has no take “{self.collection}”. Choose one from the list of takes.")
        elif take.library is not None:
            self.report({"ERROR"}, f"“{take.name}” is linked from another file. Change it there.")
            return None
        return take


class MPSNET_OT_show_take(_TakeOperator, bpy.types.Operator):
    """Show this take and hide all others, in the view and in renders; its people are selected. Again: hide it too"""
    bl_idname = "mpsnet.show_take"
    bl_label = "Show Take"

    def execute(self, context):
        take = self.find_take(context)
        if take is None:
            return {"CANCELLED"}
        takes = find_takes(context.scene)
        if [other for other in takes if is_shown(other, context.view_layer)] == [take]:
            set_hidden(take, context.view_layer, True)
            return {"FINISHED"}
        show_take(take, takes, context.view_layer)
        camera = find_camera(take)
        context.window_manager.mpsnet.camera = camera.name if camera else ""
        return {"FINISHED"}


class MPSNET_OT_delete_take(_TakeOperator, bpy.types.Operator):
    """Delete this take from the scene: its people, its camera and their motion. Files of the capture and your objects stay"""
    bl_idname = "mpsnet.delete_take"
    bl_label = "Delete Take"

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(
            self, event, title=f"Delete the take “{self.collection}”?", message="The capture's files and your objects stay.",
            confirm_text="Delete")

    def execute(self, context):
        take = self.find_take(context)
        if take is None:
            return {"CANCELLED"}
        count = delete_take(take)
        self.report({"INFO"}, f"Deleted the take “{self.collection}” ({count} objects). Its files were not deleted")
        return {"FINISHED"}


class MPSNET_PT_takes(bpy.types.Panel):
    bl_label = "Takes"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"

    @classmethod
    def poll(cls, context):
        return bool(find_takes(context.scene))

    def draw(self, context):
        takes = find_takes(context.scene)
        for take in takes:
            _draw_take(self.layout.box(), take, is_shown(take, context.view_layer), is_narrow(context))


def _draw_take(box: bpy.types.UILayout, take: bpy.types.Collection, is_on: bool, is_below: bool) -> None:
    """Draw a take with its picture and, beside or below it, its words."""
    row = box.row()
    has_picture = take.preview is not None and take.preview.image_size[0] > 0
    row.template_icon(icon_value=take.preview.icon_id if has_picture else find_armature_icon(), scale=_PICTURE_SCALE)
    column = row.column(align=True)
    top = column.row(align=True)
    top.operator("mpsnet.show_take", text=take.name, depress=is_on,
                 icon="HIDE_OFF" if is_on else "HIDE_ON").collection = take.name
    top.operator("mpsnet.delete_take", text="", icon="TRASH").collection = take.name
    column = box.column(align=True) if is_below else column
    people = find_people(take)
    grade = people[0].mpsnet_cleanup.grade if people else ""
    column.label(text=f"{take.mpsnet_take.date[5:]}, {take.mpsnet_take.length}")
    column.label(text=f"{GRADE_WORDS.get(grade, 'No grade')}, {len(people)} {'person' if len(people) == 1 else 'people'}",
                 icon=GRADE_ICONS.get(grade, "QUESTION"))


CLASSES = (MPSNET_take, MPSNET_OT_show_take, MPSNET_OT_delete_take, MPSNET_PT_takes)


def attach() -> None:
    """Add takes to collections."""
    bpy.types.Collection.mpsnet_take = bpy.props.PointerProperty(type=MPSNET_take)


def detach() -> None:
    """Remove them again."""
    del bpy.types.Collection.mpsnet_take
