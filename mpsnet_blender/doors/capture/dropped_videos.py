"""Videos that are dropped into the 3D view: chosen in the Mocap tab, which opens."""

from __future__ import annotations

import contextlib
import time
from functools import partial

import bpy

_TAB_SECONDS, _TAB_INTERVAL = 2.0, 0.05  # to wait for a sidebar's first drawing, which takes one redraw, and between two looks
_MOVIE_EXTENSIONS = ";".join(sorted(bpy.path.extensions_movie))


class MPSNET_OT_choose_video(bpy.types.Operator):
    """Choose this video in the Mocap tab; several are added to its queue"""
    bl_idname = "mpsnet.choose_video"
    bl_label = "Choose Video for Motion Capture"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})

    def execute(self, context):
        _show_tab(context)
        if len(self.files) > 1:
            return bpy.ops.mpsnet.queue_videos(directory=self.directory, files=[{"name": item.name} for item in self.files])
        context.scene.mpsnet.video = self.filepath
        self.report({"INFO"}, "Press Capture in the Mocap tab of the sidebar")
        return {"FINISHED"}


class MPSNET_FH_video(bpy.types.FileHandler):
    bl_idname = "MPSNET_FH_video"
    bl_label = "Motion Capture"
    bl_import_operator = "mpsnet.choose_video"
    bl_file_extensions = _MOVIE_EXTENSIONS

    @classmethod
    def poll_drop(cls, context):
        return context.area is not None and context.area.type == "VIEW_3D"


def _show_tab(context: bpy.types.Context) -> None:
    """Open the sidebar with the Mocap tab in the 3D view into which the video was dropped."""
    if context.area is None or context.area.type != "VIEW_3D":
        return
    context.space_data.show_region_ui = True
    if not _choose_tab(context.area):
        until = time.monotonic() + _TAB_SECONDS
        bpy.app.timers.register(partial(_choose_tab_later, context.area.as_pointer(), until), first_interval=_TAB_INTERVAL)


def _choose_tab(area: bpy.types.Area) -> bool:
    """Choose the Mocap tab of an area's sidebar; return whether it is chosen. A sidebar that was never drawn has no tabs yet."""
    sidebar = next(region for region in area.regions if region.type == "UI")
    with contextlib.suppress(AttributeError, TypeError):  # no tab of this name, or it cannot be chosen
        sidebar.active_panel_category = "Mocap"
    return sidebar.active_panel_category == "Mocap"


def _choose_tab_later(area_pointer: int, until: float) -> float | None:
    """Timer: choose the tab as soon as the sidebar was drawn. Return the seconds until the next try, None after the last."""
    areas = (area for window in bpy.context.window_manager.windows for area in window.screen.areas)
    area = next((area for area in areas if area.as_pointer() == area_pointer), None)
    return None if area is None or _choose_tab(area) or time.monotonic() > until else _TAB_INTERVAL


CLASSES = (MPSNET_OT_choose_video, MPSNET_FH_video)
