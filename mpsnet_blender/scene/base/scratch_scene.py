"""Temporary scenes: the user's scene, selection, active object and modes do not change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import bpy

from .units import metres_per_unit


@contextmanager
def scratch_scene(like: bpy.types.Scene, name: str, objects: Iterable[bpy.types.Object]) -> Iterator[bpy.types.Scene]:
    """Yield a new scene with these objects and the rate and unit of `like`; in the end remove the scene, but not the objects."""
    scratch = bpy.data.scenes.new(name)
    try:
        scratch.render.fps, scratch.render.fps_base = like.render.fps, like.render.fps_base
        scratch.unit_settings.scale_length = metres_per_unit(like)
        for thing in objects:
            scratch.collection.objects.link(thing)
        scratch.view_layers[0].update()
        yield scratch
    finally:
        bpy.data.scenes.remove(scratch)
