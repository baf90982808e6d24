"""Measures the import of motion into Blender: `python benchmarks/blender_import.py`, with a Python that has bpy.

Prints the seconds for 10,000 frames of 24 bones, and of 54 bones with fingers (armature, Action, all), and how many times
longer Blender's keyframe_insert takes for 1,000 frames than the import does. Seconds are of processor time, which other work on
the machine does not lengthen.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bpy
import numpy as np

from mpsnet_blender.motion.base.rest_pose import build_rest_pose, compute_basis_quats
from mpsnet_blender.motion.base.rotations import quat_from_rotvec
from mpsnet_blender.registration import register, unregister
from mpsnet_blender.scene.base.action import Channel, bone_path, write_action
from mpsnet_blender.scene.capture.armature import build_armature
from mpsnet_blender.scene.capture.capture_import import import_capture
from mpsnet_blender.scene.capture.import_options import ImportOptions
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.motion_file import Motion, new_motion, write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES, generic_rest_joints


def main() -> None:
    register()
    measure_import(1_000)       # builds the generic body once
    print(f"Blender {bpy.app.version_string}")
    print(f"import of 10,000 frames x 24 bones from its file: {measure_import(10_000):.2f} s")
    print(f"import of 10,000 frames x 54 bones, with fingers, from its file: {measure_import(10_000, with_fingers=True):.2f} s")
    print(f"import of 1,000 frames x 24 bones from its file: {measure_import(1_000):.2f} s")
    arrays, inserts = measure_writing(1_000), measure_inserting(1_000)
    print(f"1,000 frames as F-curves: {arrays * 1000:.0f} ms by arrays, {inserts:.1f} s by keyframe_insert: "
          f"{inserts / arrays:.0f} times")
    unregister()


def make_smooth_motion(frame_count: int, with_fingers: bool = False) -> Motion:
    """Return a random motion without jumps."""
    steps = np.random.default_rng(0).normal(scale=0.02, size=(frame_count, 54, 3))
    paths = np.cumsum(steps, axis=0)
    hands = make_hand_poses(paths[:, 24:], np.ones((frame_count, 2))) if with_fingers else None
    return new_motion(poses=paths[:, :24].reshape(frame_count, 72), trans=np.zeros((frame_count, 3)), mocap_framerate=30.0,
                      hands=hands)


def measure_import(frame_count: int, with_fingers: bool = False) -> float:
    """Return the seconds that the importer takes, with reading the file and everything else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "motion.npz"
        write_motion(path, make_smooth_motion(frame_count, with_fingers))
        start = time.process_time()
        import_capture(bpy.context.scene, path, ImportOptions())
        return time.process_time() - start


def measure_writing(frame_count: int) -> float:
    """Return the seconds that it takes to write an Action of 24 bones from arrays."""
    armature_object, quats = _make_armature_and_quats(frame_count)
    frames = np.arange(1.0, frame_count + 1)
    channels = [Channel(bone_path(name, "rotation_quaternion"), frames, quats[:, joint], name)
                for joint, name in enumerate(JOINT_NAMES)]
    channels.append(Channel(bone_path(JOINT_NAMES[0], "location"), frames, np.zeros((frame_count, 3)), JOINT_NAMES[0]))
    start = time.process_time()
    write_action(armature_object, "arrays", channels)
    return time.process_time() - start


def measure_inserting(frame_count: int) -> float:
    """Return the seconds that the same takes with keyframe_insert."""
    armature_object, quats = _make_armature_and_quats(frame_count)
    start = time.process_time()
    for frame in range(frame_count):
        for joint, name in enumerate(JOINT_NAMES):
            pose_bone = armature_object.pose.bones[name]
            pose_bone.rotation_quaternion = quats[frame, joint]
            pose_bone.keyframe_insert("rotation_quaternion", frame=frame + 1)
        armature_object.pose.bones[JOINT_NAMES[0]].keyframe_insert("location", frame=frame + 1)
    return time.process_time() - start


def _make_armature_and_quats(frame_count: int) -> tuple[bpy.types.Object, np.ndarray]:
    collection = bpy.data.collections.new("benchmark")
    armature_object = build_armature(collection, "benchmark", build_rest_pose(generic_rest_joints()))
    bpy.context.scene.collection.children.link(collection)
    bone_rotmats = np.array([armature_object.data.bones[name].matrix_local.to_3x3() for name in JOINT_NAMES])
    quats = quat_from_rotvec(make_smooth_motion(frame_count).poses.reshape(-1, 24, 3))
    return armature_object, compute_basis_quats(quats, bone_rotmats)


if __name__ == "__main__":
    main()
