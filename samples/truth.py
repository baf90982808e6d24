"""What the clip's picture shows, exactly: keypoints, joints, camera, contacts."""
from pathlib import Path

import numpy as np
from body import Body
from camera import Camera

CONTACT_HEIGHT = 0.035  # metres above where the point lies when the foot stands flat
CONTACT_SPEED = 0.30  # metres per second
FOOT_POINTS = (("left_heel",), ("left_big_toe", "left_small_toe"), ("right_heel",), ("right_big_toe", "right_small_toe"))


def measure_contacts(body: Body, keypoints: np.ndarray, sole: float, fps: float) -> np.ndarray:
    """Return (T, 4) bool: left heel, left toes, right heel, right toes low and slow, from keypoints (T, K, 3).

    `sole` is the shoe's thickness in metres; the floor is z = 0.
    """
    rest = body.keypoint_weights @ body.vertices_rest
    ground = body.vertices_rest[:, 2].min() - sole
    columns = []
    for names in FOOT_POINTS:
        chosen = [body.keypoint_labels.index(name) for name in names]
        points = keypoints[:, chosen].mean(1)
        flat = rest[chosen, 2].mean() - ground
        speed = np.linalg.norm(np.gradient(points, 1 / fps, axis=0), axis=1)
        columns.append((points[:, 2] < flat + CONTACT_HEIGHT) & (speed < CONTACT_SPEED))
    return np.stack(columns, 1)


def _stack_people(rows: list) -> np.ndarray:
    return np.asarray(rows[0] if len(rows) == 1 else rows)


def write_truth(path: Path, camera: Camera, fps: float, bodies: list[Body], keypoints: list[np.ndarray],
                joints: list[np.ndarray], sole: float, **more: np.ndarray) -> None:
    """Write the clip's .npz (see render.py): per-person arrays get a leading P axis where P is not 1; `more` as it is."""
    contacts = [measure_contacts(body, points, sole, fps) for body, points in zip(bodies, keypoints, strict=True)]
    arrays = {"f": camera.focal_px, "cam": np.array(camera.place), "pitch": np.radians(camera.pitch_degrees),
              "image_size": np.array([camera.width, camera.height]), "fps": fps, "floor_z": 0.0, "people": len(bodies), **more}
    if bodies:
        arrays |= {"K": _stack_people(keypoints).astype(np.float32), "B": _stack_people(joints).astype(np.float32),
                   "KL": np.array(bodies[0].keypoint_labels), "lab": np.array(bodies[0].bone_labels),
                   "stature": _stack_people([body.stature for body in bodies]), "contacts": _stack_people(contacts)}
    np.savez_compressed(path, **arrays)
