"""A BVH reader for the tests only: it is independent of the code that writes BVH."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class ReadBvh:
    """names, parents, offsets (J, 3), tips {name: offset}, channels a joint, rows (T, channels), frame_seconds."""
    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    tips: dict[str, list[float]] = field(default_factory=dict)
    channels: list[list[str]] = field(default_factory=list)
    rows: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    frame_seconds: float = 0.0

    def column(self, joint: str, channel: str) -> np.ndarray:
        """Return one channel (T,) of a joint."""
        index = self.names.index(joint)
        start = sum(len(channels) for channels in self.channels[:index])
        return self.rows[:, start + self.channels[index].index(channel)]

    def positions(self) -> dict[str, np.ndarray]:
        """Return each joint's place (T, 3) by forward kinematics; a position channel stands for the offset."""
        rotations, places = [], []
        for joint, parent in enumerate(self.parents):
            local = np.tile(np.asarray(self.offsets[joint], dtype=float), (len(self.rows), 1))
            rotation = np.tile(np.eye(3), (len(self.rows), 1, 1))
            for channel in self.channels[joint]:
                values = self.column(self.names[joint], channel)
                axis = "XYZ".index(channel[0])
                if channel.endswith("position"):
                    local[:, axis] = values
                else:
                    rotation = rotation @ np.array([_turn(axis, np.radians(value)) for value in values])
            places.append(local if parent < 0 else places[parent] + np.einsum("tij,tj->ti", rotations[parent], local))
            rotations.append(rotation if parent < 0 else rotations[parent] @ rotation)
        return dict(zip(self.names, places, strict=True))


def read_bvh(text: str) -> ReadBvh:
    """Return the content of a BVH file's text."""
    head, _, motion = text.partition("MOTION")
    bvh, stack, words = ReadBvh(), [], iter(head.split())
    assert next(words) == "HIERARCHY"
    for word in words:
        if word in ("ROOT", "JOINT"):
            bvh.names.append(next(words))
            bvh.parents.append(stack[-1] if stack else -1)
            pending = len(bvh.names) - 1
        elif word == "End":
            assert next(words) == "Site"
            pending = -2
        elif word == "{":
            stack.append(pending)
        elif word == "}":
            stack.pop()
        elif word == "OFFSET":
            offset = [float(next(words)) for _ in range(3)]
            if stack[-1] == -2:
                bvh.tips[bvh.names[stack[-2]]] = offset
            else:
                bvh.offsets.append(offset)
        else:
            assert word == "CHANNELS", word
            bvh.channels.append([next(words) for _ in range(int(next(words)))])
    assert stack == []
    lines = motion.strip().splitlines()
    bvh.frame_seconds = float(lines[1].removeprefix("Frame Time:"))
    bvh.rows = np.array([[float(number) for number in line.split()] for line in lines[2:]])
    assert len(bvh.rows) == int(lines[0].removeprefix("Frames:"))
    assert bvh.rows.shape[1] == sum(map(len, bvh.channels))
    return bvh


def _turn(axis: int, angle: float) -> np.ndarray:
    turn = np.eye(3)
    j, k = (axis + 1) % 3, (axis + 2) % 3
    turn[j, j] = turn[k, k] = np.cos(angle)
    turn[k, j], turn[j, k] = np.sin(angle), -np.sin(angle)
    return turn
