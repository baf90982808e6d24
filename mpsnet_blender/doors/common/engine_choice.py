"""The engine that a scene's options choose."""

from __future__ import annotations

import bpy

from ...shared.engines.declaration import EngineDeclaration
from ...shared.engines.table import DEFAULT_ENGINE, find_engine


def chosen_engine(settings: bpy.types.PropertyGroup) -> EngineDeclaration:
    """Return the engine of `Scene.mpsnet`; the default one where the scene names an engine that is not installed here."""
    return find_engine(settings.engine or DEFAULT_ENGINE.name)
