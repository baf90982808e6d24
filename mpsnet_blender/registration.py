"""What the extension adds to Blender, in order, and its taking off again."""

from __future__ import annotations

import bpy

from . import (
    bone_map_operators,
    cleanup_operators,
    cleanup_panel,
    cleanup_properties,
    error_dialog,
    export_operators,
    import_operators,
    operators,
    option_panels,
    panels,
    preferences,
    properties,
    retarget_operators,
    retarget_panel,
    rig_properties,
    thumbnails,
)
from .scene import job_timer, live_preview

CLASSES = (
    preferences.MPSNET_preferences,
    properties.MPSNET_scene_settings,
    properties.MPSNET_person,
    properties.MPSNET_window_state,
    *rig_properties.CLASSES,
    *operators.CLASSES,
    *import_operators.CLASSES,
    *error_dialog.CLASSES,
    *panels.CLASSES,
    *option_panels.CLASSES,
    *cleanup_properties.CLASSES,
    *cleanup_operators.CLASSES,
    *cleanup_panel.CLASSES,
    *retarget_operators.CLASSES,
    *bone_map_operators.CLASSES,
    *retarget_panel.CLASSES,
    *export_operators.CLASSES,
)

_is_registered = False


def register() -> None:
    """Add everything to Blender; a second call starts afresh."""
    global _is_registered
    if _is_registered:
        unregister()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.attach()
    rig_properties.attach()
    cleanup_properties.attach()
    thumbnails.register()
    job_timer.register()
    live_preview.register()
    bpy.types.TOPBAR_MT_file_import.append(import_operators.draw_import_menu)
    bpy.types.TOPBAR_MT_file_export.append(export_operators.draw_export_menu)
    _is_registered = True


def unregister() -> None:
    """Take everything off again, and end a running job with its processes."""
    global _is_registered
    if not _is_registered:
        return
    bpy.types.TOPBAR_MT_file_export.remove(export_operators.draw_export_menu)
    bpy.types.TOPBAR_MT_file_import.remove(import_operators.draw_import_menu)
    live_preview.unregister()
    job_timer.unregister()
    thumbnails.unregister()
    cleanup_properties.detach()
    rig_properties.detach()
    properties.detach()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    _is_registered = False
