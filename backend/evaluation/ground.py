"""Errors of a capture in the world: paths, feet on the floor, contacts, distances between people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import make_file_motion
from mpsnet_blender.motion.base.soles import compute_stature
from mpsnet_blender.shared.motion_file import Motion
from mpsnet_blender.shared.smpl_skeleton import JOINT

from .truth import ANKLES, HIPS, Truth

_MILLIMETRES = 1000.0
_CONTACT = 0.5              # the confidence from which on a point counts as in contact
# Heel and toes of a left foot, from ankle and foot joint in the rest pose, in statures.
_HEEL, _TOES = np.array((0.002, -0.034, -0.034)), np.array((0.004, -0.006, 0.044))


@dataclass(frozen=True)
class GroundScore:
    """One person's errors in the world.

    root_path, root_path_scaled: mean distance in mm of the hips' centre after the best yaw and shift (and scale) of the
    whole path; slide, true_slide: mm a frame over the floor of heels and toes that truly stand on it; ankle_height: median
    error in mm; contact_precision and contact_recall (0..1) against the true contacts.
    """
    root_path: float
    root_path_scaled: float
    slide: float
    true_slide: float
    ankle_height: float
    contact_precision: float
    contact_recall: float

    def __str__(self) -> str:
        return (f"in the world: root path {self.root_path:.0f} mm ({self.root_path_scaled:.0f} mm with scale), "
                f"foot slide {self.slide:.1f} mm/frame (truth {self.true_slide:.1f}), ankle height {self.ankle_height:.0f} mm, "
                f"contacts {self.contact_precision:.0%} right, {self.contact_recall:.0%} found")


def compare_in_world(motion: Motion, truth: Truth, person: int) -> GroundScore:
    """Return a motion's errors against the truth's person of that index."""
    known = motion.frame_index < truth.joints_world.shape[1]
    frames = motion.frame_index[known]
    joints, feet = compute_world_joints(motion)
    root = joints[known][:, [JOINT["left_hip"], JOINT["right_hip"]]].mean(1)
    true_joints = truth.joints_world[person, frames]
    ankles = joints[known][:, [JOINT["left_ankle"], JOINT["right_ankle"]], 2]
    contacts, true_contacts = motion.contacts[known] > _CONTACT, truth.contacts[person, frames]
    both = (contacts & true_contacts).sum()
    return GroundScore(
        root_path=path_error(root, true_joints[:, HIPS].mean(1)),
        root_path_scaled=path_error(root, true_joints[:, HIPS].mean(1), with_scale=True),
        slide=slide(feet[known], true_contacts, frames),
        true_slide=slide(truth.feet[person, frames], true_contacts, frames),
        ankle_height=float(np.median(np.abs(ankles - true_joints[:, ANKLES, 2])) * _MILLIMETRES),
        contact_precision=float(both / max(contacts.sum(), 1)), contact_recall=float(both / max(true_contacts.sum(), 1)))


def compute_world_joints(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Return joints (T, 24, 3) and left heel, left toes, right heel, right toes (T, 4, 3) in the world, metres."""
    turned, joints = make_file_motion(motion).pose()
    stature = compute_stature(motion.rest_joints)
    feet = [joints[:, JOINT[f"{side}_{joint}"]] + turned[:, JOINT[f"{side}_{joint}"]] @ (offset * (mirror, 1, 1) * stature)
            for side, mirror in (("left", 1), ("right", -1)) for joint, offset in (("ankle", _HEEL), ("foot", _TOES))]
    return joints, np.stack(feet, axis=1)


def path_error(path: np.ndarray, truth: np.ndarray, with_scale: bool = False) -> float:
    """Return the mean distance in mm between paths (T, 3) after the best rotation about z, translation, and with_scale scale."""
    ours, true = path - path.mean(0), truth - truth.mean(0)
    # The best rotation in the plane: the argument of the complex correlation.
    flat, true_flat = ours[:, 0] + 1j * ours[:, 1], true[:, 0] + 1j * true[:, 1]
    turned = flat * np.exp(1j * np.angle((flat.conj() * true_flat).sum()))
    ours = np.stack([turned.real, turned.imag, ours[:, 2]], axis=1)
    if with_scale:
        ours = ours * (ours * true).sum() / max((ours ** 2).sum(), 1e-12)
    return float(np.linalg.norm(ours - true, axis=1).mean() * _MILLIMETRES)


def slide(feet: np.ndarray, contacts: np.ndarray, frame_index: np.ndarray) -> float:
    """Return how far points (T, 4, 3) that stand (T, 4) move over the floor, in mm from one frame to the next."""
    stands = contacts[1:] & contacts[:-1] & (np.diff(frame_index) == 1)[:, None]
    moved = np.linalg.norm(np.diff(feet[..., :2], axis=0), axis=-1)
    return float(moved[stands].mean() * _MILLIMETRES) if stands.any() else 0.0


def distance_error(motions: tuple[Motion, Motion], truth: Truth, people: tuple[int, int]) -> float | None:
    """Return the mean error in mm of the distance over the floor between two people; None where never visible together."""
    common = np.intersect1d(motions[0].frame_index, motions[1].frame_index)
    common = common[common < truth.joints_world.shape[1]]
    if not len(common):
        return None
    ours, true = [], []
    for motion, person in zip(motions, people, strict=True):
        rows = np.searchsorted(motion.frame_index, common)
        hips = compute_world_joints(motion)[0][rows][:, [JOINT["left_hip"], JOINT["right_hip"]]]
        ours.append(hips.mean(1)[:, :2])
        true.append(truth.joints_world[person, common][:, HIPS].mean(1)[:, :2])
    far, truly_far = (np.linalg.norm(a - b, axis=1) for a, b in (ours, true))
    return float(np.abs(far - truly_far).mean() * _MILLIMETRES)
