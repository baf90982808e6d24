"""Synthetic motion for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mpsnet_blender.shared.capture_listing import (
    PEOPLE_FILE,
    CaptureListing,
    ListedPerson,
    motion_name,
    thumbnail_name,
    write_listing,
)
from mpsnet_blender.shared.motion_file import Motion, new_motion, write_motion
from mpsnet_blender.shared.smpl_skeleton import generic_rest_joints

IMAGE_SIZE = (1280, 720)


def random_motion(frame_count: int = 60, framerate: float = 30.0, seed: int = 0, camera_frames: int = 1,
                  **changes) -> Motion:
    """Return a motion with random poses in each frame (180 degrees and more) and a camera that sees it."""
    generator = np.random.default_rng(seed)
    fields = {
        "poses": generator.normal(size=(frame_count, 72)),
        "trans": np.cumsum(generator.normal(scale=0.02, size=(frame_count, 3)), axis=0) + (0.3, 0.2, 1.1),
        "mocap_framerate": framerate,
        "rest_joints": generic_rest_joints(1.83) + (0.002, -0.22, 0.03),
        "camera_matrix": np.array(((1100.0, 0, 651), (0, 1100.0, 343), (0, 0, 1))),
        "image_size": np.array(IMAGE_SIZE),
        "world_from_cam": camera_poses(camera_frames),
        "source": "clip.mp4", "engine": "keypoints",
    }
    return new_motion(**(fields | changes))


def camera_poses(count: int) -> np.ndarray:
    """Return world_from_cam (count, 4, 4): cameras some 5 m in front of the origin, looking at it, moving to the side."""
    poses = np.tile(np.eye(4), (count, 1, 1))
    for number, pose in enumerate(poses):
        place = np.array((0.5 + 0.01 * number, -5.0, 1.4))
        forward = (np.array((0.3, 0.2, 1.0)) - place) / np.linalg.norm(np.array((0.3, 0.2, 1.0)) - place)
        right = np.cross(forward, (0, 0, 1.0))
        right /= np.linalg.norm(right)
        pose[:3, :3] = np.column_stack((right, np.cross(forward, right), forward))
        pose[:3, 3] = place
    return poses


def write_capture(folder: Path, motions: list[Motion], video: str = "") -> Path:
    """Write a capture's folder, as the backend does, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    people = []
    for number, motion in enumerate(motions, start=1):
        write_motion(folder / motion_name(number), motion)
        people.append(ListedPerson(
            number, motion_name(number), thumbnail_name(number), int(motion.frame_index[0]), int(motion.frame_index[-1]),
            float(motion.timestamps[0]), float(motion.timestamps[-1]), visible_share=1.0))
    write_listing(folder / PEOPLE_FILE, CaptureListing(
        video=video, fps=motions[0].mocap_framerate, image_size=IMAGE_SIZE, frame_count=motions[0].frame_count,
        people=tuple(people)))
    return folder
