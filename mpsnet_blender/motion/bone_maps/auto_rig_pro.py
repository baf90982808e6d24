"""Auto-Rig Pro: its FK controls, and the bones of its export."""

from .family import Family, fingers

_FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_SIDES = (".l", ".r")

CONTROLS = Family(
    title="Auto-Rig Pro controls",
    sides=_SIDES,
    bones={
        "root": ("c_traj", "c_pos"), "hips": "c_root_master.x", "head": "c_head.x",
        "clavicle": "c_shoulder{}", "upper_arm": "c_arm_fk{}", "forearm": "c_forearm_fk{}", "hand": "c_hand_fk{}",
        "thigh": "c_thigh_fk{}", "shin": "c_leg_fk{}", "foot": "c_foot_fk{}", "toe": "c_toes_fk{}",
    },
    spine=("c_spine_01.x", "c_spine_02.x", "c_spine_03.x", "c_spine_04.x"),
    neck=("c_subneck_1.x", "c_neck.x"),
    fingers=fingers("c_{finger}{number}{}", _FINGERS),
    switches={("c_hand_ik{}", "ik_fk_switch"): 1.0, ("c_foot_ik{}", "ik_fk_switch"): 1.0},
)
EXPORT = Family(
    title="Auto-Rig Pro",
    sides=_SIDES,
    bones={
        "root": "root", "hips": "root.x", "head": "head.x",
        "clavicle": "shoulder{}", "upper_arm": ("arm_stretch{}", "arm{}"), "forearm": ("forearm_stretch{}", "forearm{}"),
        "hand": "hand{}", "thigh": ("thigh_stretch{}", "thigh{}"), "shin": ("leg_stretch{}", "leg{}"),
        "foot": "foot{}", "toe": "toes_01{}",
    },
    spine=("spine_01.x", "spine_02.x", "spine_03.x", "spine_04.x"),
    neck=("subneck_1.x", "neck.x"),
    fingers={slot: (name, f"c_{name}") for slot, name in fingers("{finger}{number}{}", _FINGERS).items()},
)
