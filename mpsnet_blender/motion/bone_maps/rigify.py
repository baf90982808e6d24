"""Rigify: the FK controls of a generated rig, the metarig, and a generated rig's DEF and ORG bones."""

from .family import Family, Names, fingers

_SIDES = (".L", ".R")
_FINGERS = ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")


def _bones(prefix: str, root: str) -> dict[str, Names]:
    return {
        "root": root, "hips": f"{prefix}spine", "head": f"{prefix}spine.006",
        "clavicle": f"{prefix}shoulder{{}}", "upper_arm": f"{prefix}upper_arm{{}}", "forearm": f"{prefix}forearm{{}}",
        "hand": f"{prefix}hand{{}}", "thigh": f"{prefix}thigh{{}}", "shin": f"{prefix}shin{{}}",
        "foot": f"{prefix}foot{{}}", "toe": f"{prefix}toe{{}}",
    }


def _family(title: str, prefix: str) -> Family:
    return Family(
        title=title, sides=_SIDES, bones=_bones(prefix, "root"),
        spine=tuple(f"{prefix}spine.00{number}" for number in (1, 2, 3)),
        neck=tuple(f"{prefix}spine.00{number}" for number in (4, 5)),
        fingers=fingers(prefix + "{finger}.{number}{}", _FINGERS, ("01", "02", "03")))


CONTROLS = Family(
    title="Rigify controls",
    sides=_SIDES,
    bones={
        "root": "root", "hips": "spine_fk", "head": "head",
        "clavicle": "shoulder{}", "upper_arm": "upper_arm_fk{}", "forearm": "forearm_fk{}", "hand": "hand_fk{}",
        "thigh": "thigh_fk{}", "shin": "shin_fk{}", "foot": "foot_fk{}", "toe": ("toe_fk{}", "toe{}"),
    },
    spine=tuple(f"spine_fk.00{number}" for number in (1, 2, 3)),
    neck=("neck",),
    fingers=fingers("{finger}.{number}{}", _FINGERS, ("01", "02", "03")),
    # FK drives the limbs; limbs follow the trunk, neck and head follow the chest.
    switches={
        ("thigh_parent{}", "IK_FK"): 1.0, ("upper_arm_parent{}", "IK_FK"): 1.0,
        ("thigh_parent{}", "FK_limb_follow"): 0.0, ("upper_arm_parent{}", "FK_limb_follow"): 0.0,
        ("torso", "neck_follow"): 1.0, ("torso", "head_follow"): 1.0,
    },
    ik_controls={"hand": "hand_ik{}", "foot": "foot_ik{}", "upper_arm": "upper_arm_ik_target{}", "thigh": "thigh_ik_target{}"},
    ik_switches={
        ("thigh_parent{}", "IK_FK"): 0.0, ("upper_arm_parent{}", "IK_FK"): 0.0,
        ("thigh_parent{}", "pole_vector"): 1.0, ("upper_arm_parent{}", "pole_vector"): 1.0,
    },
)
METARIG = _family("Rigify metarig", "")
DEFORM = _family("Rigify DEF bones", "DEF-")
ORIGINAL = _family("Rigify ORG bones", "ORG-")
