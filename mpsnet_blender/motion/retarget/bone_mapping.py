"""Bone maps of any rig: by the names of known rigs, and by structure where the names are unknown."""

from __future__ import annotations

from dataclasses import dataclass

from ...shared.bone_slots import HANDS, LIMB_END, MAIN, NECK, NEEDED, SIDES, SPINE, chain, find_side
from ..base.rig import Rig
from .name_map import map_by_names
from .structure_map import map_by_structure

# A family's names count only where they match so many of the 20 main slots. So a rig may lack clavicles and toes, but words such
# as "hand" and "foot" alone do not suffice; not measured.
_TRUSTED = 12


@dataclass(frozen=True)
class Mapping:
    """A bone map from slot to bone, and how it was found: a family's title, "structure", or both."""
    bone_map: dict[str, str]
    found_by: str

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The main slots without a bone."""
        return tuple(slot for slot in MAIN if slot not in self.bone_map)

    @property
    def missing_slots(self) -> tuple[str, ...]:
        """The unmapped slots that retargeting requires."""
        return tuple(slot for slot in NEEDED if slot not in self.bone_map)


def map_bones(rig: Rig) -> Mapping:
    """Return the map of a rig. Slots that are certain neither by name nor by structure are left out."""
    title, named = map_by_names(rig)
    trusted = sum(slot in named for slot in MAIN) >= _TRUSTED
    is_complete = trusted and all(slot in named for slot in MAIN)
    bare = _find_bare_hands(rig, named) if is_complete else []
    if is_complete and not bare:
        return Mapping(named, title)
    built = map_by_structure(rig)
    if not trusted:
        return Mapping(built, "structure")
    filled = _add_fingers(rig, named, built, bare) if is_complete else _fill_gaps(rig, named, built)
    return Mapping(filled, title if filled == named else f"{title} and structure")


def _find_bare_hands(rig: Rig, bone_map: dict[str, str]) -> list[str]:
    """Return the sides whose hand carries bones, but has no finger in the map."""
    return [side for side in SIDES if rig.children[rig.index[bone_map[f"{side}_hand"]]]
            and not any(slot in bone_map for slot in HANDS if find_side(slot) == side)]


def _add_fingers(rig: Rig, named: dict[str, str], built: dict[str, str], sides: list[str]) -> dict[str, str]:
    """Return the map by names with the fingers that were found by structure below its hands."""
    hands = {side: rig.index[named[f"{side}_hand"]] for side in sides}
    return named | {slot: bone for slot, bone in built.items() if slot in HANDS and find_side(slot) in sides
                    and bone not in named.values() and rig.is_above(hands[find_side(slot)], rig.index[bone])}


def _fill_gaps(rig: Rig, named: dict[str, str], built: dict[str, str]) -> dict[str, str]:
    """Return the map by names, completed by the map by structure where its bones fit between the named ones."""
    filled = dict(named)
    for slots in (SPINE, NECK):
        found, whole = ([bone_map[slot] for slot in chain(bone_map, slots)] for bone_map in (named, built))
        others = set(named.values()) - set(found)
        if set(found) <= set(whole) and not others & set(whole):
            filled |= dict(zip(slots, whole))
    for slot, bone in built.items():
        if slot in (*SPINE, *NECK) or slot in filled or bone in filled.values():
            continue
        if _fits_between(rig, slot, bone, filled):
            filled[slot] = bone
    return filled


def _fits_between(rig: Rig, slot: str, bone: str, bone_map: dict[str, str]) -> bool:
    """Tell whether a bone lies between its mapped neighbours of the limb."""
    number = rig.index[bone]
    for near, far in LIMB_END.items():
        if far == slot and near in bone_map and not rig.is_above(rig.index[bone_map[near]], number):
            return False
        if near == slot and far in bone_map and not rig.is_above(number, rig.index[bone_map[far]]):
            return False
    return True
