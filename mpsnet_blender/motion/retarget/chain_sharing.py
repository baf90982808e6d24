"""Rotations of a spine or neck, distributed over a chain with another number of bones."""

from __future__ import annotations

import numpy as np

from ..base.quaternions import slerp


def share_rotations(turns: list[np.ndarray], count: int) -> list[np.ndarray]:
    """Return the world rotations from rest (T, 4) of `count` bones that take the place of a chain.

    `turns` are the world rotations from rest of the chain's parent and of its bones, in order. The last bone returned turns
    as the last of `turns`; those before it are interpolated at even steps.
    """
    shared = []
    for number in range(1, count + 1):
        place = number * (len(turns) - 1) / count
        below = int(place)
        shared.append(slerp(turns[below], turns[below + 1], place - below) if place > below else turns[below])
    return shared
