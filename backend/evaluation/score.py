"""`mocap.py score CAPTURE_DIR TRUTH`: the errors of a capture against the truth of a rendered clip."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from mpsnet_blender.motion.base.smpl_motion import make_file_motion
from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, ListingError, read_listing
from mpsnet_blender.shared.motion_file import Motion, MotionFileError, read_motion
from mpsnet_blender.shared.protocol import Result
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.errors import TruthError
from .ground import compare_in_world, distance_error
from .metrics import acceleration_error, direction_error, mpjpe, pa_mpjpe
from .truth import BODY, HIPS, read_truth

_LIMBS = {"upper arms": ("shoulder", "elbow"), "forearms": ("elbow", "wrist"),
          "thighs": ("hip", "knee"), "shins": ("knee", "ankle")}
_ADVICE = "Give the folder that `mocap.py capture` wrote."


@dataclass(frozen=True)
class Score:
    """One person's errors: degrees, mm, mm/frame^2; frames compared, and their share of the truth's. by_limb: limb_direction's
    parts, of upper arms, forearms, thighs and shins."""
    limb_direction: float
    mpjpe: float
    pa_mpjpe: float
    acceleration: float
    root_path: float
    frames: int
    coverage: float
    by_limb: dict[str, float]

    def __str__(self) -> str:
        return (f"limb directions {self.limb_direction:.1f} deg, MPJPE {self.mpjpe:.0f} mm, PA-MPJPE {self.pa_mpjpe:.0f} mm, "
                f"acceleration error {self.acceleration:.1f} mm/frame^2, root path {self.root_path:.0f} mm, "
                f"{self.frames} frames ({self.coverage:.0%} of the truth)\n"
                f"  {', '.join(f'{limb} {degrees:.1f}' for limb, degrees in self.by_limb.items())} deg")


def score_capture(capture_folder: Path, truth_file: Path) -> Result:
    """Return the scores of all people in a capture, matched to the people of the truth by direction from the camera."""
    motions, notes = _read_motions(capture_folder)
    truth = read_truth(truth_file)
    joints = [compute_camera_joints(motion) for motion in motions]
    costs = np.array([[_distance(motion, ours, person) for person in truth.joints] for motion, ours in zip(motions, joints)])
    pairs = list(zip(*linear_sum_assignment(costs)))
    lines = []
    for row, column in pairs:
        score = compare(joints[row], truth.joints[column], motions[row].frame_index)
        lines.append(f"person {row + 1}: {score}")
        lines.append(f"  {compare_in_world(motions[row], truth, column)}")
    for (row, column), (other_row, other_column) in combinations(pairs, 2):
        error = distance_error((motions[row], motions[other_row]), truth, (column, other_column))
        if error is not None:
            lines.append(f"persons {row + 1} and {other_row + 1}: distance {error:.0f} mm off")
    if len(motions) != len(truth.joints):
        lines.append(f"{len(motions)} people captured, {len(truth.joints)} in the truth.")
    return Result(str(capture_folder), "\n".join(lines + notes))


def compare(predicted: np.ndarray, truth: np.ndarray, frame_index: np.ndarray) -> Score:
    """Return the errors of joints (T, 12, 3) at frames (T,) of the truth (N, 12, 3), all in the camera's frame.

    Joints are compared about the hips' centre. The root path is compared about its mean, in space.
    """
    known = frame_index < len(truth)
    predicted, true = predicted[known], truth[frame_index[known]]
    root, true_root = predicted[:, HIPS].mean(1), true[:, HIPS].mean(1)
    body, true_body = predicted - root[:, None], true - true_root[:, None]
    by_limb = {limb: _compute_limb_error(body, true_body, *ends) for limb, ends in _LIMBS.items()}
    path, true_path = root - root.mean(0), true_root - true_root.mean(0)
    return Score(
        limb_direction=float(np.mean(list(by_limb.values()))),
        mpjpe=mpjpe(body, true_body), pa_mpjpe=pa_mpjpe(body, true_body),
        acceleration=acceleration_error(body, true_body, frame_index[known]),
        root_path=mpjpe(path[:, None], true_path[:, None]),
        frames=int(known.sum()), coverage=float(known.sum() / len(truth)), by_limb=by_limb)


def _compute_limb_error(body: np.ndarray, true_body: np.ndarray, start: str, end: str) -> float:
    """Return the mean angle in degrees of the left and the right limb of joints (T, 12, 3) between two kinds of joints."""
    starts, ends = ([BODY.index(f"{side}_{joint}") for side in ("left", "right")] for joint in (start, end))
    return direction_error(body[:, ends] - body[:, starts], true_body[:, ends] - true_body[:, starts])


def _read_motions(folder: Path) -> tuple[list[Motion], list[str]]:
    """Return all people's motions, and a note where there is no readable listing. Raises TruthError."""
    if folder.is_file():
        raise TruthError(f"{folder} is a file, where a capture's folder is wanted.",
                         f"{_ADVICE} The order is: score CAPTURE_DIR TRUTH.")
    if not folder.is_dir():
        raise TruthError(f"There is no folder {folder}.", _ADVICE)
    try:
        files, notes = [folder / person.file for person in read_listing(folder / PEOPLE_FILE).people], []
    except ListingError as error:
        files, notes = sorted(folder.glob("person_*.npz")), [f"{error} Every person_*.npz is scored."]
    if not files:
        raise TruthError(f"{folder} holds no person_*.npz.", _ADVICE)
    try:
        return [read_motion(path) for path in files], notes
    except MotionFileError as error:
        raise TruthError(str(error)) from None


def compute_camera_joints(motion: Motion) -> np.ndarray:
    """Return a motion's body joints (T, 12, 3) in its camera's frame. Raises TruthError where its file has no camera."""
    if motion.world_from_cam is None:
        raise TruthError(f"The motion file of “{motion.source}” has no camera.", _ADVICE)
    _, joints = make_file_motion(motion).pose()
    cam_from_world = np.linalg.inv(motion.world_from_cam)
    in_camera = np.einsum("tij,tkj->tki", np.broadcast_to(cam_from_world[:, :3, :3], (motion.frame_count, 3, 3)), joints)
    return (in_camera + cam_from_world[:, None, :3, 3])[:, [JOINT[name] for name in BODY]]


def _distance(motion: Motion, joints: np.ndarray, truth: np.ndarray) -> float:
    """Return the angle in degrees between a captured and a true person, as the camera sees them: it needs no scale."""
    known = motion.frame_index < len(truth)
    ours, true = joints[known].mean(1), truth[motion.frame_index[known]].mean(1)
    return direction_error(ours, true) if known.any() else 180.0
