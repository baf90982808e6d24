"""Redrawing of windows, which Blender does not do by itself after Python has written keys."""

from __future__ import annotations

import bpy


def redraw_all(window_manager: bpy.types.WindowManager) -> None:
    """Redraw all editors in all windows."""
    for area in (area for window in window_manager.windows for area in window.screen.areas):
        area.tag_redraw()
