"""The extension's door: Blender calls register and unregister of the root package."""

from .mpsnet_blender import register, unregister

__all__ = ("register", "unregister")
