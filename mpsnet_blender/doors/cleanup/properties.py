"""Object.mpsnet_cleanup: the stored motion of an imported armature, and the user's settings for its clean-up."""

from __future__ import annotations

import json

import bpy

from ...scene.cleanup import live_cleanup
from ...scene.cleanup.cleanup import CleanupSettings


def _follow(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """After a change of an armature's settings, not of the operator's: let the motion follow."""
    thing = settings.id_data
    if isinstance(thing, bpy.types.Object) and settings.is_live:
        live_cleanup.request(thing)


class CleanupProperties:
    """The settings of a clean-up, for the armature and for the operator."""
    smooth_trunk: bpy.props.FloatProperty(
        name="Smooth Trunk", default=0.0, min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"}, update=_follow,
        description="Smooth the trunk and the path, without delay. Up to 0.6 hits and landings stay sharp, above they get softer")
    smooth_head: bpy.props.FloatProperty(
        name="Smooth Head", default=0.0, min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"}, update=_follow,
        description="Smooth neck and head")
    smooth_arms: bpy.props.FloatProperty(
        name="Smooth Arms", default=0.0, min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"}, update=_follow,
        description="Smooth the arms. Up to 0.6 punches keep their speed")
    smooth_legs: bpy.props.FloatProperty(
        name="Smooth Legs", default=0.0, min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"}, update=_follow,
        description="Smooth the legs. Afterwards, Foot Lock holds feet on the floor in place")
    smooth_fingers: bpy.props.FloatProperty(
        name="Smooth Fingers", default=0.0, min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"}, update=_follow,
        description="Smooth the fingers of both hands")
    repair_spikes: bpy.props.BoolProperty(
        name="Repair Spikes", default=False, options={"SKIP_SAVE"}, update=_follow,
        description="Replace joints that jump away for one to three frames")
    foot_lock: bpy.props.FloatProperty(
        name="Foot Lock", default=1.0, min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"}, update=_follow,
        description="Hold feet and hands in place while they are on the floor. 0: leave them as captured")
    level: bpy.props.FloatProperty(
        name="Level", default=0.0, min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"}, update=_follow,
        description="Turn a body that leans upright, so that on average it is in balance over its feet. 1: remove all lean")
    floor_offset: bpy.props.FloatProperty(
        name="Floor Offset", default=0.0, soft_min=-1.0, soft_max=1.0, unit="LENGTH", options={"SKIP_SAVE"}, update=_follow,
        description="Distance by which to raise the motion; negative values lower it")
    from_origin: bpy.props.BoolProperty(
        name="Start at the Origin", default=False, options={"SKIP_SAVE"}, update=_follow,
        description="Turn and move the motion so that it starts at the origin and goes along +Y")
    in_place: bpy.props.BoolProperty(
        name="In Place", default=False, options={"SKIP_SAVE"}, update=_follow,
        description="Remove the path over the floor, so that the motion stays in one place; the body still sways")
    loop: bpy.props.BoolProperty(
        name="Loop", default=False, options={"SKIP_SAVE"}, update=_follow,
        description="Cut the motion to a part that moves and ends as it begins, and make it loop without a jump, in whole frames")
    speed: bpy.props.FloatProperty(
        name="Speed", default=1.0, min=0.05, max=20.0, soft_min=0.25, soft_max=4.0, options={"SKIP_SAVE"}, update=_follow,
        description="Factor of the playback speed: 2 is twice as fast")
    key_tolerance: bpy.props.FloatProperty(
        name="Fewer Keys", default=0.0, min=0.0, soft_max=50.0, unit="CAMERA", options={"SKIP_SAVE"},  # CAMERA shows millimetres
        update=_follow,
        description="Remove keys while no joint moves by more than this many millimetres. 0: a key on every frame")

    def cleanup_settings(self) -> CleanupSettings:
        """Return the settings in the form that the clean-up takes."""
        return CleanupSettings(**{name: getattr(self, name) for name in CLEANUP_PROPERTIES})


CLEANUP_PROPERTIES = tuple(CleanupProperties.__annotations__)


class MPSNET_cleanup(CleanupProperties, bpy.types.PropertyGroup):
    """Object.mpsnet_cleanup."""
    motion: bpy.props.StringProperty(subtype="BYTE_STRING", options={"HIDDEN"})
    action: bpy.props.PointerProperty(type=bpy.types.Action, options={"HIDDEN"})
    first_frame: bpy.props.FloatProperty(
        name="Start Frame", default=1.0, update=_follow, description="The scene frame at which the motion begins")
    is_live: bpy.props.BoolProperty(
        name="Live", default=True, update=_follow,
        description="Clean up while you change the settings. Keys that you changed by hand are lost, as with Clean Up")
    shows_handles: bpy.props.BoolProperty(
        name="Handles", default=True,
        description="Show two arrows in the 3D view: the lower one raises and lowers the motion, the upper one is Level")
    applied_settings: bpy.props.StringProperty(options={"HIDDEN"})
    frames_per_second: bpy.props.FloatProperty(default=24.0, options={"HIDDEN"})
    units_per_metre: bpy.props.FloatProperty(default=1.0, options={"HIDDEN"})
    imported_first: bpy.props.FloatProperty(options={"HIDDEN"})
    applied_first: bpy.props.FloatProperty(options={"HIDDEN"})
    applied_speed: bpy.props.FloatProperty(default=1.0, options={"HIDDEN"})
    applied_start: bpy.props.FloatProperty(options={"HIDDEN"})
    # Figures with the names of capture_listing.Quality: four of the capture, where set, and seven measured on the keyed motion.
    visible_share: bpy.props.FloatProperty(options={"HIDDEN"})
    reprojection_error_percent: bpy.props.FloatProperty(options={"HIDDEN"})
    feet_off_picture_percent: bpy.props.FloatProperty(options={"HIDDEN"})
    sides_repaired_frames: bpy.props.IntProperty(options={"HIDDEN"})
    foot_slide_mm: bpy.props.FloatProperty(options={"HIDDEN"})
    foot_slide_mm_per_second: bpy.props.FloatProperty(options={"HIDDEN"})
    floor_penetration_mm: bpy.props.FloatProperty(options={"HIDDEN"})
    jitter_mm: bpy.props.FloatProperty(options={"HIDDEN"})
    lean_degrees: bpy.props.FloatProperty(options={"HIDDEN"})
    left_hand_seen_share: bpy.props.FloatProperty(options={"HIDDEN"})
    right_hand_seen_share: bpy.props.FloatProperty(options={"HIDDEN"})
    grade: bpy.props.StringProperty(options={"HIDDEN"})
    advice: bpy.props.StringProperty(options={"HIDDEN"})
    imported_foot_slide_mm_per_second: bpy.props.FloatProperty(options={"HIDDEN"})
    imported_floor_penetration_mm: bpy.props.FloatProperty(options={"HIDDEN"})
    imported_jitter_mm: bpy.props.FloatProperty(options={"HIDDEN"})
    imported_lean_degrees: bpy.props.FloatProperty(options={"HIDDEN"})

    def copy_settings(self, chosen: CleanupProperties) -> None:
        """Copy an operator's settings, so that the panel shows them."""
        for name in CLEANUP_PROPERTIES:
            setattr(self, name, getattr(chosen, name))

    def reset_settings(self) -> None:
        """Set all settings to their defaults."""
        for name in CLEANUP_PROPERTIES:
            self.property_unset(name)

    def settings_text(self) -> str:
        """Return the settings as text, to be compared with, and set back to, those of the keyed motion."""
        return json.dumps({name: getattr(self, name) for name in (*CLEANUP_PROPERTIES, "first_frame")})

    def restore_applied(self) -> None:
        """Set the settings back to those of the keyed motion."""
        for name, value in json.loads(self.applied_settings or "{}").items():
            setattr(self, name, value)


CLASSES = (MPSNET_cleanup,)


def attach() -> None:
    """Add the settings to objects."""
    bpy.types.Object.mpsnet_cleanup = bpy.props.PointerProperty(type=MPSNET_cleanup)


def detach() -> None:
    """Remove them again."""
    del bpy.types.Object.mpsnet_cleanup
