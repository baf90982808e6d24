"""Microsoft Rocketbox avatars: a Biped with a spine of three."""

from dataclasses import replace

from . import biped

FAMILY = replace(biped.FAMILY, title="Rocketbox", spine=("Spine", "Spine1", "Spine2"), neck=("Neck",))
