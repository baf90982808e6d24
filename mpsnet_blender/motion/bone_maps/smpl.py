"""SMPL's joints and SMPL-H's fingers, which are the bone names of imported motion. SMPL's shoulder is the upper arm, its foot the
toes."""

from .family import Family, fingers

FAMILY = Family(
    title="SMPL",
    sides=("left", "right"),
    bones={
        "hips": "pelvis", "head": "head",
        "clavicle": "{}_collar", "upper_arm": "{}_shoulder", "forearm": "{}_elbow", "hand": "{}_wrist",
        "thigh": "{}_hip", "shin": "{}_knee", "foot": "{}_ankle", "toe": "{}_foot",
    },
    spine=("spine1", "spine2", "spine3"),
    neck=("neck",),
    fingers=fingers("{}_{finger}{number}", ("thumb", "index", "middle", "ring", "pinky")),
)
