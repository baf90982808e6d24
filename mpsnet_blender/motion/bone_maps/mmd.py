"""MikuMikuDance: Japanese names (左足, or mmd_tools' 足.L), the D bones that deform the legs, and English names.

The centre bone is the parent of the upper body and of the lower body; the legs are children of the lower body.
"""

from .family import Family

_FINGER_WORDS = {"thumb": "親指", "index": "人指", "middle": "中指", "ring": "薬指", "little": "小指"}
_FINGERS = {f"{slot}{place}": f"{word}{place - 1 if slot == 'thumb' else place}"
            for slot, word in _FINGER_WORDS.items() for place in (1, 2, 3)}
_SPINE, _NECK = ("上半身", "上半身2", "上半身3"), ("首",)


def _japanese(title: str, sides: tuple[str, str], pattern: str) -> Family:
    def of(*words: str) -> tuple[str, ...]:
        return tuple(pattern.replace("*", word) for word in words)

    return Family(
        title=title, sides=sides,
        bones={
            "root": "全ての親", "hips": "下半身", "head": "頭",
            "clavicle": of("肩"), "upper_arm": of("腕"), "forearm": of("ひじ"), "hand": of("手首"),
            "thigh": of("足D", "足"), "shin": of("ひざD", "ひざ"), "foot": of("足首D", "足首"), "toe": of("足先EX", "つま先"),
        },
        spine=_SPINE, neck=_NECK,
        fingers={slot: of(name) for slot, name in _FINGERS.items()})


JAPANESE = _japanese("MMD", ("左", "右"), "{}*")
MMD_TOOLS = _japanese("MMD (mmd_tools)", (".L", ".R"), "*{}")
ENGLISH = Family(
    title="MMD (English)",
    sides=("L", "R"),
    bones={
        "root": "mother", "hips": "lower body", "head": "head",
        "clavicle": "shoulder_{}", "upper_arm": "arm_{}", "forearm": "elbow_{}", "hand": "wrist_{}",
        "thigh": ("leg D_{}", "leg_{}"), "shin": ("knee D_{}", "knee_{}"), "foot": ("ankle D_{}", "ankle_{}"),
        "toe": ("toe EX_{}", "toe_{}"),
    },
    spine=("upper body", "upper body2", "upper body 2"),
    neck=("neck",),
    fingers={f"{slot}{place}": f"{word}{place - 1 if slot == 'thumb' else place}_{{}}" for place in (1, 2, 3) for slot, word in
             zip(("thumb", "index", "middle", "ring", "little"), ("thumb", "fore", "middle", "third", "little"), strict=True)},
)
