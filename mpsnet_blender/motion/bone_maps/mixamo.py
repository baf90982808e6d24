"""Mixamo, and rigs that use its names."""

from .family import Family, fingers

FAMILY = Family(
    title="Mixamo",
    sides=("Left", "Right"),
    bones={
        "root": ("Root", "Armature"), "hips": "Hips", "head": "Head",
        "clavicle": "{}Shoulder", "upper_arm": "{}Arm", "forearm": "{}ForeArm", "hand": "{}Hand",
        "thigh": "{}UpLeg", "shin": "{}Leg", "foot": "{}Foot", "toe": ("{}ToeBase", "{}Toe"),
    },
    spine=("Spine", "Spine1", "Spine2", "Spine3", "Spine4"),
    neck=("Neck", "Neck1", "Neck2"),
    fingers=fingers("{}Hand{finger}{number}", ("Thumb", "Index", "Middle", "Ring", "Pinky")),
)
