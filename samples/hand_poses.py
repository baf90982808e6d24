"""Poses of anny's hands by angles of the joints: straight fingers first, then flexion and spread about the palm's axes."""
from dataclasses import dataclass

import numpy as np
from body import Body
from figure import blend, frame, turn

FINGERS = (1, 2, 3, 4, 5)  # thumb to little finger, as anny numbers them
HAND_POINTS = 21  # the wrist, then four points for each finger from its root to its tip: MediaPipe's order
_FEW_VERTICES = 8  # at the end of a finger, whose mean is its tip


@dataclass(frozen=True)
class HandPose:
    """Degrees. thumb: radial and palmar abduction, flexion of its second and third bone; index ... little: flexion of the three
    joints and spread to the little finger's side; wrist: flexion to the palm, and bend to the little finger's side."""

    thumb: tuple[float, float, float, float] = (35, 20, 10, 10)
    index: tuple[float, float, float, float] = (5, 5, 3, -6)
    middle: tuple[float, float, float, float] = (5, 5, 3, 0)
    ring: tuple[float, float, float, float] = (5, 5, 3, 5)
    little: tuple[float, float, float, float] = (5, 5, 3, 12)
    wrist: tuple[float, float] = (0, 0)

    def angles(self) -> np.ndarray:
        """Return all angles (22,) in degrees."""
        return np.array([*self.thumb, *self.index, *self.middle, *self.ring, *self.little, *self.wrist], float)


@dataclass(frozen=True)
class HandShape:
    """A hand in the rest pose: unit axes along the fingers, across to the little finger and out of the palm; joints (21, 3)."""

    side: str
    along: np.ndarray
    across: np.ndarray
    out: np.ndarray
    points: np.ndarray


def measure_hand(body: Body, side: str) -> HandShape:
    """Return the shape of the hand of a side, "L" or "R"."""
    wrist = body.head(f"wrist.{side}")
    points = [wrist]
    for finger in FINGERS:
        points += [body.head(f"finger{finger}-{joint}.{side}") for joint in (1, 2, 3)]
        points.append(_find_tip(body, f"finger{finger}-3.{side}", points[-1] - points[-2]))
    points = np.array(points)
    axes = frame(points[[5, 9, 13, 17]].mean(0) - wrist, points[17] - points[5])
    return HandShape(side, axes[:, 0], axes[:, 1], axes[:, 2] if side == "R" else -axes[:, 2], points)


def _find_tip(body: Body, bone: str, along: np.ndarray) -> np.ndarray:
    vertices = body.vertices_rest[body.bone_share(bone) > 0.5]
    return vertices[np.argsort(vertices @ along)[-_FEW_VERTICES:]].mean(0)


def pose_fingers(shape: HandShape, angles: np.ndarray) -> dict[str, np.ndarray]:
    """Return rotations (3, 3) by bone, relative to the hand's, from angles (22,) as in `HandPose`, degrees."""
    posed = _pose_thumb(shape, *angles[:4])
    # Flexion takes the fingers out of the palm's plane to the side to which the palm looks.
    hinge = np.cross(shape.along, shape.out)
    for number in range(1, 5):
        flexion, spread = angles[4 * number:4 * number + 3], angles[4 * number + 3]
        rest = shape.points[4 * number + 1:4 * number + 5]
        sideways = turn(shape.out, spread * (1 if np.cross(shape.out, shape.along) @ shape.across > 0 else -1))
        straight, axis = sideways @ shape.along, sideways @ hinge
        bent = 0.0
        for joint in range(3):
            bent += flexion[joint]
            rest_axes = frame(rest[joint + 1] - rest[joint], hinge)
            posed[f"finger{number + 1}-{joint + 1}.{shape.side}"] = turn(axis, bent) @ frame(straight, axis) @ rest_axes.T
    return posed


def _pose_thumb(shape: HandShape, radial: float, palmar: float, second: float, third: float) -> dict[str, np.ndarray]:
    """The more the thumb stands out of the palm's plane, the more its pad looks to the fingers' pads (opposition)."""
    r, p = np.radians((radial, palmar))
    along = np.cos(p) * (np.cos(r) * shape.along - np.sin(r) * shape.across) + np.sin(p) * shape.out
    closing = np.cos(p) * shape.across + np.sin(p) * shape.along - np.sin(p) * 0.6 * shape.out + np.cos(p) * 0.6 * shape.out
    hinge = np.cross(along, closing)
    hinge = hinge / np.linalg.norm(hinge)
    rest = shape.points[1:5]
    steps = np.diff(rest, axis=0)
    rest_hinge = np.cross(steps[0], steps[2])
    posed, bent = {}, 0.0
    for joint, flexion in enumerate((0.0, second, third)):
        bent += flexion
        posed[f"finger1-{joint + 1}.{shape.side}"] = turn(hinge, bent) @ frame(along, hinge) @ frame(steps[joint], rest_hinge).T
    return posed


def bend_wrist(shape: HandShape, flexion: float, sideways: float) -> np.ndarray:
    """Return the rotation (3, 3) of the hand in the rest pose, degrees."""
    to_little = np.cross(shape.along, shape.across)
    return turn(np.cross(shape.along, shape.out), flexion) @ turn(to_little / np.linalg.norm(to_little), sideways)


def pose_hands(body: Body, rotations: np.ndarray, hands: list[tuple[HandShape, np.ndarray]]) -> np.ndarray:
    """Return world rotations (J, 3, 3) with the body's hands posed by angles (22,)."""
    rotations = rotations.copy()
    for shape, values in hands:
        side = shape.side
        forearm = rotations[body.bone(f"wrist.{side}")].copy()
        bend = bend_wrist(shape, *values[20:])
        hand = forearm @ bend
        local = {f"wrist.{side}": np.eye(3), **pose_fingers(shape, values)}
        for bone, label in enumerate(body.bone_labels):
            if label.endswith(f".{side}") and label.startswith(("wrist", "metacarpal", "finger")):
                rotations[bone] = hand @ local.get(label, np.eye(3))
        rotations[body.bone(f"wrist.{side}")] = forearm @ blend(np.eye(3), bend, 0.9)
    return rotations


def find_hand_points(body: Body, shape: HandShape, rotations: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Return a posed hand's points (21, 3) in the world."""
    points = [heads[body.bone(f"wrist.{shape.side}")]]
    for finger, tip in zip(FINGERS, shape.points[4::4], strict=True):
        bones = [body.bone(f"finger{finger}-{joint}.{shape.side}") for joint in (1, 2, 3)]
        points += [heads[bone] for bone in bones]
        points.append(heads[bones[2]] + rotations[bones[2]] @ (tip - body.heads_rest[bones[2]]))
    return np.array(points)
