"""The slots of bone maps: the parts of a body to which a rig's bones are assigned, in the same words for all rigs.

A bone map is a dict from slot to bone name. Chains are numbered from the hips outwards and may be shorter than the slots
allow: `spine1` is the lowest bone of the spine, `neck1` the lowest of the neck.
"""

from __future__ import annotations

SIDES = ("left", "right")
SPINE = tuple(f"spine{number}" for number in range(1, 7))
NECK = tuple(f"neck{number}" for number in range(1, 4))
ARM = ("clavicle", "upper_arm", "forearm", "hand")
LEG = ("thigh", "shin", "foot", "toe")
FINGER_NAMES = ("thumb", "index", "middle", "ring", "little")
FINGERS = tuple(f"{finger}{number}" for finger in FINGER_NAMES for number in (1, 2, 3))

TRUNK = ("root", "hips", *SPINE, *NECK, "head")
ARMS = tuple(f"{side}_{part}" for side in SIDES for part in ARM)
TWISTS = tuple(f"{side}_forearm_twist" for side in SIDES)
LEGS = tuple(f"{side}_{part}" for side in SIDES for part in LEG)
HANDS = tuple(f"{side}_{part}" for side in SIDES for part in FINGERS)
SLOTS = (*TRUNK, *ARMS, *TWISTS, *LEGS, *HANDS)
# The slots that retargeting requires, and those of a complete map of a human.
NEEDED = ("hips", *(f"{side}_{part}" for side in SIDES for part in ("upper_arm", "forearm", "thigh", "shin")))
MAIN = ("hips", "spine1", "neck1", "head", *ARMS, *LEGS)

# The slot at which the limb of a slot ends.
LIMB_END = {
    f"{side}_{part}": f"{side}_{end}" for side in SIDES
    for part, end in (("upper_arm", "forearm"), ("forearm", "hand"), ("thigh", "shin"), ("shin", "foot"), ("foot", "toe"))
}


def chain(bone_map: dict[str, str], slots: tuple[str, ...]) -> list[str]:
    """Return the mapped slots of a chain, in order."""
    return [slot for slot in slots if slot in bone_map]


def find_side(slot: str) -> str:
    """Return "left", "right" or "" for a slot."""
    side = slot.split("_")[0]
    return side if side in SIDES else ""


def label(slot: str) -> str:
    """Return a slot's name for people: "left_upper_arm" gives "Left Upper Arm", "spine1" gives "Spine 1"."""
    words = slot.replace("_", " ").title()
    return f"{words[:-1]} {words[-1]}" if words[-1].isdigit() else words
