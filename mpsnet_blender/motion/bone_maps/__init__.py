"""The bone names of known rigs, one file for each family. Where two families match equally, the earlier one is taken."""

from collections.abc import Collection, Container

from ...shared.bone_slots import SIDES
from . import (
    auto_rig_pro,
    biped,
    character_creator,
    cmu,
    daz,
    makehuman,
    mixamo,
    mmd,
    plain_words,
    ready_player_me,
    rigify,
    rocketbox,
    smpl,
    unity,
    unreal,
    vroid,
)
from .family import Family

FAMILIES: tuple[Family, ...] = (
    smpl.FAMILY, mixamo.FAMILY, ready_player_me.FAMILY, cmu.FAMILY, unreal.FAMILY, rigify.CONTROLS, rigify.METARIG,
    rigify.DEFORM, rigify.ORIGINAL, vroid.FAMILY, unity.FAMILY, makehuman.FAMILY, daz.GENESIS_8, daz.GENESIS_9,
    character_creator.FAMILY, auto_rig_pro.CONTROLS, auto_rig_pro.EXPORT, biped.FAMILY, rocketbox.FAMILY, mmd.JAPANESE,
    mmd.MMD_TOOLS, mmd.ENGLISH, plain_words.WORDS, plain_words.LETTERS,
)


def find_switches(bones: Container[str], mapped: Collection[str], uses_ik: bool = False) -> dict[tuple[str, str], float]:
    """Return the rig's custom properties {(bone, property): value} that let the `mapped` bones (with `uses_ik`, the IK
    controls) drive it."""
    found: dict[tuple[str, str], float] = {}
    for family in _find_control_rigs(mapped):
        switches = family.switches | (family.ik_switches if uses_ik else {})
        found |= {(bone.replace("{}", side), key): value for (bone, key), value in switches.items()
                  for side in family.sides if bone.replace("{}", side) in bones}
    return found


def find_ik_controls(bones: Container[str], mapped: Collection[str]) -> dict[str, str]:
    """Return the rig's IK controls by slot: those of hands and feet, and the poles for upper arms and thighs."""
    return {f"{word}_{slot}": name.replace("{}", side) for family in _find_control_rigs(mapped)
            for slot, name in family.ik_controls.items() for word, side in zip(SIDES, family.sides)
            if name.replace("{}", side) in bones}


def _find_control_rigs(mapped: Collection[str]) -> list[Family]:
    """Return the families with switches whose upper arms are among the mapped bones."""
    found = []
    for family in FAMILIES:
        arms = [family.bones["upper_arm"]] if isinstance(family.bones["upper_arm"], str) else family.bones["upper_arm"]
        if family.switches and any(name.replace("{}", family.sides[0]) in mapped for name in arms):
            found.append(family)
    return found
