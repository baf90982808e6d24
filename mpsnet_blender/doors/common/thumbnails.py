"""Pictures of the people found, as icons."""

from __future__ import annotations

import bpy.utils.previews

_previews: bpy.utils.previews.ImagePreviewCollection | None = None


def icon_of(path: str) -> int:
    """Return the icon of a picture file; Blender's figure icon where there is no such picture."""
    if not path or _previews is None:
        return _figure_icon()
    preview = _previews.get(path) or _previews.load(path, path, "IMAGE")
    return preview.icon_id if tuple(preview.image_size) != (0, 0) else _figure_icon()


def forget() -> None:
    """Drop all pictures: a new capture may have other ones under the same names."""
    if _previews is not None:
        _previews.clear()


def register() -> None:
    global _previews
    _previews = bpy.utils.previews.new()


def unregister() -> None:
    global _previews
    bpy.utils.previews.remove(_previews)
    _previews = None


def _figure_icon() -> int:
    return bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items["OUTLINER_OB_ARMATURE"].value
