"""What rigs call their bones: one file a family. Where two explain a rig alike, the earlier one is taken."""

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


def switches_of(bones: Container[str], mapped: Collection[str], uses_ik: bool = False) -> dict[tuple[str, str], float]:
    """Return the custom properties {(bone, property): value} that let `mapped` bones lead, or IK, of those a rig has."""
    found: dict[tuple[str, str], float] = {}
    for family in _control_rigs(mapped):
        switches = family.switches | (family.ik_switches if uses_ik else {})
        found |= {(bone.replace("{}", side), key): value for (bone, key), value in switches.items()
                  for side in family.sides if bone.replace("{}", side) in bones}
    return found


def ik_controls_of(bones: Container[str], mapped: Collection[str]) -> dict[str, str]:
    """Return the bones that IK follows, by slot: of hands and feet, and for upper arms and thighs their poles."""
    return {f"{word}_{slot}": name.replace("{}", side) for family in _control_rigs(mapped)
            for slot, name in family.ik_controls.items() for word, side in zip(SIDES, family.sides)
            if name.replace("{}", side) in bones}


def _control_rigs(mapped: Collection[str]) -> list[Family]:
    """Return the families with switches whose upper arms are among the mapped bones."""
    found = []
    for family in FAMILIES:
        arms = [family.bones["upper_arm"]] if isinstance(family.bones["upper_arm"], str) else family.bones["upper_arm"]
        if family.switches and any(name.replace("{}", family.sides[0]) in mapped for name in arms):
            found.append(family)
    return found
