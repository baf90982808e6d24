"""What rigs call their bones: one file a family. Where two explain a rig alike, the earlier one is taken."""

from collections.abc import Collection, Container

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


def switches_of(bones: Container[str], mapped: Collection[str]) -> dict[tuple[str, str], float]:
    """Return the custom properties {(bone, property): value} that let `mapped` bones lead, of those that a rig has."""
    found: dict[tuple[str, str], float] = {}
    for family in FAMILIES:
        arms = [family.bones["upper_arm"]] if isinstance(family.bones["upper_arm"], str) else family.bones["upper_arm"]
        if family.switches and any(name.replace("{}", family.sides[0]) in mapped for name in arms):
            found |= {(bone.replace("{}", side), key): value for (bone, key), value in family.switches.items()
                      for side in family.sides if bone.replace("{}", side) in bones}
    return found
