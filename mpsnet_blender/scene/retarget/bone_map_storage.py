"""Storage of bone maps, with armature objects and as JSON files."""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from ...motion.retarget.bone_mapping import Mapping, map_bones
from ...shared.bone_slots import SLOTS
from ...shared.whole_file import open_whole_file
from .rig_reading import read_rig

_FORMAT, _VERSION = "mpsnet bone map", 1
_LARGEST_FILE = 2 ** 20         # bytes; a map of all slots takes 4,000
_SHOWN_CHARACTERS = 63          # of a name: the longest of Blender's


class BoneMapError(Exception):
    """A bone map cannot be read; the message says which, why and what to do."""


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
    content = {"format": _FORMAT, "version": _VERSION, "armature": armature_object.name, "bones": bone_map}
    with open_whole_file(path) as stream:
        stream.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
    return len(bone_map)


def read_map(path: Path, armature_object: bpy.types.Object) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the map in a JSON file, without bones that the armature lacks, and the names of those bones.

    Raises BoneMapError where the file is no bone map.
    """
    try:
        with open(path, "rb") as stream:
            content = json.loads(stream.read(_LARGEST_FILE + 1).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise BoneMapError(f"{path} cannot be read as JSON. Choose a file that Export Bone Map wrote.") from None
    bones = content.get("bones") if isinstance(content, dict) and content.get("format") == _FORMAT else None
    if not isinstance(bones, dict) or not all(slot in SLOTS and isinstance(bone, str) for slot, bone in bones.items()):
        raise BoneMapError(f"{path} is not a bone map. Choose a file that Export Bone Map wrote.")
    if content.get("version") != _VERSION:
        raise BoneMapError(f"{path} is a bone map of another version than {_VERSION}. Update the add-on.")
    known = set(armature_object.data.bones.keys())
    present = {slot: bone for slot, bone in bones.items() if bone in known}
    # JSON allows names that cannot be shown, and of any length.
    missing = (bone[:_SHOWN_CHARACTERS].encode("utf-8", "replace").decode() for bone in bones.values() if bone not in known)
    return present, tuple(missing)
