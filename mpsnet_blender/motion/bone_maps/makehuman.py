"""MakeHuman's and MPFB's default rig. Their game engine rig has Unreal's names; their Mixamo, CMU and Rigify rigs have those
families' names."""

from .family import Family

_FINGERS = {f"{slot}{place}": f"finger{number}-{place}{{}}" for place in (1, 2, 3)
            for number, slot in enumerate(("thumb", "index", "middle", "ring", "little"), start=1)}

FAMILY = Family(
    title="MakeHuman",
    sides=(".L", ".R"),
    bones={
        "hips": "root", "head": "head",
        "clavicle": "clavicle{}", "upper_arm": "upperarm01{}", "forearm": "lowerarm01{}", "hand": "wrist{}",
        "forearm_twist": "lowerarm02{}",
        "thigh": "upperleg01{}", "shin": "lowerleg01{}", "foot": "foot{}", "toe": "toe1-1{}",
    },
    spine=("spine05", "spine04", "spine03", "spine02", "spine01"),
    neck=("neck01", "neck02", "neck03"),
    fingers=_FINGERS,
)
