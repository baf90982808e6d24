"""Unity's humanoid and the VRM standard (which writes the same words with a small letter first)."""

from .family import Family, fingers

_FINGERS = fingers("{}{finger}{number}", ("Thumb", "Index", "Middle", "Ring", "Little"), ("Proximal", "Intermediate", "Distal"))
_WORDS = {slot: (name, name.replace("{}", "{}Hand")) for slot, name in _FINGERS.items()}

FAMILY = Family(
    title="Unity humanoid",
    sides=("Left", "Right"),
    bones={
        "root": "Root", "hips": "Hips", "head": "Head",
        "clavicle": ("{}Shoulder", "Shoulder.{}"), "upper_arm": ("{}UpperArm", "UpperArm.{}"),
        "forearm": ("{}LowerArm", "LowerArm.{}"), "hand": ("{}Hand", "Hand.{}"),
        "thigh": ("{}UpperLeg", "UpperLeg.{}"), "shin": ("{}LowerLeg", "LowerLeg.{}"), "foot": ("{}Foot", "Foot.{}"),
        "toe": ("{}Toes", "{}Toe", "{}ToeBase", "Toes.{}"),
    },
    spine=("Spine", "Chest", "UpperChest"),
    neck=("Neck",),
    fingers=_WORDS | {
        "thumb1": ("{}ThumbProximal", "{}ThumbMetacarpal"),
        "thumb2": ("{}ThumbIntermediate", "{}ThumbProximal"),
    },
)
