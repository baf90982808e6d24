"""The two inputs of a retarget: the source's motion and the target character."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..base.rig import Rig


@dataclass(frozen=True)
class MappedMotion:
    """A source's motion: its rig at rest, its bone map, and over T frames the world rotations (T, 4) and heads (T, 3) by slot;
    contacts (T, 4) of left heel, left toe, right heel, right toe in 0..1, None where unknown."""
    rig: Rig
    bone_map: dict[str, str]
    rotations: dict[str, np.ndarray]
    heads: dict[str, np.ndarray]
    contacts: np.ndarray | None = None


@dataclass(frozen=True)
class Character:
    """A target: its rig at rest, its bone map, `reference` (the pose that corresponds to the source's rest pose; None: the rest
    pose), and its IK controls by slot, where the IK controls are keyed too."""
    rig: Rig
    bone_map: dict[str, str]
    reference: Rig | None = None
    ik_controls: dict[str, str] = field(default_factory=dict)
