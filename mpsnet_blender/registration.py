"""Registration of everything that the extension adds to Blender, in order, and its removal."""

from __future__ import annotations

import bpy

from .doors.capture import (
    dropped_videos,
    import_operators,
    installation,
    option_panels,
    queue_jobs,
    queue_operators,
    queue_panel,
    takes,
    view_operators,
)
from .doors.capture import operators as capture_operators
from .doors.capture import panel as capture_panel
from .doors.capture import properties as capture_properties
from .doors.cleanup import handles
from .doors.cleanup import operators as cleanup_operators
from .doors.cleanup import panel as cleanup_panel
from .doors.cleanup import properties as cleanup_properties
from .doors.common import error_dialog, preferences, scene_rate, thumbnails
from .doors.export import operators as export_operators
from .doors.retarget import bone_map_operators
from .doors.retarget import operators as retarget_operators
from .doors.retarget import panel as retarget_panel
from .doors.retarget import properties as retarget_properties
from .scene.capture import job_timer
from .scene.cleanup import live_cleanup
from .scene.retarget import live_preview

CLASSES = (
    preferences.MPSNET_preferences,
    preferences.MPSNET_OT_clear_cache,
    capture_properties.MPSNET_view,
    capture_properties.MPSNET_scene_settings,
    capture_properties.MPSNET_person,
    capture_properties.MPSNET_finding,
    capture_properties.MPSNET_window_state,
    *retarget_properties.CLASSES,
    *capture_operators.CLASSES,
    *dropped_videos.CLASSES,
    *import_operators.CLASSES,
    *error_dialog.CLASSES,
    *scene_rate.CLASSES,
    *queue_operators.CLASSES,
    *view_operators.CLASSES,
    *capture_panel.CLASSES,
    *queue_panel.CLASSES,
    *option_panels.CLASSES,
    *installation.CLASSES,
    *takes.CLASSES,
    *cleanup_properties.CLASSES,
    *cleanup_operators.CLASSES,
    *cleanup_panel.CLASSES,
    *handles.CLASSES,
    *retarget_operators.CLASSES,
    *bone_map_operators.CLASSES,
    *retarget_panel.CLASSES,
    *export_operators.CLASSES,
)

_is_registered = False


def register() -> None:
    """Add everything to Blender; a second call removes everything first."""
    global _is_registered
    if _is_registered:
        unregister()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    capture_properties.attach()
    takes.attach()
    retarget_properties.attach()
    cleanup_properties.attach()
    thumbnails.register()
    job_timer.register()
    queue_jobs.attach()
    live_preview.register()
    live_cleanup.register()
    bpy.types.TOPBAR_MT_file_import.append(import_operators.draw_import_menu)
    bpy.types.TOPBAR_MT_file_export.append(export_operators.draw_export_menu)
    _is_registered = True


def unregister() -> None:
    """Remove everything again, and end a running job with its processes."""
    global _is_registered
    if not _is_registered:
        return
    bpy.types.TOPBAR_MT_file_export.remove(export_operators.draw_export_menu)
    bpy.types.TOPBAR_MT_file_import.remove(import_operators.draw_import_menu)
    live_cleanup.unregister()
    live_preview.unregister()
    queue_jobs.detach()
    job_timer.unregister()
    thumbnails.unregister()
    cleanup_properties.detach()
    retarget_properties.detach()
    takes.detach()
    capture_properties.detach()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    _is_registered = False
