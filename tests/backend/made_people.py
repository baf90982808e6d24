"""Synthetic people with exact motion: walking in the world, seen by a camera, read as perfect landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from backend.base.regions import Region, region_from_alignment
from backend.body.lifting import LiftedTrack
from backend.body.proportions import Body, make_generic_body
from backend.people.landmarks import LANDMARK, Landmarks, Reading
from backend.people.stitching import PersonTrack
from backend.people.tracklets import Tracklet
from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, forward_kinematics

IMAGE_SIZE = (1280, 720)
INTRINSICS = np.array(((1200.0, 0, 640), (0, 1200.0, 360), (0, 0, 1)))
ELBOW_AXIS = np.array((0.0, -0.87, 0.49))     # of the left arm; the right one's y and z are negated
_SOLES = {"ankle": 0.041, "foot": 0.012}      # of the stature, under the joint
_WORLD_FROM_REST = Rotation.from_euler("x", 90, degrees=True)     # facing -y, towards the camera


@dataclass(frozen=True)
class Walker:
    """rotmats (T, 24, 3, 3) parent-relative, transl (T, 3) m, in the world (z up, floor at 0) or a camera's frame."""
    rotmats: np.ndarray
    transl: np.ndarray
    timestamps: np.ndarray
    body: Body

    @property
    def motion(self) -> CameraMotion:
        return CameraMotion(self.rotmats, self.transl, self.body.rest_joints, self.timestamps, self.body.stature)

    @property
    def joints(self) -> np.ndarray:
        """Return the joints (T, 24, 3)."""
        return self.motion.pose()[1]

    @property
    def landmarks(self) -> np.ndarray:
        """Return the landmarks (T, 33, 3)."""
        return self.body.posed_landmarks(*self.motion.pose())


def walker(frame_count: int = 90, fps: float = 30.0, start=(0.0, 4.0), velocity=(0.0, 0.8), heading_degrees: float = 180.0,
           stature: float = 1.7) -> Walker:
    """Return a person who walks over the floor, x and y in metres; at heading 0 the person faces -y."""
    body, times = make_generic_body(stature), np.arange(frame_count) / fps
    turns = np.zeros((frame_count, JOINT_COUNT, 3))
    for side, phase in (("left", 0.0), ("right", np.pi)):
        mirror = 1.0 if side == "left" else -1.0
        stride = np.sin(2 * np.pi * 0.9 * times + phase)
        lifted = np.maximum(np.cos(2 * np.pi * 0.9 * times + phase), 0.0)
        bend = 0.1 + 0.8 * lifted
        turns[:, JOINT[f"{side}_hip"], 0] = -0.45 * stride - 0.5 * bend       # the foot stays under the hip
        turns[:, JOINT[f"{side}_knee"], 0] = bend
        turns[:, JOINT[f"{side}_ankle"], 0] = 0.45 * stride - 0.5 * bend      # and level
        turns[:, JOINT[f"{side}_shoulder"]] = (Rotation.from_euler("x", 0.5 * stride[:, None]) * Rotation.from_euler(
            "z", -1.25 * mirror)).as_rotvec()
        turns[:, JOINT[f"{side}_elbow"]] = 0.5 * ELBOW_AXIS * (1, mirror, mirror)
    rotmats = Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(frame_count, JOINT_COUNT, 3, 3)
    rotmats[:, 0] = (Rotation.from_euler("z", heading_degrees, degrees=True) * _WORLD_FROM_REST).as_matrix()
    _, joints = forward_kinematics(rotmats, body.rest_joints, np.zeros((frame_count, 3)))
    lowest = np.min([joints[:, JOINT[f"{side}_{name}"], 2] - share * stature
                     for side in ("left", "right") for name, share in _SOLES.items()], axis=0)
    place = np.array(start) + times[:, None] * velocity
    return Walker(rotmats, np.column_stack([place, -lowest]), times, body)


def seen_from(person: Walker, pitch_degrees: float = 0.0, height: float = 1.4) -> Walker:
    """Return the walker in the frame of a camera that looks along +y and so many degrees down."""
    pitch = np.radians(pitch_degrees)
    axes = np.array(((1, 0, 0), (0, -np.sin(pitch), -np.cos(pitch)), (0, np.cos(pitch), -np.sin(pitch))))
    rotmats = person.rotmats.copy()
    rotmats[:, 0] = axes @ rotmats[:, 0]
    root = person.body.rest_joints[0]
    return Walker(rotmats, (person.transl + root - (0, 0, height)) @ axes.T - root, person.timestamps, person.body)


def world_from_camera(pitch_degrees: float = 0.0, height: float = 1.4) -> np.ndarray:
    """Return world_from_cam (4, 4) of the camera of `seen_from`."""
    pitch = np.radians(pitch_degrees)
    right, down, forward = (1, 0, 0), (0, -np.sin(pitch), -np.cos(pitch)), (0, np.cos(pitch), -np.sin(pitch))
    pose = np.eye(4)
    pose[:3, :3], pose[2, 3] = np.column_stack((right, down, forward)), height
    return pose


def random_poses(count: int, seed: int = 0, stature: float = 1.7) -> Walker:
    """Return different poses that a body can have, a second apart so that no smoothing joins them, 4 m in front of a camera."""
    generator, body = np.random.default_rng(seed), make_generic_body(stature)

    def turn(axes: str, *ranges):
        return Rotation.from_euler(axes, np.radians([generator.uniform(low, high, count) for low, high in ranges]).T)

    rotations = {"pelvis": Rotation.from_euler("x", np.pi) * turn("YXZ", (-180, 180), (-15, 15), (-15, 15))}
    twist = turn("y", (-12, 12))
    for name in ("spine1", "spine2", "spine3"):
        rotations[name] = twist
    for side, mirror in (("left", 1), ("right", -1)):
        rotations[f"{side}_hip"] = turn("xzy", (-80, 20), *(sorted((mirror * -5, mirror * 30)),), (-20, 20))
        rotations[f"{side}_knee"] = turn("x", (10, 120))
        rotations[f"{side}_ankle"] = turn("x", (-25, 15))
        rotations[f"{side}_shoulder"] = turn("zyx", *(sorted((mirror * -75, mirror * 40)),), (-40, 40), (-40, 40))
        flexion = np.radians(generator.uniform(15, 120, count))
        rotations[f"{side}_elbow"] = Rotation.from_rotvec(flexion[:, None] * ELBOW_AXIS * (1, mirror, mirror))
    rotmats = np.tile(np.eye(3), (count, JOINT_COUNT, 1, 1))
    for name, rotation in rotations.items():
        rotmats[:, JOINT[name]] = rotation.as_matrix()
    return Walker(rotmats, np.tile((0.2, 0.1, 4.0), (count, 1)), np.arange(count, dtype=float), body)


def lifted_track(person: Walker) -> LiftedTrack:
    """Return the result of a perfect lifting for a person in the camera's frame."""
    points = person.landmarks
    return LiftedTrack(points / points[..., 2:], np.ones(points.shape[:2]), person.timestamps, person.body, points)


def person_track(person: Walker) -> PersonTrack:
    """Return the result of a perfect tracking for a person in the camera's frame."""
    points = person.landmarks
    xy = points @ INTRINSICS.T
    xy = xy[..., :2] / xy[..., 2:]
    hips = points[:, [LANDMARK["left_hip"], LANDMARK["right_hip"]]].mean(1, keepdims=True)
    margin = 10
    return PersonTrack(np.arange(len(xy)), person.timestamps, xy, points - hips, np.full(xy.shape[:2], 0.9),
                       np.concatenate([xy.min(1) - margin, xy.max(1) + margin], axis=1))


def tracklet(track: PersonTrack, frames: slice, colour: int) -> Tracklet:
    """Return a piece of a track as the tracker gives it, in clothes of one of six colours."""
    piece = Tracklet()
    appearance = np.zeros(36)
    appearance[[colour, 6 + colour, 12 + colour, 18 + colour, 24 + colour, 30 + colour]] = 1 / 3
    piece.mean_appearance = appearance
    for index in range(len(track.timestamps))[frames]:
        region = region_of(track.xy[index])
        piece.frame_index.append(int(track.frame_index[index]))
        piece.timestamps.append(float(track.timestamps[index]))
        reading = Reading(track.xy[index], track.world[index], track.score[index])
        piece.observations.append(Landmarks(reading.xy, reading.world, reading.score, 0.99, region, region, (reading, reading)))
        piece.appearances.append(appearance)
    centres = np.array([landmarks.region.centre for landmarks in piece.observations])
    seconds = piece.timestamps[-1] - piece.timestamps[0]
    piece.velocity = (centres[-1] - centres[0]) / seconds if seconds else np.zeros(2)
    return piece


def region_of(xy: np.ndarray) -> Region:
    """Return the region about a person's landmarks (33, 2)."""
    hips = xy[[LANDMARK["left_hip"], LANDMARK["right_hip"]]].mean(0)
    return region_from_alignment(hips, hips - (0, 0.55 * np.ptp(xy[:, 1])))


def lower_foot(world: Walker) -> np.ndarray:
    """Return whether the left and the right foot (T, 2) is the lower one, which stands."""
    _, joints = world.motion.pose()
    left = joints[:, JOINT["left_ankle"], 2] < joints[:, JOINT["right_ankle"], 2]
    return np.stack([left, ~left], axis=1)
