"""Properties of retargeting: the bone map, stored with the armature object, and the panel's settings, stored with the scene."""

from __future__ import annotations

import bpy

from ...scene.retarget.bone_map_storage import read_stored_map, store_map
from ...scene.retarget.retarget import RetargetSettings
from ...shared.bone_slots import SLOTS, label


def _bone_property(slot: str):
    """Return the string property of one slot, which reads and writes the object's bone map."""
    def bone(self) -> str:
        return read_stored_map(self.id_data).get(slot, "")

    def set_bone(self, name: str) -> None:
        store_map(self.id_data, read_stored_map(self.id_data) | {slot: name})

    return bpy.props.StringProperty(
        name=label(slot), get=bone, set=set_bone, description=f"The bone that is the {label(slot).lower()}")


class MPSNET_bone_map(bpy.types.PropertyGroup):
    """Object.mpsnet_bones: the name of the bone in each slot, as the table shows them."""
    __annotations__ = {slot: _bone_property(slot) for slot in SLOTS}


class MPSNET_preview(bpy.types.PropertyGroup):
    """Object.mpsnet_preview: the preview's source and Action, and the object's earlier Action, slot and values."""
    source: bpy.props.PointerProperty(type=bpy.types.Object)
    action: bpy.props.PointerProperty(type=bpy.types.Action)
    former: bpy.props.PointerProperty(type=bpy.types.Action)
    former_slot: bpy.props.StringProperty()
    had_animation: bpy.props.BoolProperty()
    values: bpy.props.StringProperty()


class RetargetProperties:
    """The options of a retarget, for the scene's settings and for the operators."""
    root_motion: bpy.props.EnumProperty(
        name="Root Motion", options={"SKIP_SAVE"},
        items=(("HIPS", "Hips", "The hips carry the path through the room"),
               ("ROOT", "Root Bone", "The root bone carries the path over the floor and the turning, as game engines expect it"),
               ("IN_PLACE", "In Place", "The character stays where it stands")))
    start: bpy.props.EnumProperty(
        name="Start", options={"SKIP_SAVE"},
        items=(("OWN", "Character's Place", "The motion starts where the character stands"),
               ("SOURCE", "Source's Place", "The motion starts where the source starts: several people keep their distances")))
    plant_feet: bpy.props.BoolProperty(
        name="Plant Standing Feet", default=True, options={"SKIP_SAVE"},
        description="Hold feet in place while they are on the floor, also on legs with other proportions")
    reach: bpy.props.BoolProperty(
        name="Match Hand Positions", default=False, options={"SKIP_SAVE"},
        description="Bring the hands to the positions of the source's hands, measured in leg lengths: clapping hands also meet "
        "on arms with other lengths. Off: the arms point in the same directions as the source's arms")
    use_ik: bpy.props.BoolProperty(
        name="Key IK Controls Too", default=False, options={"SKIP_SAVE"},
        description="On rigs with FK and IK (Rigify): also key the IK controls of hands, feet, knees and elbows, and switch "
        "the limbs to IK. Off: the limbs are switched to FK")
    relax_fingers: bpy.props.BoolProperty(
        name="Relaxed Fingers", default=True, options={"SKIP_SAVE"},
        description="Curl the fingers slightly where a hand of the source has none")
    source_as_posed: bpy.props.BoolProperty(
        name="Source's Pose as Rest", default=False, options={"SKIP_SAVE"},
        description="Where the two rest poses do not correspond: compare the source in the pose that it has on this frame, not "
        "in its rest pose, with the character")
    target_as_posed: bpy.props.BoolProperty(
        name="Character's Pose as Rest", default=False, options={"SKIP_SAVE"},
        description="Where the two rest poses do not correspond: pose the character as the source rests, and compare it in the "
        "pose that it has on this frame, not in its rest pose")
    to_nla: bpy.props.BoolProperty(
        name="Put on an NLA Track", default=False, options={"SKIP_SAVE"},
        description="Put the Action on a new NLA track instead of making it the active Action")

    def settings(self) -> RetargetSettings:
        """Return the options in the form that the retargeting takes."""
        return RetargetSettings(
            root_motion=self.root_motion, start=self.start, plants_feet=self.plant_feet, reaches=self.reach,
            relaxes_fingers=self.relax_fingers, uses_ik=self.use_ik, source_as_posed=self.source_as_posed,
            target_as_posed=self.target_as_posed, to_nla=self.to_nla)


RETARGET_PROPERTIES = tuple(RetargetProperties.__annotations__)


def _is_armature(_settings, thing: bpy.types.Object) -> bool:
    return thing.type == "ARMATURE"


class MPSNET_retarget_settings(RetargetProperties, bpy.types.PropertyGroup):
    """Scene.mpsnet_retarget: source, character, and the options of a retarget."""
    source: bpy.props.PointerProperty(
        name="Source", type=bpy.types.Object, poll=_is_armature, description="The armature that moves")
    target: bpy.props.PointerProperty(
        name="Character", type=bpy.types.Object, poll=_is_armature,
        description="The armature that gets the motion. Empty: the active armature and all other selected ones")
    shows_all: bpy.props.BoolProperty(
        name="All Parts", default=False, description="Also show twist bones and further bones of spine and neck, found or not")


CLASSES = (MPSNET_bone_map, MPSNET_preview, MPSNET_retarget_settings)


def attach() -> None:
    """Add the map to objects and the settings to scenes. The map is one string, so that overrides of linked rigs can save it."""
    bpy.types.Object.mpsnet_bone_map = bpy.props.StringProperty(override={"LIBRARY_OVERRIDABLE"}, options={"HIDDEN"})
    bpy.types.Object.mpsnet_bones = bpy.props.PointerProperty(type=MPSNET_bone_map)
    bpy.types.Object.mpsnet_preview = bpy.props.PointerProperty(type=MPSNET_preview)
    bpy.types.Scene.mpsnet_retarget = bpy.props.PointerProperty(type=MPSNET_retarget_settings)


def detach() -> None:
    """Remove them again."""
    del bpy.types.Scene.mpsnet_retarget
    del bpy.types.Object.mpsnet_preview
    del bpy.types.Object.mpsnet_bones
    del bpy.types.Object.mpsnet_bone_map
