"""Motion capture on an anny body: SMPL's joint rotations become world rotations of anny's bones.

A motion's rotations (T, 24, 3, 3) are parent-relative about a T-pose, Y up, facing +Z, left is +X (SMPL's axes).
"""
from dataclasses import dataclass

import numpy as np
from body import Body, pose_heads, skin
from figure import curl_fingers
from outfit import SOLE

from backend.training.recordings import Recording, RecordingLibrary
from mpsnet_blender.shared.smpl_skeleton import JOINT, forward_kinematics

ANNY_FROM_SMPL = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
SIDES = (("L", "left"), ("R", "right"))
# Bones that follow one joint as it is; anny's spine counts from the top.
TRUNK = {"root": "pelvis", "spine05": "spine1", "spine04": "spine1", "spine03": "spine2", "spine02": "spine2",
         "spine01": "spine3", "neck01": "neck", "neck02": "neck", "neck03": "neck", "head": "head"}
# Chains of (joint, bones that follow it, next bone): straightened from anny's rest pose to the T-pose, one by one.
ARM = (("shoulder", ("upperarm01", "upperarm02"), "lowerarm01"), ("elbow", ("lowerarm01", "lowerarm02"), "wrist"),
       ("wrist", ("wrist",), "finger3-1"))
LEG = (("hip", ("upperleg01", "upperleg02"), "lowerleg01"), ("knee", ("lowerleg01", "lowerleg02"), "foot"))
AFTER = {"shoulder": "elbow", "elbow": "wrist", "wrist": "hand", "hip": "knee", "knee": "ankle"}


@dataclass(frozen=True)
class PosedClip:
    """World rotations (T, J, 3, 3) and heads (T, J, 3) of all bones, and true keypoints (T, K, 3); z up, metres."""

    rotations: np.ndarray
    heads: np.ndarray
    keypoints: np.ndarray


def pose_clip(body: Body, library: RecordingLibrary, clip: Recording, yaw: float, place: tuple[float, float]) -> PosedClip:
    """Return the body doing the clip, turned by yaw (radians) about z, its root's mean over `place`, feet on the floor."""
    turn, offsets = turn_about_z(yaw) @ ANNY_FROM_SMPL, library.offsets
    smpl, _ = forward_kinematics(clip.rotmats, np.zeros((24, 3)), np.zeros((len(clip.root), 3)))
    world = {bone: turn @ smpl[:, JOINT[joint]] @ ANNY_FROM_SMPL.T for bone, joint in TRUNK.items()}
    for side, name in SIDES:
        world |= {f"{bone}.{side}": turn @ smpl[:, JOINT[f"{name}_collar"]] @ ANNY_FROM_SMPL.T
                  for bone in ("clavicle", "shoulder01")}
        for chain in (ARM, LEG):
            world |= _pose_chain(body, offsets, chain, side, name, smpl, turn)
        world |= curl_fingers(body, side, world[f"wrist.{side}"])
        ahead = _foot_yaw(body, offsets, side, name)
        for bone, joint in (("foot", "ankle"), ("toe1-1", "foot"), ("toe2-1", "foot"), ("toe3-1", "foot"),
                            ("toe4-1", "foot"), ("toe5-1", "foot")):
            world[f"{bone}.{side}"] = turn @ smpl[:, JOINT[f"{name}_{joint}"]] @ ANNY_FROM_SMPL.T @ ahead
    rotations = np.empty((len(clip.root), len(body.bone_labels), 3, 3))
    for bone, label in enumerate(body.bone_labels):
        rotations[:, bone] = world[label] if label in world else rotations[:, body.bone_parents[bone]]
    root = _root_path(body, library.leg_length, clip, turn, place)
    heads = pose_heads(body, rotations, root)
    keypoints = np.array([body.keypoint_weights @ skin(body, body.vertices_rest, *pose) for pose in zip(rotations, heads)])
    low = np.percentile(keypoints[..., 2].min(1), 5) - _sole_below_keypoints(body)
    return PosedClip(rotations, heads - (0, 0, low), keypoints - (0, 0, low))


def turn_about_z(yaw: float) -> np.ndarray:
    """Return the rotation (3, 3) by `yaw` radians about the vertical."""
    return np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1.0]])


def _pose_chain(body: Body, offsets: np.ndarray, chain: tuple, side: str, name: str, smpl: np.ndarray,
                turn: np.ndarray) -> dict[str, np.ndarray]:
    """Return world rotations of a limb's bones. `straight` brings the rest pose's limb to the T-pose's."""
    world, straight = {}, np.eye(3)
    for joint, bones, end in chain:
        rest = straight @ (body.head(f"{end}.{side}") - body.head(f"{bones[0]}.{side}"))
        straight = _swing(rest, ANNY_FROM_SMPL @ offsets[JOINT[f"{name}_{AFTER[joint]}"]]) @ straight
        for bone in bones:
            world[f"{bone}.{side}"] = turn @ smpl[:, JOINT[f"{name}_{joint}"]] @ ANNY_FROM_SMPL.T @ straight
    return world


def _swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the smallest rotation (3, 3) from one direction to another that is not opposite."""
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    axis, cosine = np.cross(start, end), start @ end
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def _foot_yaw(body: Body, offsets: np.ndarray, side: str, name: str) -> np.ndarray:
    """Return the turn about z that brings the rest pose's foot to point where the T-pose's does."""
    rest = body.head(f"toe3-1.{side}") - body.head(f"foot.{side}")
    wanted = ANNY_FROM_SMPL @ offsets[JOINT[f"{name}_foot"]]
    return _swing(rest * (1, 1, 0), wanted * (1, 1, 0))


def _root_path(body: Body, leg_length: float, clip: Recording, turn: np.ndarray, place: tuple[float, float]) -> np.ndarray:
    """Return the root (T, 3): the recording's, scaled by the length of the legs, its middle over `place`."""
    ours = body.head("upperleg01.L")[2] - body.head("foot.L")[2]
    path = (clip.root * (ours / leg_length)) @ turn.T
    path[:, :2] += place - (path[:, :2].min(0) + path[:, :2].max(0)) / 2
    return path


def _sole_below_keypoints(body: Body) -> float:
    """Return how far the lowest keypoint of a body that stands lies above the floor under its shoes, metres."""
    lowest = (body.keypoint_weights @ body.vertices_rest)[:, 2].min()
    return float(lowest - body.vertices_rest[:, 2].min() + SOLE)
