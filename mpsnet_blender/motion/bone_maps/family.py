"""The bone names of a family of rigs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Names = str | tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """The bone names of a kind of rig.

    `bones`: a name, or several in the order of preference, by slot without side; in names of limbs and fingers `{}` stands for
    the side's word, `sides` (left, right), and `{initial}` for its first letter. `spine` and `neck`: the chains from the hips
    upwards, those that a rig may have. `switches`: custom properties {(bone, property): value} with which the mapped bones drive
    the rig, not IK. `ik_controls`: the IK controls of hand and foot, and the poles of upper_arm and thigh; with `ik_switches`
    these drive the rig.
    """
    title: str
    sides: tuple[str, str]
    bones: Mapping[str, Names]
    spine: tuple[str, ...]
    neck: tuple[str, ...]
    fingers: Mapping[str, Names] = field(default_factory=dict)
    switches: dict[tuple[str, str], float] = field(default_factory=dict)
    ik_controls: dict[str, str] = field(default_factory=dict)
    ik_switches: dict[tuple[str, str], float] = field(default_factory=dict)


def fingers(pattern: str, names: tuple[str, ...], numbers: tuple[str, ...] = ("1", "2", "3")) -> dict[str, str]:
    """Return bone names by finger slot for a rig with regular names: `pattern` holds {finger} and {number}."""
    slots = ("thumb", "index", "middle", "ring", "little")
    return {f"{slot}{place}": pattern.replace("{finger}", name).replace("{number}", number)
            for slot, name in zip(slots, names) for place, number in zip((1, 2, 3), numbers)}
