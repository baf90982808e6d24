"""Selection of the imported objects after an import, as Blender's importers do it."""

from __future__ import annotations

from collections.abc import Sequence

import bpy


def select_only(view_layer: bpy.types.ViewLayer, things: Sequence[bpy.types.Object]) -> None:
    """Select these objects of a view layer and no others, the first of them active.

    Outside Object Mode nothing changes, because another active object would end the user's mode.
    """
    objects = view_layer.objects
    if objects.active is not None and objects.active.mode != "OBJECT":
        return
    for thing in objects.selected[:]:
        thing.select_set(False, view_layer=view_layer)
    for thing in things:
        thing.select_set(True, view_layer=view_layer)
    objects.active = things[0]
