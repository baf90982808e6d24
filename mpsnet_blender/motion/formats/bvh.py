"""BVH, the Biovision hierarchy: a skeleton and its motion as text. Y is up; rotations are degrees, channels Z, X, Y."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import numpy as np

from ...shared.hands.skeleton import FULL_JOINT_NAMES, FULL_PARENTS
from ...shared.motion_file import Motion
from ..base.coordinates import BLENDER_FROM_SMPL
from ..base.euler import continuous_euler
from ..base.rest_pose import build_rest_pose
from ..base.smpl_motion import make_file_motion
from .even_rate import resample_evenly

ORDER = "ZXY"  # R = Rz Rx Ry, the order of most files; gimbal lock only where a joint turns by 90° about its X axis
_ROTATION_CHANNELS = "Zrotation Xrotation Yrotation"
_POSITION_CHANNELS = "Xposition Yposition Zposition"


@dataclass(frozen=True)
class BvhClip:
    """The content of a BVH file. Lengths are in the file's unit; in the rest pose every rotation is the identity.

    names (J,); parents (J,), -1 for the single root, in any order; offsets (J, 3) from the parent and end_offsets (J, 3) to
    the tip, used where a joint has no child; rotmats (T, J, 3, 3) parent-relative; positions (T, J, 3) parent-relative;
    has_position (J,): which joints get position channels (the root always does; the others keep their offset).
    """
    names: tuple[str, ...]
    parents: np.ndarray
    offsets: np.ndarray
    end_offsets: np.ndarray
    rotmats: np.ndarray
    positions: np.ndarray
    has_position: np.ndarray
    framerate: float


def make_bvh_of_motion(motion: Motion, scale: float = 1.0) -> BvhClip:
    """Return a motion as BVH: SMPL's joints, with SMPL-H's fingers where the motion has them, T-pose at rest, Y up, `scale` units
    a metre, at an even frame rate.

    The file's world is Blender's turned by C^T (Y up, facing +Z): the root's rotation G becomes C^T G, its position C^T p.
    """
    motion = resample_evenly(motion)
    rest = build_rest_pose(motion.rest_joints, with_fingers=motion.hands is not None)
    body = make_file_motion(motion)
    joints, rotmats = np.asarray(body.full_rest_joints, dtype=np.float64), body.full_rotmats.copy()
    parents = np.array(FULL_PARENTS[:len(joints)])
    offsets = np.where(parents[:, None] < 0, 0.0, joints - joints[parents])
    rotmats[:, 0] = BLENDER_FROM_SMPL.T @ rotmats[:, 0]
    positions = np.broadcast_to(offsets, (motion.frame_count, len(joints), 3)).copy()
    positions[:, 0] = body.root_path @ BLENDER_FROM_SMPL
    return BvhClip(
        names=FULL_JOINT_NAMES[:len(joints)], parents=parents, offsets=scale * offsets,
        end_offsets=scale * (rest.tails - rest.heads) @ BLENDER_FROM_SMPL, rotmats=rotmats,
        positions=scale * positions, has_position=parents < 0, framerate=motion.mocap_framerate)


def format_bvh(clip: BvhClip) -> str:
    """Return the text of the BVH file."""
    order = _order_depth_first(clip.parents)
    has_position = clip.has_position | (np.asarray(clip.parents) < 0)
    names = _make_file_names(clip.names)
    lines = ["HIERARCHY", *_format_joints(clip, names, has_position, order)]
    lines += ["MOTION", f"Frames: {len(clip.rotmats)}", f"Frame Time: {1 / clip.framerate:.10f}", ""]
    return "\n".join(lines) + _format_rows(_compute_channels(clip, order, has_position))


def _order_depth_first(parents: np.ndarray) -> list[int]:
    """Return the joints depth first, as BVH nests them."""
    children: dict[int, list[int]] = {}
    for joint, parent in enumerate(parents):
        children.setdefault(int(parent), []).append(joint)
    order, waiting = [], list(reversed(children[-1]))
    while waiting:
        order.append(waiting.pop())
        waiting += reversed(children.get(order[-1], []))
    return order


def _make_file_names(names: tuple[str, ...]) -> list[str]:
    """Return unique names without white space, since white space ends a name in BVH."""
    taken: list[str] = []
    for name in names:
        plain = re.sub(r"\s+", "_", name.strip()) or "joint"
        number, free = 2, plain
        while free in taken:
            number, free = number + 1, f"{plain}_{number}"
        taken.append(free)
    return taken


def _format_joints(clip: BvhClip, names: list[str], has_position: np.ndarray, order: list[int]) -> list[str]:
    parents = [int(parent) for parent in clip.parents]
    with_child = set(parents)
    lines: list[str] = []
    open_joints: list[int] = []
    for joint in order:
        while open_joints and open_joints[-1] != parents[joint]:
            open_joints.pop()
            lines.append("\t" * len(open_joints) + "}")
        indent = "\t" * len(open_joints)
        kind = "JOINT" if open_joints else "ROOT"
        channels = f"6 {_POSITION_CHANNELS} " if has_position[joint] else "3 "
        lines += [f"{indent}{kind} {names[joint]}", f"{indent}{{", f"{indent}\tOFFSET {_format_triple(clip.offsets[joint])}",
                  f"{indent}\tCHANNELS {channels}{_ROTATION_CHANNELS}"]
        if joint not in with_child:
            end = _format_triple(clip.end_offsets[joint])
            lines += [f"{indent}\tEnd Site", f"{indent}\t{{", f"{indent}\t\tOFFSET {end}", f"{indent}\t}}"]
        open_joints.append(joint)
    return lines + ["\t" * depth + "}" for depth in reversed(range(len(open_joints)))]


def _compute_channels(clip: BvhClip, order: list[int], has_position: np.ndarray) -> np.ndarray:
    """Return the values of the channels (T, channels), the joints in `order`; rotations in degrees."""
    degrees = np.degrees(continuous_euler(clip.rotmats[:, order], ORDER))
    channels = np.concatenate((clip.positions[:, order], degrees), axis=-1)
    is_written = np.ones((len(order), 6), dtype=bool)
    is_written[:, :3] = has_position[order][:, None]
    return channels[:, is_written]


def _format_rows(numbers: np.ndarray) -> str:
    text = io.StringIO()
    np.savetxt(text, numbers + 0.0, fmt="%.6f")
    return text.getvalue()


def _format_triple(vector: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in np.asarray(vector) + 0.0)
