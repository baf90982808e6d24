"""Measures fingers, palms and forearms against rendered gestures: `python3 benchmarks/hands.py CLIPS [--captures FOLDER]`.

CLIPS is a folder that `samples/render_hands.py --hidden` has filled. Each clip is captured with and without the reading of hands;
captures that are there already are used again. Printed are, for each size of the hands in px: the mean angle of the finger bones
against the truth, relative to the palm, of the relaxed pose and of what was captured, where hands were seen; that of the palm's
normal and that of the hand's turn about the forearm, without and with hands; how many of the shown hands were seen, and how many
of the hidden ones (false fingers). Then the same by gesture.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from mpsnet_blender.motion.base.hand_shapes import RELAXED_DEGREES, bend_fingers  # noqa: E402
from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec  # noqa: E402
from mpsnet_blender.shared.hands.poses import SEEN  # noqa: E402
from mpsnet_blender.shared.hands.skeleton import (  # noqa: E402
    FINGERS,
    FULL_PARENTS,
    HAND_JOINT_COUNT,
    SIDES,
    compute_finger_joints,
    find_finger_direction,
    full_rest_joints,
)
from mpsnet_blender.shared.motion_file import Motion, read_motion  # noqa: E402
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, forward_kinematics  # noqa: E402

# Rows of the truth's points where each finger, in SMPL-H's order, begins.
_FINGER_ROWS = (5, 9, 17, 13, 1)
_SHOWN, _HIDDEN = 0.6, 0.25         # share of a hand that the picture shows, from which and up to which it counts as such
_COLUMNS = ("relaxed", "fingers", "normal_before", "normal", "twist_before", "twist")


@dataclass(frozen=True)
class Score:
    """A clip's hands, (T, 2) each: degrees in the columns' order (6, T, 2), whether the truth shows a hand, hides it, holds the
    gesture, and whether fingers were captured; the gestures (T,); the size of the hands in px."""
    degrees: np.ndarray
    shown: np.ndarray
    hidden: np.ndarray
    seen: np.ndarray
    names: np.ndarray
    size: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--captures", type=Path, help="a folder in which captures are kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mpsnet-benchmark-") as folder:
        scores = [score_clip(clip, given.captures or Path(folder)) for clip in sorted(given.clips.glob("*.mp4"))
                  if clip.with_suffix(".npz").exists()]
    print_scores("px", scores, lambda score: np.full(score.names.shape, score.size))
    print_scores("gesture", [score for score in scores if score.size not in ("hidden", "45")], lambda score: score.names)


def score_clip(clip: Path, captures: Path) -> Score:
    """Capture a clip with and without hands, where that is to be done, and compare."""
    motions = []
    for words in (["--no-hands"], []):
        folder = captures / (clip.stem + ("_without" if words else ""))
        if not (folder / "person_01.npz").exists():
            command = [sys.executable, str(ROOT / "mocap.py"), "capture", str(clip), "--output", str(folder), *words]
            subprocess.run([*command, "--people", "1"], check=True, capture_output=True)
        motions.append(read_motion(folder / "person_01.npz"))
    with np.load(clip.with_suffix(".npz"), allow_pickle=False) as arrays:
        return compare(*motions, {name: arrays[name] for name in arrays}, clip.stem.split("_")[0])


def compare(before: Motion, after: Motion, truth: dict[str, np.ndarray], size: str) -> Score:
    """Return how captures without and with hands differ from the truth, in the frames that they share."""
    frames = np.intersect1d(before.frame_index, after.frame_index)
    pitch = float(truth["pitch"])
    axes = np.array(((1, 0, 0), (0, -np.sin(pitch), -np.cos(pitch)), (0, np.cos(pitch), -np.sin(pitch))))
    hands, elbows = truth["hands"][frames] @ axes.T, truth["elbows"][frames] @ axes.T
    seen = np.zeros((len(frames), 2), bool)
    rows = np.searchsorted(after.frame_index, frames)
    if after.hands is not None:
        seen = after.hands.hand_confidence[rows] >= SEEN
    degrees = np.zeros((len(_COLUMNS), len(frames), 2))
    for number, side in enumerate(SIDES):
        true_palm = palm_axes(hands[:, number, 0], hands[:, number, 5], hands[:, number, 17], side)
        true_bones = np.einsum("tji,tkj->tki", true_palm, finger_bones(hands[:, number]))
        wrist = hands[:, number, 0]
        for column, motion in ((2, before), (3, after)):
            palm, forearm, fingers = captured_hand(motion, np.searchsorted(motion.frame_index, frames), side)
            degrees[column, :, number] = angles(palm[..., 1], true_palm[..., 1])
            degrees[column + 2, :, number] = twist_angles(palm[..., 2], forearm, true_palm[..., 2], wrist - elbows[:, number])
        relaxed = rotmat_from_rotvec(bend_fingers(RELAXED_DEGREES, side))
        degrees[0, :, number] = angles(bones_in_palm(relaxed[None], after.rest_joints, side), true_bones).mean(1)
        degrees[1, :, number] = angles(bones_in_palm(fingers, after.rest_joints, side), true_bones).mean(1)
    held = truth["held"][frames][:, None]
    shown = truth["seen"][frames]
    return Score(degrees, (shown >= _SHOWN) & held, shown <= _HIDDEN, seen, truth["names"][frames], size)


def captured_hand(motion: Motion, rows: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the palm's axes (T, 3, 3) and the forearm's direction (T, 3) in the camera's axes, and the fingers' rotations
    (T, 15, 3, 3)."""
    rotmats = rotmat_from_rotvec(motion.poses[rows].reshape(len(rows), JOINT_COUNT, 3))
    turned, joints = forward_kinematics(rotmats, motion.rest_joints, motion.trans[rows])
    cam_from_world = np.swapaxes(motion.world_from_cam[:, :3, :3], 1, 2)
    wrist, elbow = JOINT[f"{side}_wrist"], JOINT[f"{side}_elbow"]
    palm = cam_from_world @ turned[:, wrist] @ rest_palm(motion.rest_joints, side)
    forearm = np.einsum("tij,tj->ti", np.broadcast_to(cam_from_world, palm.shape), joints[:, wrist] - joints[:, elbow])
    first = HAND_JOINT_COUNT * SIDES.index(side)
    fingers = np.tile(np.eye(3), (len(rows), HAND_JOINT_COUNT, 1, 1)) if motion.hands is None else \
        rotmat_from_rotvec(motion.hands.rotvecs[rows][:, first:first + HAND_JOINT_COUNT])
    return palm, forearm, fingers


def rest_palm(rest_joints: np.ndarray, side: str) -> np.ndarray:
    """Return the palm's axes (3, 3) in the rest pose."""
    joints = compute_finger_joints(rest_joints)[0].reshape(2, len(FINGERS), 3, 3)[SIDES.index(side), :, 0]
    return palm_axes(rest_joints[JOINT[f"{side}_wrist"]], joints[FINGERS.index("index")], joints[FINGERS.index("pinky")], side)


def palm_axes(wrist: np.ndarray, index: np.ndarray, pinky: np.ndarray, side: str) -> np.ndarray:
    """Return the palm's axes (..., 3, 3), in columns: along the fingers, out of its back, and across to the index finger."""
    along = normalize((index + pinky) / 2 - wrist)
    back = normalize(np.cross(index - wrist, pinky - wrist)) * (1 if side == "left" else -1)
    return np.stack([along, back, np.cross(along, back)], axis=-1)


def finger_bones(points: np.ndarray) -> np.ndarray:
    """Return the directions (T, 15, 3) of the finger bones of points (T, 21, 3), in SMPL-H's order."""
    return np.concatenate([normalize(np.diff(points[:, row:row + 4], axis=1)) for row in _FINGER_ROWS], axis=1)


def bones_in_palm(rotmats: np.ndarray, rest_joints: np.ndarray, side: str) -> np.ndarray:
    """Return the directions (T, 15, 3) of finger bones with rotations (T, 15, 3, 3), in the palm's axes."""
    whole = np.tile(np.eye(3), (len(rotmats), len(FULL_PARENTS), 1, 1))
    first = JOINT_COUNT + HAND_JOINT_COUNT * SIDES.index(side)
    whole[:, first:first + HAND_JOINT_COUNT] = rotmats
    turned, _ = forward_kinematics(whole, full_rest_joints(rest_joints), np.zeros((len(whole), 3)), FULL_PARENTS)
    directions = np.repeat([find_finger_direction(finger, side) for finger in FINGERS], 3, axis=0)
    bones = np.einsum("tkij,kj->tki", turned[:, first:first + HAND_JOINT_COUNT], directions)
    return bones @ rest_palm(rest_joints, side)


def twist_angles(across: np.ndarray, forearm: np.ndarray, true_across: np.ndarray, true_forearm: np.ndarray) -> np.ndarray:
    """Return the angles (T,) in degrees between the turns of two hands about their forearms, whose directions may differ."""
    start, end = normalize(forearm), normalize(true_forearm)
    middle = normalize(start + end)
    turned = across - 2 * start * (across * start).sum(-1, keepdims=True)       # two reflections are the turn from start to end
    turned = turned - 2 * middle * (turned * middle).sum(-1, keepdims=True)
    flat, true_flat = (normalize(values - end * (values * end).sum(-1, keepdims=True)) for values in (turned, true_across))
    return angles(flat, true_flat)


def normalize(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the angles in degrees between unit vectors (..., 3)."""
    return np.degrees(np.arccos(np.clip((first * second).sum(-1), -1, 1)))


def print_scores(title: str, scores: list[Score], group_of) -> None:
    """Print the means of each group of frames."""
    groups: dict[str, list] = defaultdict(list)
    for score in scores:
        labels = group_of(score)
        for label in dict.fromkeys(labels.tolist()):
            rows = labels == label
            counted = score.shown[rows] & score.seen[rows]
            groups[label].append((score.degrees[:, rows][:, counted], score.shown[rows], score.seen[rows], score.hidden[rows]))
    print(f"{title:12}" + "".join(f"{name:>14}" for name in (*_COLUMNS, "shown seen", "hidden seen")))
    for label, parts in groups.items():
        degrees = np.concatenate([part[0] for part in parts], axis=1)
        shown, seen, hidden = (np.concatenate([part[index].ravel() for part in parts]) for index in (1, 2, 3))
        means = degrees.mean(1) if degrees.size else np.full(len(_COLUMNS), np.nan)
        print(f"{label:12}" + "".join(f"{value:14.1f}" for value in means)
              + f"{f'{(seen & shown).sum()}/{shown.sum()}':>14}{f'{(seen & hidden).sum()}/{hidden.sum()}':>14}")


if __name__ == "__main__":
    main()
