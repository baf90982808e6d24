"""Bone maps as JSON files: which bone of a character is which part of a body."""

from __future__ import annotations

import json
from pathlib import Path

from .bone_slots import SLOTS
from .whole_file import open_whole_file

_FORMAT, _VERSION = "mpsnet bone map", 1
_LARGEST_FILE = 2 ** 20         # bytes; a map of all slots takes 4,000


class BoneMapError(Exception):
    """A bone map cannot be read; the message says which, why and what to do."""


def write_bone_map(path: Path, armature_name: str, bone_map: dict[str, str]) -> None:
    """Write a map from slots to names of bones, with the name of its armature. Raises OSError."""
    content = {"format": _FORMAT, "version": _VERSION, "armature": armature_name, "bones": bone_map}
    with open_whole_file(path) as stream:
        stream.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def read_bone_map(path: Path) -> dict[str, str]:
    """Return the map from slots to names of bones in a file. Raises BoneMapError where the file is no bone map.

    JSON allows names that no bone can have: longer than Blender's, or of characters that cannot be shown.
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
    return bones
