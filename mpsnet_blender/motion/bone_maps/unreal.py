"""Unreal Engine's mannequins (4 and 5) and MetaHuman."""

from .family import Family, fingers

FAMILY = Family(
    title="Unreal",
    sides=("l", "r"),
    bones={
        "root": "root", "hips": "pelvis", "head": "head",
        "clavicle": "clavicle_{}", "upper_arm": "upperarm_{}", "forearm": "lowerarm_{}", "hand": "hand_{}",
        "forearm_twist": "lowerarm_twist_01_{}",
        "thigh": "thigh_{}", "shin": "calf_{}", "foot": "foot_{}", "toe": "ball_{}",
    },
    spine=("spine_01", "spine_02", "spine_03", "spine_04", "spine_05"),
    neck=("neck_01", "neck_02"),
    fingers=fingers("{finger}_{number}_{}", ("thumb", "index", "middle", "ring", "pinky"), ("01", "02", "03")),
)
