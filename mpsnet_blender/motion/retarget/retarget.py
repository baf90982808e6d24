"""Retargeting: rotations by limb direction, the root path scaled by leg length, feet planted. All frames at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...shared.bone_slots import NECK, SPINE, chain
from ..base.quaternions import conjugate, multiply
from ..base.rotations import continuous_quat, quat_from_rotmat
from .chain_sharing import share_rotations
from .fingers.follow import follow_fingers, hang_fingers_on_hands
from .fingers.relaxed import relax_fingers
from .ik_controls import place_controls, pose_controls
from .limb_correction import plant_feet, reach_hands
from .mapped_rigs import Character, MappedMotion
from .posing import Posing
from .rest_alignment import align_rest_poses, find_body_turn
from .root_path import Placement, compute_hips_offset, compute_root_turns, find_placement
from .standing_frame import rest_pose_stands
from .twist_sharing import share_twists


@dataclass(frozen=True)
class RetargetOptions:
    """root_motion: "HIPS", "ROOT" (on the root bone) or "IN_PLACE". start: "OWN" (where the character stands) or "SOURCE".
    plants_feet: feet in contact stay in place. reaches: hands go where the source's hands go, scaled. relaxes_fingers: fingers
    get a relaxed pose where the source has none."""
    root_motion: str = "HIPS"
    start: str = "OWN"
    plants_feet: bool = True
    reaches: bool = False
    relaxes_fingers: bool = True


@dataclass(frozen=True)
class BoneChannels:
    """Channels by bone: quaternions (T, 4), w first, sign-continuous, or (1, 4) where nothing moves; locations (T, 3)."""
    rotations: dict[str, np.ndarray]
    locations: dict[str, np.ndarray]


def retarget(motion: MappedMotion, character: Character, options: RetargetOptions) -> BoneChannels:
    """Return the channels that give the character the source's motion."""
    character = _drop_unused_root(character, options)
    character = replace(character, rig=hang_fingers_on_hands(character.rig, character.bone_map))
    wanted = _compute_world_rotations(motion, character)
    stands = character.reference is None or rest_pose_stands(character.rig, character.bone_map)
    place = find_placement(motion, character.rig, character.bone_map, options.start, None if stands else character.reference)
    root = character.bone_map.get("root")
    if root is not None and options.root_motion == "ROOT":
        wanted[character.rig.index[root]] = compute_root_turns(motion, character.rig, root)
    posing = Posing(character.rig, wanted)
    offset = compute_hips_offset(motion, posing, character.bone_map, place)
    if options.plants_feet:
        wanted |= plant_feet(motion, posing, character.bone_map, place, offset)
    if options.reaches:
        wanted |= reach_hands(motion, posing, character.bone_map, place, offset)
    wanted |= share_twists(character.rig, character.bone_map, wanted)
    posing = Posing(character.rig, wanted)
    moves = _compute_moves(posing, character.bone_map, offset, place, options)
    if character.ik_controls:
        wanted |= pose_controls(posing, character.bone_map, character.ik_controls)
        moves |= place_controls(posing, character.bone_map, character.ik_controls, lambda bone: _sum_moves(posing, moves, bone))
    locations = {character.rig.names[bone]: posing.basis_location(bone, offset) for bone, offset in moves.items()}
    rotations = {character.rig.names[bone]: continuous_quat(posing.basis(bone)) for bone in wanted}
    if options.relaxes_fingers:
        rotations = relax_fingers(character, motion.bone_map) | rotations
    return BoneChannels(rotations, locations)


def _drop_unused_root(character: Character, options: RetargetOptions) -> Character:
    """Return the character without the root bone in its map, where the root bone is not to move."""
    if options.root_motion == "ROOT":
        return character
    bone_map = {slot: bone for slot, bone in character.bone_map.items() if slot != "root"}
    return replace(character, bone_map=bone_map)


def _compute_world_rotations(motion: MappedMotion, character: Character) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of the character's mapped bones.

    A source bone with rest rotation R_s and rotation R_s(t) has turned by R_s(t) R_s^-1. The target's bone, aligned by A, turns
    as much: R_t(t) = R_s(t) R_s^-1 A R_t. The rotations of the source's spine and neck are distributed over the target's bones;
    fingers have frames of their own.
    """
    reference = character.reference or character.rig
    rest = {slot: quat_from_rotmat(motion.rig.rotmats[motion.rig.index[bone]]) for slot, bone in motion.bone_map.items()}
    rests = quat_from_rotmat(reference.rotmats)
    turns = _compute_chain_turns(motion, rest, character.bone_map)
    body = find_body_turn(motion.rig, motion.bone_map, reference, character.bone_map)
    aligned = align_rest_poses(motion.rig, motion.bone_map, reference, character.bone_map)
    wanted = follow_fingers(motion, reference, character.bone_map, aligned)
    for slot, bone in character.bone_map.items():
        number = reference.index[bone]
        if number in wanted:
            continue
        if slot in turns:
            wanted[number] = multiply(turns[slot], multiply(body, rests[number]))
        elif slot in motion.rotations and slot in aligned and slot not in (*SPINE, *NECK, "root"):
            constant = multiply(conjugate(rest[slot]), multiply(aligned[slot], rests[number]))
            wanted[number] = multiply(motion.rotations[slot], constant)
    return wanted


def _compute_chain_turns(motion: MappedMotion, rest: dict[str, np.ndarray], target_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the world rotations from rest (T, 4) of the target's spine and neck bones, by slot."""
    def turned(slot: str) -> np.ndarray:
        return multiply(motion.rotations[slot], conjugate(rest[slot]))

    spine, neck = chain(motion.bone_map, SPINE), chain(motion.bone_map, NECK)
    found: dict[str, np.ndarray] = {}
    targets = chain(target_map, SPINE)
    if spine and targets:
        found |= dict(zip(targets, share_rotations([turned(slot) for slot in ("hips", *spine)], len(targets))))
    targets = chain(target_map, NECK)
    chest = ("hips", *spine)[-1]
    if neck and targets:
        found |= dict(zip(targets, share_rotations([turned(slot) for slot in (chest, *neck)], len(targets))))
    elif targets and "head" in motion.bone_map:
        shares = share_rotations([turned(chest), turned("head")], len(targets) + 1)
        found |= dict(zip(targets, shares))
    return found


def _compute_moves(posing: Posing, bone_map: dict[str, str], offset: np.ndarray, place: Placement,
           options: RetargetOptions) -> dict[int, np.ndarray]:
    """Return how far (T, 3) bones move, in metres of the world. With "ROOT", the root bone takes the path over the floor and
    the carrier bone the remainder; else the carrier takes all."""
    if options.root_motion == "IN_PLACE":
        return {place.carrier: offset - place.path * (1, 1, 0)}
    root = bone_map.get("root")
    if options.root_motion != "ROOT" or root is None or posing.rig.index[root] == place.carrier:
        return {place.carrier: offset}
    floor_path = place.path * (1, 1, 0)
    return {posing.rig.index[root]: floor_path, place.carrier: offset - floor_path}


def _sum_moves(posing: Posing, moves: dict[int, np.ndarray], bone: int) -> np.ndarray:
    """Return the sum (T, 3) of the moves of a bone and its ancestors."""
    return sum((moves[above] for above in (bone, *posing.rig.ancestors(bone)) if above in moves), np.zeros(3))
