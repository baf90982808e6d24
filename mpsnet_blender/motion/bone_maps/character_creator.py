"""Reallusion's Character Creator and ActorCore. The hip is the parent of the pelvis and of the waist."""

from .family import Family, fingers

FAMILY = Family(
    title="Character Creator",
    sides=("L", "R"),
    bones={
        "root": ("CC_Base_BoneRoot", "RL_BoneRoot"), "hips": "CC_Base_Hip", "head": "CC_Base_Head",
        "clavicle": "CC_Base_{}_Clavicle", "upper_arm": "CC_Base_{}_Upperarm", "forearm": "CC_Base_{}_Forearm",
        "hand": "CC_Base_{}_Hand", "forearm_twist": ("CC_Base_{}_ForearmTwist01", "CC_Base_{}_ForearmTwist"),
        "thigh": "CC_Base_{}_Thigh", "shin": "CC_Base_{}_Calf", "foot": "CC_Base_{}_Foot",
        "toe": "CC_Base_{}_ToeBase",
    },
    spine=("CC_Base_Waist", "CC_Base_Spine01", "CC_Base_Spine02"),
    neck=("CC_Base_NeckTwist01", "CC_Base_NeckTwist02"),
    fingers=fingers("CC_Base_{}_{finger}{number}", ("Thumb", "Index", "Mid", "Ring", "Pinky")),
)
