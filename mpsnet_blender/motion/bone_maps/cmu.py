"""The CMU motion capture library's BVH files, and MakeHuman's rig of that name. One bone moves all fingers but the thumb."""

from .family import Family

FAMILY = Family(
    title="CMU",
    sides=("Left", "Right"),
    bones={
        "hips": "Hips", "head": "Head",
        "clavicle": "{}Shoulder", "upper_arm": "{}Arm", "forearm": "{}ForeArm", "hand": "{}Hand",
        "thigh": "{}UpLeg", "shin": "{}Leg", "foot": "{}Foot", "toe": "{}ToeBase",
    },
    spine=("LowerBack", "Spine", "Spine1"),
    neck=("Neck", "Neck1"),
    fingers={"middle1": ("{}FingerBase", "{}HandFinger1"), "thumb1": ("{}Thumb", "{initial}Thumb")},
)
