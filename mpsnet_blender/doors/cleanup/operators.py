"""Operators of clean-up: clean, reset, edit contacts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import bpy

from ...scene.base.motion_storage import find_person, has_motion
from ...scene.base.redraw import redraw_all
from ...scene.cleanup.cleanup import CLEANUP_ERRORS, CleanupError, CleanupReport, clean_armature, reset_armature, show_contacts
from ...scene.cleanup.scene_range import fit_scene_range
from .properties import CLEANUP_PROPERTIES, CleanupProperties

Outcome = TypeVar("Outcome")


class _ArmatureOperator:
    """Base of the operators on an imported armature."""
    bl_options = {"REGISTER", "UNDO"}

    armature: bpy.props.StringProperty(
        options={"SKIP_SAVE"}, description="Name of the armature object. Empty: the active one")

    def run_on_armature(self: bpy.types.Operator, context: bpy.types.Context,
                        run: Callable[[bpy.types.Object], Outcome]) -> Outcome | None:
        """Return the result of `run` for the armature; None after a clean-up error, which is reported to the user."""
        try:
            return run(_find_armature(self.armature, context))
        except CLEANUP_ERRORS as error:
            self.report({"ERROR"}, str(error))
            return None

    def show_report(self: bpy.types.Operator, context: bpy.types.Context, report: CleanupReport) -> set[str]:
        """Show the report in the panel and the status bar, and redraw all windows."""
        state = context.window_manager.mpsnet
        state.show_notice(f"{report.sentence}.", report.warnings, camera=state.camera)
        self.report({"INFO"}, report.sentence)
        for warning in report.warnings:
            self.report({"WARNING"}, warning)
        redraw_all(context.window_manager)
        return {"FINISHED"}


class MPSNET_OT_clean_motion(_ArmatureOperator, CleanupProperties, bpy.types.Operator):
    """Clean the captured raw motion as chosen and replace the keys. Keys that you changed by hand are lost"""
    bl_idname = "mpsnet.clean_motion"
    bl_label = "Clean Up"

    def execute(self, context):
        report = self.run_on_armature(context, lambda thing: self._clean(thing))
        return self.show_report(context, report) if report else {"CANCELLED"}

    def _clean(self, thing: bpy.types.Object) -> CleanupReport:
        for name in CLEANUP_PROPERTIES:
            if not self.properties.is_property_set(name):
                setattr(self, name, getattr(thing.mpsnet_cleanup, name))
        report = clean_armature(thing, self.cleanup_settings())
        thing.mpsnet_cleanup.copy_settings(self)
        thing.mpsnet_cleanup.applied_settings = thing.mpsnet_cleanup.settings_text()
        return report


class MPSNET_OT_reset_motion(_ArmatureOperator, bpy.types.Operator):
    """Go back to the motion and contacts as they were imported, and reset all sliders"""
    bl_idname = "mpsnet.reset_motion"
    bl_label = "Reset"

    def execute(self, context):
        report = self.run_on_armature(context, self._reset)
        return self.show_report(context, report) if report else {"CANCELLED"}

    def _reset(self, thing: bpy.types.Object) -> CleanupReport:
        report = reset_armature(thing)
        thing.mpsnet_cleanup.reset_settings()
        thing.mpsnet_cleanup.applied_settings = thing.mpsnet_cleanup.settings_text()
        return report


class MPSNET_OT_show_contacts(_ArmatureOperator, bpy.types.Operator):
    """Key the contacts on the foot and toe bones: 1 while heel or toe is on the floor. Edit these keys, then press Clean Up"""
    bl_idname = "mpsnet.show_contacts"
    bl_label = "Edit Contacts"

    def execute(self, context):
        is_done = self.run_on_armature(context, self._show)
        return {"FINISHED"} if is_done else {"CANCELLED"}

    def _show(self, thing: bpy.types.Object) -> bool:
        show_contacts(thing)
        return True


class MPSNET_OT_fit_scene_range(_ArmatureOperator, bpy.types.Operator):
    """Set the scene's first and last frame to this motion's, for playback and renders; of a loop, without the repeated frame"""
    bl_idname = "mpsnet.fit_scene_range"
    bl_label = "Fit Scene Range"

    def execute(self, context):
        fitted = self.run_on_armature(context, lambda thing: fit_scene_range(context.scene, thing))
        if fitted is None:
            return {"CANCELLED"}
        self.report({"INFO"}, f"The scene plays frames {fitted[0]} to {fitted[1]}")
        return {"FINISHED"}


def _find_armature(name: str, context: bpy.types.Context) -> bpy.types.Object:
    """Return the object of that name, or else the active one, if it is an imported armature. Raises CleanupError."""
    thing = bpy.data.objects.get(name) if name else find_person(context.active_object) or context.active_object
    if thing is None:
        problem = f"There is no object “{name}”" if name else "No armature is given and no object is active"
        raise CleanupError(f"{problem}. Name an armature that Import Motion made.")
    if not has_motion(thing):
        raise CleanupError(f"“{thing.name}” holds no captured motion. Choose an armature that Import Motion made.")
    return thing


CLASSES = (MPSNET_OT_clean_motion, MPSNET_OT_reset_motion, MPSNET_OT_show_contacts, MPSNET_OT_fit_scene_range)
