"""Makes the truth of `real_footage.py` again, from captures of its four cameras; the truth in use lies beside this file.

    python benchmarks/real_truth.py CALIBRATION CAPTURE_1 CAPTURE_2 CAPTURE_3 CAPTURE_4 --output real_footage.npz

Bundle adjustment of the captures' landmarks in the picture over the calibrated cameras: joints in space, the lengths of the
limbs, how far each camera was moved since it was calibrated, and by how much of a frame its shutter lags. A camera that
reads a body mirrored is outvoted by the three others. Runs in the backend's environment (numpy, scipy, opencv).
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import least_squares
from scipy.sparse import coo_matrix
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from backend.evaluation.truth import BODY
from backend.people.landmarks import LANDMARK

LANDMARKS = [LANDMARK[name] for name in BODY]
EXCHANGED = np.arange(len(BODY)).reshape(-1, 2)[:, ::-1].ravel()
LIMBS = np.array([(BODY.index(a), BODY.index(b)) for side in ("left", "right") for a, b in (
    (f"{side}_shoulder", f"{side}_elbow"), (f"{side}_elbow", f"{side}_wrist"), (f"{side}_hip", f"{side}_knee"),
    (f"{side}_knee", f"{side}_ankle"))] + [(BODY.index(f"left_{a}"), BODY.index(f"right_{a}")) for a in ("shoulder", "hip")])
PIXELS, METRES, METRES_OF_BEND = 6.0, 0.01, 0.003     # what an error is measured by: landmarks, limbs, second differences
MOVED_METRES, MOVED_RADIANS, LAG_FRAMES = 0.003, 0.002, 0.1      # how far from the calibration its cameras are taken to be
GIVE_UP_PIXELS = 60.0


@dataclass(frozen=True)
class Cameras:
    """C cameras: rotations (C, 3, 3) and places t (C, 3) m of the world before each, K (C, 3, 3) px, OpenCV's distortion
    (C, 4), lag (C,) frames by which each sees later."""
    rotations: np.ndarray
    places: np.ndarray
    matrices: np.ndarray
    distortion: np.ndarray
    lag: np.ndarray

    def projected(self, joints: np.ndarray) -> np.ndarray:
        """Return where the cameras see joints (T, J, 3): (C, T, J, 2) px."""
        speed = np.gradient(joints, axis=0)
        pictures = []
        for rotation, place, matrix, distortion, lag in zip(self.rotations, self.places, self.matrices, self.distortion, self.lag,
                                                            strict=True):
            seen = (joints + lag * speed) @ rotation.T + place
            pixels, _ = cv2.projectPoints(seen.reshape(-1, 1, 3), np.zeros(3), np.zeros(3), matrix, distortion)
            pictures.append(pixels.reshape(*joints.shape[:2], 2))
        return np.array(pictures)

    def moved(self, steps: np.ndarray) -> Cameras:
        """Return the cameras after steps (C, 7): rotation vector, metres, frames."""
        turned = Rotation.from_rotvec(steps[:, :3]).as_matrix() @ self.rotations
        return replace(self, rotations=turned, places=self.places + steps[:, 3:6], lag=self.lag + steps[:, 6])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("calibration", type=Path)
    parser.add_argument("captures", type=Path, nargs=4)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    cameras = read_calibration(given.calibration)
    seen, score = read_landmarks(given.captures)
    joints, cameras, error = adjust(cameras, seen, score)
    print(f"residual {error:.1f} px")
    np.savez_compressed(given.output, joints=joints.astype(np.float32), names=BODY, rotations=cameras.rotations,
                        places=cameras.places, matrices=cameras.matrices, distortion=cameras.distortion, lag=cameras.lag)


def read_calibration(path: Path) -> Cameras:
    """Return the cameras of a Qualisys calibration: mm, sub-pixels of a 64th, a camera that looks along -z with y up."""
    rows = []
    for camera in ElementTree.parse(path).getroot().iter("camera"):
        turn, lens = ({key: float(value) for key, value in part.attrib.items()}
                      for name in ("transform", "intrinsic") for part in camera.iter(name))
        rotation = np.array([[turn[f"r{row}{column}"] for column in (1, 2, 3)] for row in (1, 2, 3)]) * ((1,), (-1,), (-1,))
        place = -rotation @ np.array([turn[axis] for axis in "xyz"]) / 1000
        matrix = np.array(((lens["focalLengthU"], 0, lens["centerPointU"]), (0, lens["focalLengthV"], lens["centerPointV"]),
                           (0, 0, 64.0))) / 64
        rows.append((rotation, place, matrix, [lens[f"radialDistortion{n}"] for n in (1, 2)]
                     + [lens[f"tangentalDistortion{n}"] for n in (1, 2)], 0.0))
    return Cameras(*(np.array(column) for column in zip(*rows, strict=True)))


def read_landmarks(captures: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first person's joints in the pictures (C, T, 12, 2) px and their scores (C, T, 12), 0 where not seen."""
    motions = [np.load(folder / "person_01.npz", allow_pickle=False) for folder in captures]
    frame_count = max(int(motion["frame_index"][-1]) for motion in motions) + 1
    landmarks = np.zeros((len(motions), frame_count, len(BODY), 3))
    for camera, motion in enumerate(motions):
        landmarks[camera, motion["frame_index"]] = motion["keypoints2d"][:, LANDMARKS]
    return landmarks[..., :2], landmarks[..., 2]


def adjust(cameras: Cameras, seen: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, Cameras, float]:
    """Return joints (T, 12, 3) m, the cameras where they were, and the median distance in px of what counts."""
    joints = triangulate(cameras, seen, score)
    for _ in range(3):
        joints, cameras = _adjust_once(joints, cameras, seen, score)
        drawn = cameras.projected(joints)
        as_read, exchanged = (np.linalg.norm(drawn - image, axis=-1).mean(-1) for image in (seen, seen[:, :, EXCHANGED]))
        mirrored = exchanged < as_read
        seen = np.where(mirrored[..., None, None], seen[:, :, EXCHANGED], seen)
        score = np.where(np.linalg.norm(drawn - seen, axis=-1) < GIVE_UP_PIXELS, score, 0.0)
    return joints, cameras, float(np.median(np.linalg.norm(drawn - seen, axis=-1)[score > 0]))


def triangulate(cameras: Cameras, seen: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return joints (T, 12, 3) by linear least squares over the cameras, each joint's worst camera left out."""
    rays = np.stack([cv2.undistortPoints(image.reshape(-1, 1, 2), matrix, distortion).reshape(image.shape)
                     for image, matrix, distortion in zip(seen, cameras.matrices, cameras.distortion, strict=True)])
    poses = np.concatenate([cameras.rotations, cameras.places[..., None]], axis=-1)          # (C, 3, 4)
    rows = rays[..., None] * poses[:, None, None, 2:3] - poses[:, None, None, :2]            # (C, T, J, 2, 4)
    rows = rows * score[..., None, None]
    best, joints = np.full(seen.shape[1:3], np.inf), np.zeros((*seen.shape[1:3], 3))
    for left_out in range(len(seen)):
        kept = np.delete(rows, left_out, axis=0)
        stacked = np.moveaxis(kept, 0, 2).reshape(*seen.shape[1:3], -1, 4)
        _, values, axes = np.linalg.svd(stacked)
        better = values[..., -1] < best
        best = np.where(better, values[..., -1], best)
        joints = np.where(better[..., None], axes[..., -1, :3] / axes[..., -1, 3:], joints)
    return joints


def _adjust_once(joints: np.ndarray, cameras: Cameras, seen: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, Cameras]:
    camera_count, size = len(seen), joints.size
    lengths = np.median(np.linalg.norm(joints[:, LIMBS[:, 0]] - joints[:, LIMBS[:, 1]], axis=-1), axis=0)
    scale = np.array([MOVED_RADIANS] * 3 + [MOVED_METRES] * 3 + [LAG_FRAMES])

    def parts(state: np.ndarray) -> tuple[np.ndarray, Cameras, np.ndarray, np.ndarray]:
        steps = np.zeros((camera_count, 7))
        steps[1:] = state[size + len(LIMBS):].reshape(-1, 7)          # the first camera holds the world
        return state[:size].reshape(joints.shape), cameras.moved(steps * scale), state[size:size + len(LIMBS)], steps

    def errors(state: np.ndarray) -> np.ndarray:
        points, moved, long, steps = parts(state)
        image = np.linalg.norm(moved.projected(points) - seen, axis=-1) / PIXELS
        limbs = np.linalg.norm(points[:, LIMBS[:, 0]] - points[:, LIMBS[:, 1]], axis=-1) - long
        # Far off counts little (Cauchy); what is no landmark is a plain square.
        robust = np.sqrt(score * np.log1p(image ** 2))
        return np.concatenate([robust.ravel(), (limbs / METRES).ravel(), (np.diff(points, 2, axis=0) / METRES_OF_BEND).ravel(),
                               steps[1:].ravel()])

    start = np.concatenate([joints.ravel(), lengths, np.zeros(7 * (camera_count - 1))])
    found = least_squares(errors, start, jac_sparsity=_sparsity(joints.shape, camera_count).tocsr(), x_scale="jac", max_nfev=30)
    points, moved, _, _ = parts(found.x)
    return points, moved


def _sparsity(shape: tuple[int, ...], camera_count: int) -> coo_matrix:
    """Return which errors depend on which unknowns."""
    frames, count, _ = shape
    index = np.arange(frames * count * 3).reshape(shape)
    lengths = index.size + np.arange(len(LIMBS))
    steps = lengths[-1] + 1 + np.arange(7 * (camera_count - 1)).reshape(-1, 7)
    of_camera = [[], *steps.tolist()]
    groups = [[*index[max(frame - 1, 0):frame + 2, joint].ravel(), *of_camera[camera]]
              for camera in range(camera_count) for frame in range(frames) for joint in range(count)]
    groups += [[*index[frame, ends].ravel(), length]
               for frame in range(frames) for ends, length in zip(LIMBS, lengths, strict=True)]
    groups += [index[frame:frame + 3, joint, axis].tolist()
               for frame in range(frames - 2) for joint in range(count) for axis in range(3)]
    groups += [[step] for step in steps.ravel()]
    rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return coo_matrix((np.ones(len(rows)), (rows, np.concatenate(groups))), shape=(len(groups), steps.max() + 1))


if __name__ == "__main__":
    main()
