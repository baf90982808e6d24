"""Plain English words, as in rigs that people build themselves: "UpperArm.L", "left_thigh", "Shin_R", "l_hand"."""

from .family import Family

_WORDS = {
    "clavicle": ("Clavicle", "Collar", "CollarBone", "Shoulder"),
    "upper_arm": ("UpperArm", "UpArm", "ArmUpper", "Arm", "Bicep"),
    "forearm": ("ForeArm", "LowerArm", "LoArm", "ArmLower", "Elbow"),
    "hand": ("Hand", "Wrist", "Palm"),
    "thigh": ("Thigh", "UpperLeg", "UpLeg", "LegUpper", "Femur"),
    "shin": ("Shin", "Calf", "LowerLeg", "LoLeg", "LegLower", "Knee", "Leg"),
    "foot": ("Foot", "Ankle"),
    "toe": ("Toe", "Toes", "ToeBase", "Ball", "Toe0", "Toe1"),
}
_FINGERS = {
    "thumb": ("Thumb",), "index": ("Index",), "middle": ("Middle", "Mid"), "ring": ("Ring",), "little": ("Little", "Pinky"),
}


def _both_orders(words: tuple[str, ...], number: str = "") -> tuple[str, ...]:
    """Return the words with the side before, after, and between word and number."""
    return tuple(pattern for word in words for pattern in (f"{{}}{word}{number}", f"{word}{{}}{number}", f"{word}{number}{{}}"))


def _family(title: str, sides: tuple[str, str]) -> Family:
    return Family(
        title=title, sides=sides,
        bones={"root": "root", "hips": ("hips", "hip", "pelvis"), "head": "head",
               **{slot: _both_orders(words) for slot, words in _WORDS.items()}},
        spine=("spine", "abdomen", "waist", "stomach", "spine0", "spine1", "spine01", "spine2", "spine02", "spine3", "spine03",
               "spine4", "spine04", "spine5", "spine05", "chest", "upperchest", "chest1", "chest2", "ribcage"),
        neck=("neck", "neck0", "neck1", "neck01", "neck2", "neck02"),
        fingers={f"{slot}{place}": (*_both_orders(words, str(place)), *_both_orders(words, f"0{place}"))
                 for slot, words in _FINGERS.items() for place in (1, 2, 3)})


WORDS = _family("plain words", ("left", "right"))
LETTERS = _family("plain words", ("l", "r"))
