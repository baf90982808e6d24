"""The two sides of a retarget: what a source does, and who is to do it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..base.rig import Rig


@dataclass(frozen=True)
class MappedMotion:
    """What a source does: its rig at rest, its map, and over T frames the world rotations (T, 4) and heads (T, 3) by slot;
    contacts (T, 4) of left heel, left toe, right heel, right toe in 0..1, None where unknown."""
    rig: Rig
    bone_map: dict[str, str]
    rotations: dict[str, np.ndarray]
    heads: dict[str, np.ndarray]
    contacts: np.ndarray | None = None


@dataclass(frozen=True)
class Character:
    """A target: its rig as it rests, its map, the pose that corresponds to the source's rest (by default its own), and the
    controls that IK follows, by slot, where IK is to lead."""
    rig: Rig
    bone_map: dict[str, str]
    reference: Rig | None = None
    ik_controls: dict[str, str] = field(default_factory=dict)
