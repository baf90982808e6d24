"""Bone maps found by names, with any prefix or suffix."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from ...shared.bone_slots import MAIN, NECK, SIDES, SPINE
from ...shared.short_names import common_beginning
from ..base.rig import Rig
from ..bone_maps import FAMILIES
from ..bone_maps.family import Family, Names

_COPY_NUMBER = re.compile(r"\.\d{3}$")
_SEPARATORS = re.compile(r"[\s_.\-]+")
_PREFIX_SHARE = 0.6  # of the bones must begin with a prefix: most do, while added props and skirts do not; not measured


def map_by_names(rig: Rig) -> tuple[str, dict[str, str]]:
    """Return the title of the family of rigs that matches most slots, and its bone map; an empty map where none matches."""
    best: tuple[str, dict[str, str]] = ("", {})
    most = (0, False, 0, 0)
    for prefix in _find_prefixes(rig.names):
        keys = _index_names(rig.names, prefix)
        for family in FAMILIES:
            bone_map = _match_family(rig, family, keys)
            # A control rig holds several sets of bones; the family with switches names its controls, which drive the others.
            trunk = sum(_make_key(name) in keys for name in (*family.spine, *family.neck))
            explained = (sum(slot in MAIN for slot in bone_map), bool(family.switches), len(bone_map.keys() - {"root"}), trunk)
            if explained > most:
                best, most = (family.title, bone_map), explained
    return best


def _match_family(rig: Rig, family: Family, keys: dict[str, str]) -> dict[str, str]:
    """Return the bones by slot of a family whose names are among the keys, without those that contradict the hierarchy."""
    found: dict[str, str] = {}
    for slot, names in {**family.bones, **family.fingers}.items():
        is_sided = "{}" in (names if isinstance(names, str) else names[0])
        for side, word in zip(SIDES, family.sides) if is_sided else (("", ""),):
            bone = _find_first(names, word, keys)
            if bone is not None and bone not in found.values():
                found[f"{side}_{slot}" if side else slot] = bone
    spine, neck = ([bone for name in names if (bone := keys.get(_make_key(name))) is not None and bone not in found.values()]
                   for names in (family.spine, family.neck))
    return _drop_contradictions(rig, found | _map_spine_and_neck(rig, spine, neck, found, bool(family.switches)))


def _map_spine_and_neck(rig: Rig, spine: list[str], neck: list[str], limbs: dict[str, str],
                    is_control_rig: bool) -> dict[str, str]:
    """Return spine and neck by slot, in order from the hips, even where a rig numbers them from the head.

    An ancestor of the arms belongs to the spine, even where it is called a neck. Control rigs have other bones in between.
    """
    arms = [rig.index[limbs[slot]] for slot in ("left_upper_arm", "right_upper_arm") if slot in limbs]
    carriers = [bone for bone in neck if any(rig.is_above(rig.index[bone], arm) for arm in arms)]
    spine = spine + carriers
    if len(arms) == 2 and not is_control_rig:
        whole = spine + _find_carriers_of_both(rig, arms, limbs.get("hips"))
        spine = whole if len(set(whole)) <= len(SPINE) else spine
    found: dict[str, str] = {}
    for slots, bones in ((SPINE, spine), (NECK, [bone for bone in neck if bone not in carriers])):
        outwards = sorted(dict.fromkeys(bones), key=lambda bone: len(rig.ancestors(rig.index[bone])))
        found |= dict(zip(slots, outwards))
    return found


def _find_carriers_of_both(rig: Rig, arms: list[int], hips: str | None) -> list[str]:
    """Return the deforming bones between the hips and both arms; none where the hips are no ancestor of the arms."""
    others = rig.ancestors(arms[1])
    between: list[int] = []
    for bone in rig.ancestors(arms[0]):
        if rig.names[bone] == hips:
            return [rig.names[found] for found in between if rig.is_deforming[found]]
        if bone in others:
            between.append(bone)
    return []


def _drop_contradictions(rig: Rig, bone_map: dict[str, str]) -> dict[str, str]:
    """Return the map without those parts of a limb whose order contradicts the hierarchy (a hand above its forearm)."""
    wrong = set()
    for side in SIDES:
        for limb in (("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot")):
            slots = [f"{side}_{part}" for part in limb if f"{side}_{part}" in bone_map]
            for near, far in pairwise(slots):
                near_bone, far_bone = rig.index[bone_map[near]], rig.index[bone_map[far]]
                if rig.is_above(far_bone, near_bone):
                    wrong |= {near, far}
    return {slot: bone for slot, bone in bone_map.items() if slot not in wrong}


def _find_first(names: Names, word: str, keys: dict[str, str]) -> str | None:
    for name in (names,) if isinstance(names, str) else names:
        bone = keys.get(_make_key(name.replace("{initial}", word[:1]).replace("{}", word)))
        if bone is not None:
            return bone
    return None


def _index_names(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Return bone names by normalized name. A full name has priority over one that matches only without its ".001"."""
    keys: dict[str, str] = {}
    for name in names:
        keys.setdefault(_make_key(_strip_namespaces(name).removeprefix(prefix)), name)
    for name in names:
        keys.setdefault(_make_key(_COPY_NUMBER.sub("", _strip_namespaces(name)).removeprefix(prefix)), name)
    keys.pop("", None)
    return keys


def _find_prefixes(names: tuple[str, ...]) -> list[str]:
    """Return the possible prefixes of a rig's names: none, and the beginning that most of the names have in common."""
    bare = sorted(_strip_namespaces(name) for name in names)
    needed = max(2, int(len(bare) * _PREFIX_SHARE))
    # In sorted order, names with a common beginning are neighbours.
    shared = {common_beginning(bare[start], bare[start + needed - 1]) for start in range(len(bare) - needed + 1)}
    longest = max(shared, key=len, default="")
    to_separator = re.sub(r"[^\s_.\-|]*$", "", longest)
    return list(dict.fromkeys(("", to_separator, longest)))


def _strip_namespaces(name: str) -> str:
    """Return a name without namespaces: the part after its last colon or vertical bar."""
    return re.split(r"[:|]", name)[-1]


def _make_key(name: str) -> str:
    """Return a name in lower case, without separators, full-width letters made plain."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name)).casefold()
