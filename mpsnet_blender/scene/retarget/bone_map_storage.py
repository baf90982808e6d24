"""Storage of bone maps, with armature objects and as JSON files."""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from ...motion.retarget.bone_mapping import Mapping, map_bones
from ...shared.bone_map_file import read_bone_map, write_bone_map
from ...shared.bone_slots import SLOTS
from .rig_reading import read_rig

_SHOWN_CHARACTERS = 63          # of a name: the longest of Blender's


def read_stored_map(armature_object: bpy.types.Object) -> dict[str, str]:
    """Return the map that is stored with an armature object, without bones that no longer exist."""
    try:
        bone_map = json.loads(armature_object.mpsnet_bone_map or "{}")
    except (ValueError, RecursionError):
        return {}
    bones = armature_object.data.bones.keys()
    if not isinstance(bone_map, dict):
        return {}
    return {slot: bone for slot, bone in bone_map.items() if slot in SLOTS and bone in bones}


def store_map(armature_object: bpy.types.Object, bone_map: dict[str, str]) -> None:
    """Store a map with an armature object. After an empty map, the bones are found automatically again."""
    filled = {slot: bone for slot, bone in bone_map.items() if bone}
    armature_object.mpsnet_bone_map = json.dumps(filled, ensure_ascii=False) if filled else ""


def find_map(armature_object: bpy.types.Object) -> Mapping:
    """Return the stored map if there is one, else the map found by names and structure."""
    stored = read_stored_map(armature_object)
    return Mapping(stored, "stored") if stored else map_bones(read_rig(armature_object))


def write_map(path: Path, armature_object: bpy.types.Object) -> int:
    """Write an armature's map as JSON and return the number of its bones."""
    bone_map = find_map(armature_object).bone_map
    write_bone_map(path, armature_object.name, bone_map)
    return len(bone_map)


def read_map(path: Path, armature_object: bpy.types.Object) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the map in a JSON file, without bones that the armature lacks, and the names of those bones.

    Raises BoneMapError where the file is no bone map.
    """
    bones = read_bone_map(path)
    known = set(armature_object.data.bones.keys())
    present = {slot: bone for slot, bone in bones.items() if bone in known}
    # Names in files may have characters that cannot be shown, and any length.
    missing = (bone[:_SHOWN_CHARACTERS].encode("utf-8", "replace").decode() for bone in bones.values() if bone not in known)
    return present, tuple(missing)
