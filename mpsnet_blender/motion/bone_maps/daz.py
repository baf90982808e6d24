"""DAZ Studio's figures: Genesis 3 and 8, and Genesis 9. The hip is the parent of the pelvis and of the spine."""

from .family import Family, fingers

_FINGERS = ("Thumb", "Index", "Mid", "Ring", "Pinky")

GENESIS_8 = Family(
    title="DAZ Genesis 3 and 8",
    sides=("l", "r"),
    bones={
        "hips": "hip", "head": "head",
        "clavicle": "{}Collar", "upper_arm": ("{}ShldrBend", "{}Shldr"), "forearm": ("{}ForearmBend", "{}ForeArm"),
        "hand": "{}Hand", "forearm_twist": "{}ForearmTwist",
        "thigh": ("{}ThighBend", "{}Thigh"), "shin": "{}Shin", "foot": "{}Foot", "toe": "{}Toe",
    },
    spine=("abdomenLower", "abdomenUpper", "chestLower", "chestUpper", "abdomen", "abdomen2", "chest"),
    neck=("neckLower", "neckUpper", "neck"),
    fingers=fingers("{}{finger}{number}", _FINGERS),
)
GENESIS_9 = Family(
    title="DAZ Genesis 9",
    sides=("l", "r"),
    bones={
        "hips": "hip", "head": "head", "forearm_twist": ("{}_forearmtwist1", "{}_forearmtwist2"),
        "clavicle": "{}_shoulder", "upper_arm": "{}_upperarm", "forearm": "{}_forearm", "hand": "{}_hand",
        "thigh": "{}_thigh", "shin": "{}_shin", "foot": "{}_foot", "toe": "{}_toes",
    },
    spine=("spine1", "spine2", "spine3", "spine4"),
    neck=("neck1", "neck2"),
    fingers=fingers("{}_{finger}{number}", _FINGERS),
)
