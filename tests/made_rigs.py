"""Rigs of many makes, built for the tests: any names, rest pose, roll, chains, proportions and helpers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.motion.base.rig import Rig
from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.bone_maps.family import Family
from mpsnet_blender.shared.bone_slots import FINGER_NAMES, find_side


@dataclass(frozen=True)
class Build:
    """How a rig is built. Angles in degrees, lengths in metres."""
    arms_down: float = 0.0
    elbow: float = 0.0
    knee: float = 0.0
    legs_apart: float = 0.0
    toes_out: float = 0.0
    spine: int = 3
    neck: int = 1
    thigh: float = 0.42
    shin: float = 0.41
    upper_arm: float = 0.28
    hip_width: float = 0.18
    has_fingers: bool = True
    has_clavicles: bool = True
    has_toes: bool = True
    root: bool = True
    helpers: bool = False


PLAIN = Build()


@dataclass(frozen=True)
class MadeBone:
    """A bone by its slot (or a helper's name): parent's slot, head, tail (3,) in metres, facing -Y, Z up."""
    parent: str | None
    head: np.ndarray
    tail: np.ndarray


def make_bones(build: Build = PLAIN) -> dict[str, MadeBone]:
    """Return the bones by slot, parents first."""
    bones: dict[str, MadeBone] = {}
    knee = np.radians(build.knee)
    leg = build.thigh * np.cos(np.radians(build.legs_apart)) + build.shin * np.cos(knee)
    hips = np.array((0, 0, 0.08 + leg + 0.07))
    if build.root:
        bones["root"] = MadeBone(None, np.zeros(3), np.array((0, -0.2, 0)))
    above = _chain(bones, "hips", "root" if build.root else None, hips, hips + (0, 0, 0.08))
    heights = np.linspace(hips[2] + 0.08, hips[2] + 0.42, build.spine + 1)
    for number in range(build.spine):
        above = _chain(bones, f"spine{number + 1}", above, (0, 0.01, heights[number]), (0, 0.01, heights[number + 1]))
    chest = above
    top = hips[2] + 0.50
    for number, (low, high) in enumerate(zip(np.linspace(top, top + 0.1, build.neck + 1)[:-1],
                                             np.linspace(top, top + 0.1, build.neck + 1)[1:])):
        above = _chain(bones, f"neck{number + 1}", above, (0, 0.01, low), (0, 0, high))
    _chain(bones, "head", above, (0, 0, top + 0.1), (0, 0, top + 0.3))
    for side, sign in (("left", 1), ("right", -1)):
        _add_arm(bones, build, side, sign, chest, top)
        _add_leg(bones, build, side, sign, hips)
    return bones


def _chain(bones: dict[str, MadeBone], slot: str, parent: str | None, head, tail) -> str:
    bones[slot] = MadeBone(parent, np.array(head, dtype=float), np.array(tail, dtype=float))
    return slot


def _add_arm(bones: dict[str, MadeBone], build: Build, side: str, sign: int, chest: str, top: float) -> None:
    lowered = rotmat_from_rotvec((0, sign * np.radians(build.arms_down), 0))
    bent = lowered @ rotmat_from_rotvec((0, 0, -sign * np.radians(build.elbow)))
    out = np.array((sign, 0.0, 0.0))
    shoulder = np.array((sign * 0.17, 0.01, top - 0.03))
    if build.has_clavicles:
        _chain(bones, f"{side}_clavicle", chest, (sign * 0.03, 0, top - 0.04), shoulder)
    elbow = shoulder + lowered @ out * build.upper_arm
    wrist = elbow + bent @ out * 0.26
    _chain(bones, f"{side}_upper_arm", f"{side}_clavicle" if build.has_clavicles else chest, shoulder, elbow)
    _chain(bones, f"{side}_forearm", f"{side}_upper_arm", elbow, wrist)
    if build.helpers:
        middle = (elbow + wrist) / 2
        _chain(bones, f"{side}_forearm_twist", f"{side}_forearm", middle, middle + bent @ out * 0.1)
        _chain(bones, f"{side}_elbow_helper", f"{side}_upper_arm", elbow, elbow + (0, 0.1, 0))
    _chain(bones, f"{side}_hand", f"{side}_forearm", wrist, wrist + bent @ out * 0.08)
    if build.has_fingers:
        _add_fingers(bones, side, wrist, bent, out)


def _add_fingers(bones: dict[str, MadeBone], side: str, wrist: np.ndarray, bent: np.ndarray, out: np.ndarray) -> None:
    for number, finger in enumerate(FINGER_NAMES):
        forward = np.array((0, -0.035 + 0.022 * (number - 1), 0)) if number else np.array((0, -0.03, -0.01))
        start = wrist + bent @ (forward + out * (0.09 if number else 0.025))
        direction = bent @ (out if number else out * 0.7 + np.array((0, -0.6, -0.2)))
        parent = f"{side}_hand"
        for place in (1, 2, 3):
            end = start + direction * (0.035 - 0.005 * place)
            parent = _chain(bones, f"{side}_{finger}{place}", parent, start, end)
            start = end


def _add_leg(bones: dict[str, MadeBone], build: Build, side: str, sign: int, hips: np.ndarray) -> None:
    apart, knee, out = (np.radians(angle) for angle in (build.legs_apart, build.knee, build.toes_out))
    hip = hips + (sign * build.hip_width / 2, 0, -0.07)
    knee_at = hip + build.thigh * np.array((sign * np.sin(apart), 0, -np.cos(apart)))
    ankle = knee_at + build.shin * np.array((0, np.sin(knee), -np.cos(knee)))
    toe = ankle + np.array((sign * np.sin(out) * 0.13, -np.cos(out) * 0.13, -0.06))
    _chain(bones, f"{side}_thigh", "hips", hip, knee_at)
    _chain(bones, f"{side}_shin", f"{side}_thigh", knee_at, ankle)
    if build.helpers:
        _chain(bones, f"{side}_thigh_twist", f"{side}_thigh", (hip + knee_at) / 2, knee_at)
    _chain(bones, f"{side}_foot", f"{side}_shin", ankle, toe)
    if build.has_toes:
        _chain(bones, f"{side}_toe", f"{side}_foot", toe, toe + (0, -0.07, 0))


def family_names(family: Family, bones: Mapping[str, MadeBone]) -> dict[str, str]:
    """Return a name for every slot that a family of rigs knows."""
    named = {}
    for slot in bones:
        side = find_side(slot)
        part = slot.removeprefix(f"{side}_") if side else slot
        chains = {"spine": family.spine, "neck": family.neck}
        kind = part.rstrip("0123456789")
        if kind in chains:
            place = int(part[len(kind):]) - 1
            if place < len(chains[kind]):
                named[slot] = chains[kind][place]
            continue
        names = (family.bones | family.fingers).get(part)
        if names is not None:
            word = family.sides[("left", "right").index(side)] if side else ""
            named[slot] = (names if isinstance(names, str) else names[0]).replace("{}", word)
    return named


def make_rig(build: Build = PLAIN, name: Callable[[str], str] = str, seed: int | None = None,
             scale: float = 1.0, axes: np.ndarray | None = None, origin=(0.0, 0.0, 0.0)) -> Rig:
    """Return a rig in the world; with a seed, bones are rolled and pointed at random. `scale` is that of the object."""
    bones = make_bones(build)
    axes = np.eye(3) if axes is None else axes
    generator = np.random.default_rng(seed)
    rotmats = (np.tile(axes, (len(bones), 1, 1)) if seed is None
               else rotmat_from_rotvec(generator.normal(scale=2, size=(len(bones), 3))))
    number = {slot: index for index, slot in enumerate(bones)}
    heads, tails = (np.array([getattr(bone, end) for bone in bones.values()]) @ axes.T + origin for end in ("head", "tail"))
    return Rig(
        names=tuple(name(slot) for slot in bones), heads=heads, tails=tails, rotmats=rotmats,
        parents=np.array([number[bone.parent] if bone.parent else -1 for bone in bones.values()]),
        is_deforming=np.ones(len(bones), dtype=bool), inherits_rotation=np.ones(len(bones), dtype=bool),
        moves_locally=np.ones(len(bones), dtype=bool),
        origin=np.array(origin, dtype=float), axes=axes, scale=scale)


def with_bones(rig: Rig, *bones: tuple) -> Rig:
    """Return a rig with more bones: name, parent, and where the head lies from the parent's (3,)."""
    for name, parent, away in bones:
        head = rig.heads[rig.index[parent]] + away
        rig = replace(rig, names=(*rig.names, name), parents=np.append(rig.parents, rig.index[parent]),
                      heads=np.vstack((rig.heads, head)), tails=np.vstack((rig.tails, head + (0, 0, 0.01))),
                      rotmats=np.concatenate((rig.rotmats, np.eye(3)[None])), is_deforming=np.append(rig.is_deforming, True),
                      inherits_rotation=np.append(rig.inherits_rotation, True),
                      moves_locally=np.append(rig.moves_locally, True))
    return rig
