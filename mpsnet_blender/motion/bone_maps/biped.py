"""3ds Max's Biped, without the figure's name before each bone (Bip01, Bip001, ValveBiped.Bip01)."""

from .family import Family

_FINGERS = {f"{slot}{place + 1}": f"{{}} Finger{number}{place or ''}" for place in (0, 1, 2)
            for number, slot in enumerate(("thumb", "index", "middle", "ring", "little"))}

FAMILY = Family(
    title="3ds Max Biped",
    sides=("L", "R"),
    bones={
        "hips": "Pelvis", "head": ("Head", "Head1"),
        "clavicle": "{} Clavicle", "upper_arm": ("{} UpperArm", "{} Upper Arm"), "forearm": "{} Forearm",
        "hand": "{} Hand", "thigh": "{} Thigh", "shin": "{} Calf", "foot": "{} Foot", "toe": "{} Toe0",
    },
    spine=("Spine", "Spine1", "Spine2", "Spine3", "Spine4"),
    neck=("Neck", "Neck1"),
    fingers=_FINGERS,
)
