"""Rotations of a spine or neck shared out over another number of bones."""

from __future__ import annotations

import numpy as np

from ..base.quaternions import slerp


def shared_out(turns: list[np.ndarray], count: int) -> list[np.ndarray]:
    """Return the turns (T, 4) of `count` bones between the first of `turns` (not among them) and the last (their last).

    `turns` are world rotations from rest of what the chain stands on and of its bones, in order.
    """
    shared = []
    for number in range(1, count + 1):
        place = number * (len(turns) - 1) / count
        below = min(int(place), len(turns) - 2)
        shared.append(slerp(turns[below], turns[below + 1], place - below) if place > below else turns[below])
    return shared
