"""The add-on's preferences, and the folders that they determine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import bpy

from ...client.backend_environment import BackendEnvironment
from ...shared.cache_folder import clear_cache, measure_cache
from ...shared.user_home import default_home
from .engine_choice import chosen_engine
from .path_options import relative_path_options

# Blender looks preferences up under the extension's root package: "bl_ext.<repository>.mpsnet_blender".
ROOT_PACKAGE = __package__.removesuffix(".mpsnet_blender.doors.common")


class MPSNET_preferences(bpy.types.AddonPreferences):
    bl_idname = ROOT_PACKAGE

    home: bpy.props.StringProperty(
        name="Folder", subtype="DIR_PATH", options=relative_path_options(),
        description="Folder for the backend, its models and captures. Empty: in Blender's folder for extensions")
    python: bpy.props.StringProperty(
        name="Python", subtype="FILE_PATH", options=relative_path_options(),
        description="The Python program with which the backend is set up. Empty: found automatically")

    def draw(self, context):
        column = self.layout.column()
        column.use_property_split = True
        column.prop(self, "home", placeholder=_default_home())
        column.prop(self, "python", placeholder="Found automatically")
        environment = backend_environment(context)
        row = column.row()
        if environment.is_ready():
            row.label(text="The backend is set up.", icon="CHECKMARK")
        else:
            row.operator("mpsnet.setup_backend", text=f"{setup_label(context)} Backend ({environment.download_megabytes} MB)",
                         icon="IMPORT")
        row.operator("mpsnet.check_setup", icon="VIEWZOOM")
        for finding in context.window_manager.mpsnet.findings:
            if not finding.is_well:
                column.label(text=f"{finding.subject}: {finding.words}", icon="ERROR")
        row = column.row()
        row.label(text=f"Kept of captures: {measure_cache(environment.cache_folder) / 1e6:.1f} MB")
        row.operator("mpsnet.clear_cache", icon="TRASH")


class MPSNET_OT_clear_cache(bpy.types.Operator):
    """Remove what captures have kept of their work, except of those that are running. Finished captures stay"""
    bl_idname = "mpsnet.clear_cache"
    bl_label = "Clear"

    def execute(self, context):
        folder = backend_environment(context).cache_folder
        self.report({"INFO"}, f"{clear_cache(folder) / 1e6:.1f} MB removed")
        return {"FINISHED"}


def preferences(context: bpy.types.Context) -> MPSNET_preferences:
    """Return the add-on's preferences."""
    return context.preferences.addons[ROOT_PACKAGE].preferences


def home_folder(context: bpy.types.Context) -> Path:
    """Return the folder for environments, models, captures and logs. It is outside the extension, which upgrades replace."""
    chosen = preferences(context).home
    return Path(bpy.path.abspath(chosen) if chosen else _default_home())


def backend_environment(context: bpy.types.Context) -> BackendEnvironment:
    """Return the environment of the scene's engine and quality in the home folder, or that of the shell if only the shell's
    is set up.

    So users of `mocap.py` need not download anything again.
    """
    settings = context.scene.mpsnet
    profile = chosen_engine(settings).profile
    blenders, shells = (_environment(home, profile, settings.quality) for home in (home_folder(context), default_home()))
    uses_shells = shells.serves_fast() or (shells.is_damaged and not blenders.is_damaged)
    return shells if not blenders.serves_fast() and uses_shells else blenders


def setup_label(context: bpy.types.Context) -> str:
    """Return the word for what a set-up does: it repairs what is there and damaged."""
    return "Repair" if backend_environment(context).is_damaged else "Set Up"


@lru_cache(maxsize=8)
def _environment(home: Path, profile: str, quality: str) -> BackendEnvironment:
    return BackendEnvironment(home, profile, quality)


def _default_home() -> str:
    return bpy.utils.extension_path_user(ROOT_PACKAGE, create=False)
