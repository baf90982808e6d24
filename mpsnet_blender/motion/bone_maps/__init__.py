"""What rigs call their bones: one file a family. Where two explain a rig alike, the earlier one is taken."""

from . import (
    auto_rig_pro,
    biped,
    character_creator,
    cmu,
    daz,
    makehuman,
    mixamo,
    mmd,
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
    mmd.MMD_TOOLS, mmd.ENGLISH,
)
