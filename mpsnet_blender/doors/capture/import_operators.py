"""Operators that import motion: from a motion file, a capture's folder, or for the people checked in the panel."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

import bpy

from ...scene.capture.capture_import import ImportReport, import_capture
from ...scene.capture.found_people import list_people
from ...scene.capture.takes import find_camera, find_imported_files, find_takes, hide_earlier, is_shown, show_take
from ...shared.capture_listing import PEOPLE_FILE
from ...shared.motion_file import MotionFileError
from .properties import IMPORT_PROPERTIES, ImportProperties

# Results of other systems; `motion.results` recognises them by content.
_OTHER_FILES = "*.pt;*.pkl;*.pk;*.npy;*.smpl;*.trc;*.csv"
_MODES_WITH_STROKE_UNDO = ("SCULPT", "SCULPT_CURVES", "PAINT_TEXTURE")


class MPSNET_OT_import_motion(ImportProperties, bpy.types.Operator):
    """Import a motion file (of a capture, AMASS, or a result of another system), or all people in a capture's folder"""
    bl_idname = "mpsnet.import_motion"
    bl_label = "Import Motion"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="A motion file, or a capture's folder")
    filter_glob: bpy.props.StringProperty(default=f"*.npz;{PEOPLE_FILE};{_OTHER_FILES}", options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        return _can_undo(cls, context)

    def invoke(self, context, _event):
        _use_scene_settings(self, context)
        if self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        if not self.filepath:
            self.report({"ERROR"}, "No file given. Choose a motion file, or a capture's folder.")
            return {"CANCELLED"}
        _use_scene_settings(self, context)
        path = Path(bpy.path.abspath(self.filepath))
        report = _import(self, context, path, None)
        if report is not None:
            context.window_manager.mpsnet.show_people(list_people(path))
            _show_verdicts(context, report)
        return {"FINISHED"} if report else {"CANCELLED"}


class MPSNET_OT_import_people(ImportProperties, bpy.types.Operator):
    """Import the people that are checked in the list"""
    bl_idname = "mpsnet.import_people"
    bl_label = "Import"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        people = context.window_manager.mpsnet.people
        if not any(person.is_chosen for person in people):
            cls.poll_message_set("Check at least one person in the list" if people
                                 else "Capture a video, or import a motion file, first")
            return False
        return _can_undo(cls, context)

    def execute(self, context):
        state = context.window_manager.mpsnet
        _use_scene_settings(self, context)
        chosen = {person.person_id for person in state.people if person.is_chosen}
        report = _import(self, context, Path(state.capture), chosen)
        if report is not None:
            _show_verdicts(context, report)
        return {"FINISHED"} if report else {"CANCELLED"}


class MPSNET_OT_view_footage(bpy.types.Operator):
    """Look through the camera of the take that is shown, and hide other takes. The scene's camera stays active"""
    bl_idname = "mpsnet.view_footage"
    bl_label = "View over Footage"

    @classmethod
    def poll(cls, context):
        if context.space_data is None or context.space_data.type != "VIEW_3D":
            cls.poll_message_set("This works in a 3D view")
            return False
        if find_footage_camera(context) is None:
            cls.poll_message_set("The imported camera was deleted")
            return False
        return True

    def execute(self, context):
        camera, takes = find_footage_camera(context), find_takes(context.scene)
        take = next((take for take in takes if camera in take.objects[:]), None)
        if take is not None and len(takes) > 1:
            show_take(take, takes, context.view_layer)
        view = context.space_data
        view.use_local_camera = True
        view.camera = camera
        view.region_3d.view_perspective = "CAMERA"
        return {"FINISHED"}


class MPSNET_OT_hide_enclosing(bpy.types.Operator):
    """Hide this object, which encloses imported people, in the 3D views. The eye in the Outliner shows it again"""
    bl_idname = "mpsnet.hide_enclosing"
    bl_label = "Hide"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if find_enclosing_shown(context) is None:
            cls.poll_message_set("No object encloses the people that were imported last")
            return False
        return True

    def execute(self, context):
        thing = find_enclosing_shown(context)
        if thing is not None:
            thing.hide_set(True, view_layer=_find_view_layer(context))
        return {"FINISHED"}


class MPSNET_FH_motion(bpy.types.FileHandler):
    bl_idname = "MPSNET_FH_motion"
    bl_label = "Motion Capture"
    bl_import_operator = "mpsnet.import_motion"
    # people.json stands for its whole folder: a folder has no extension, so Blender asks no handler for it (seen in 4.3 and 5.2).
    bl_file_extensions = ".npz;.json;.pt;.pkl;.smpl"

    @classmethod
    def poll_drop(cls, context):
        return context.area is not None and context.area.type in {"VIEW_3D", "OUTLINER"}


def find_footage_camera(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the camera of the take that was imported or shown last; after opening a file, that of the newest shown take."""
    chosen = context.scene.objects.get(context.window_manager.mpsnet.camera)
    if chosen is not None and chosen.type == "CAMERA":      # its name may be another object's since it was renamed
        return chosen
    shown = (take for take in find_takes(context.scene) if is_shown(take, context.view_layer))
    return next((camera for camera in map(find_camera, shown) if camera is not None), None)


def find_enclosing_shown(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the object that encloses the people imported last, while it is visible."""
    thing = context.scene.objects.get(context.window_manager.mpsnet.enclosing)
    return thing if thing is not None and thing.visible_get(view_layer=_find_view_layer(context)) else None


def draw_import_menu(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    """Draw the entry in File > Import."""
    menu.layout.operator(MPSNET_OT_import_motion.bl_idname, text="Motion Capture (.npz)")


def _can_undo(operator_class: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Tell whether an import could be undone: in sculpt and paint modes, Blender's undo steps hold only strokes."""
    if context.mode in _MODES_WITH_STROKE_UNDO:
        operator_class.poll_message_set("Leave this mode first: an import in it could not be undone")
        return False
    return True


def _use_scene_settings(operator: bpy.types.Operator, context: bpy.types.Context) -> None:
    """Set the operator's properties that the call left out to the panel's settings."""
    for name in IMPORT_PROPERTIES:
        if not operator.properties.is_property_set(name):
            setattr(operator, name, getattr(context.scene.mpsnet, name))


def _import(operator: bpy.types.Operator, context: bpy.types.Context, path: Path,
            person_ids: Container[int] | None) -> ImportReport | None:
    """Import and show what was done; return None after an error, which is reported to the user."""
    try:
        report = import_capture(context.scene, path, operator.import_options(), person_ids, _find_view_layer(context))
    except MotionFileError as error:
        operator.report({"ERROR"}, str(error))
        return None
    is_again = hide_earlier(bpy.data.collections[report.collection], find_takes(context.scene), _find_view_layer(context))
    notice = f"Imported {'again: ' if is_again else ''}{report.sentence}."
    state = context.window_manager.mpsnet
    state.show_notice(notice, report.warnings, report.camera or "")
    state.enclosing = next(iter(report.enclosing), "")
    operator.report({"INFO"}, notice)
    for warning in report.warnings:
        operator.report({"WARNING"}, warning)
    return report


def is_listed_capture_imported(context: bpy.types.Context) -> bool:
    """Tell whether people who are checked in the panel's list are in the scene already."""
    chosen = {person.motion_file for person in context.window_manager.mpsnet.people if person.is_chosen}
    return not chosen.isdisjoint(find_imported_files(context.scene))


def _show_verdicts(context: bpy.types.Context, report: ImportReport) -> None:
    """Show in the list what was measured at import: captures of earlier versions are listed with fewer figures."""
    armatures = dict(zip(report.person_ids, report.armatures, strict=True))
    for person in context.window_manager.mpsnet.people:
        if person.person_id in armatures:
            measured = bpy.data.objects[armatures[person.person_id]].mpsnet_cleanup
            person.grade, person.advice = measured.grade, measured.advice


def _find_view_layer(context: bpy.types.Context) -> bpy.types.ViewLayer:
    """Return the window's view layer, or the scene's first one where the window shows another scene."""
    shown = context.view_layer
    return shown if shown is not None and shown.id_data == context.scene else context.scene.view_layers[0]


CLASSES = (MPSNET_OT_import_motion, MPSNET_OT_import_people, MPSNET_OT_view_footage, MPSNET_OT_hide_enclosing, MPSNET_FH_motion)
