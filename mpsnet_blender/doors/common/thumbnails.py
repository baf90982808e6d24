"""Icons from the pictures of a capture's people."""

from __future__ import annotations

import bpy.utils.previews

_previews: bpy.utils.previews.ImagePreviewCollection | None = None


def load_icon(path: str) -> int:
    """Return the id of a picture file's icon, or of Blender's armature icon if there is no such picture."""
    if not path or _previews is None:
        return find_armature_icon()
    preview = _previews.get(path) or _previews.load(path, path, "IMAGE")
    return preview.icon_id if tuple(preview.image_size) != (0, 0) else find_armature_icon()


def clear_pictures() -> None:
    """Forget all loaded pictures, because a new capture may have other ones with the same names."""
    if _previews is not None:
        _previews.clear()


def register() -> None:
    global _previews
    _previews = bpy.utils.previews.new()


def unregister() -> None:
    global _previews
    bpy.utils.previews.remove(_previews)
    _previews = None


def find_armature_icon() -> int:
    """Return the id of Blender's armature icon."""
    return bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items["OUTLINER_OB_ARMATURE"].value
