"""VRoid Studio's VRM models."""

from .family import Family, fingers

FAMILY = Family(
    title="VRoid",
    sides=("L", "R"),
    bones={
        "root": "Root", "hips": "J_Bip_C_Hips", "head": "J_Bip_C_Head",
        "clavicle": "J_Bip_{}_Shoulder", "upper_arm": "J_Bip_{}_UpperArm", "forearm": "J_Bip_{}_LowerArm",
        "hand": "J_Bip_{}_Hand", "thigh": "J_Bip_{}_UpperLeg", "shin": "J_Bip_{}_LowerLeg", "foot": "J_Bip_{}_Foot",
        "toe": "J_Bip_{}_ToeBase",
    },
    spine=("J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_UpperChest"),
    neck=("J_Bip_C_Neck",),
    fingers=fingers("J_Bip_{}_{finger}{number}", ("Thumb", "Index", "Middle", "Ring", "Little")),
)
