"""Measures retargeting: `python benchmarks/retarget.py`, with a Python that has bpy.

Prints the seconds for 10,000 frames of a capture, without and with fingers, on a rig of 53 bones, all included (maps found,
curves read, motion solved, feet planted, Action written), and how many times longer a loop over frames takes for each frame and
bone, which sets each pose through Blender's matrices and inserts keys. Then how exact limbs are and what feet slide, on rigs in
five rest poses. Seconds are of processor time, which other work on the machine does not lengthen.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bpy
import numpy as np

from mpsnet_blender import registration
from mpsnet_blender.scene.retarget.bone_map_storage import find_map
from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.rig_samples import build_rig, heads, limb_errors, smooth_motion
from tests.made_hands import FIST, make_gesture
from tests.made_rigs import Build

FRAMES, LOOP_FRAMES, EXACT_FRAMES = 10_000, 200, 120
RIGS = {
    "Mixamo, T-pose": {},
    "Mixamo, A-pose, 0.01, lying": {"build": Build(arms_down=45), "scale": 0.01, "rotation": (1.5708, 0, 0)},
    "Unreal, A-pose, rolled": {"family": "Unreal", "build": Build(arms_down=45, helpers=True), "seed": 1},
    "MakeHuman, I-pose": {"family": "MakeHuman", "build": Build(arms_down=80, spine=5, neck=3)},
    "no names, long shins": {"family": None, "build": Build(arms_down=30, thigh=0.38, shin=0.45), "seed": 2},
}


def main() -> None:
    registration.register()
    print(f"Blender {bpy.app.version_string}")
    for title, changes in (("without fingers", {"hands": None}), ("with fingers", {})):
        source = import_source(FRAMES, **changes)
        target = build_rig("hero", build=Build(arms_down=45))
        start = time.process_time()
        bpy.ops.mpsnet.retarget(source=source.name, target="hero")
        seconds = time.process_time() - start
        print(f"retarget of {FRAMES:,} frames {title} to {len(target.data.bones)} bones: {seconds:.2f} s")
    bones = len(find_map(target).bone_map)
    loop = measure_loop(source, target, LOOP_FRAMES)
    ratio = (loop / LOOP_FRAMES) / (seconds / FRAMES)
    print(f"a loop over {LOOP_FRAMES} frames with as many bones ({bones}): {loop:.2f} s, {ratio:.0f} times as long a frame")
    for name, options in RIGS.items():
        print_exactness(name, options)


def import_source(frame_count: int, **changes) -> bpy.types.Object:
    """Return the armature of a fresh capture in an empty file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    path = Path(tempfile.mkdtemp()) / "motion.npz"
    steps = np.arange(frame_count) // 15 % 2
    contacts = np.column_stack((steps, steps, 1 - steps, 1 - steps)).astype(float)
    hands = make_gesture(FIST, frame_count)
    write_motion(path, smooth_motion(frame_count, contacts=contacts, **({"hands": hands} | changes)))
    bpy.ops.mpsnet.import_motion(filepath=str(path), with_camera=False)
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def measure_loop(source: bpy.types.Object, target: bpy.types.Object, frame_count: int) -> float:
    """Return how long it takes to copy poses through matrices frame by frame and to insert keys."""
    scene = bpy.context.scene
    names = list(source.pose.bones.keys())
    bones = list(find_map(target).bone_map.values())
    target.animation_data.action = bpy.data.actions.new("loop")
    start = time.process_time()
    for frame in range(1, frame_count + 1):
        scene.frame_set(frame)
        for number, bone in enumerate(bones):
            pose_bone = target.pose.bones[bone]
            pose_bone.matrix = source.pose.bones[names[number % len(names)]].matrix
            pose_bone.keyframe_insert("rotation_quaternion", frame=frame)
    return time.process_time() - start


def print_exactness(name: str, options: dict) -> None:
    """Print limb errors and what the target's standing feet slide beyond the source's, scaled."""
    source = import_source(EXACT_FRAMES)
    target = build_rig("hero", **options)
    bpy.ops.mpsnet.retarget(source=source.name, target="hero", plant_feet=False)
    maps = [find_map(thing).bone_map for thing in (source, target)]
    frames = range(1, EXACT_FRAMES + 1)
    errors = limb_errors(bpy.context.scene, source, maps[0], target, maps[1], frames)
    slides = {}
    for plants in (False, True):
        bpy.ops.mpsnet.retarget(source=source.name, target="hero", plant_feet=plants)
        slides[plants] = measure_added_slide(source, target, maps)
    print(f"{name}: {len(find_map(target).unmapped)} main bones unmapped; limbs {errors.mean():.4f} degrees in the mean, "
          f"{errors.max():.4f} at worst; slide added {slides[False]:.2f} mm/frame, with feet planted {slides[True]:.2f}")


def measure_added_slide(source: bpy.types.Object, target: bpy.types.Object, maps: list[dict]) -> float:
    """Return how much faster (mm/frame) the target's left ankle moves over the floor in stands than the source's, scaled."""
    frames = range(1, EXACT_FRAMES + 1)
    legs, moves = [], []
    for thing, bone_map in ((source, maps[0]), (target, maps[1])):
        places = heads(bpy.context.scene, thing, [bone_map[f"left_{part}"] for part in ("thigh", "shin", "foot")], frames)
        legs.append(np.linalg.norm(np.diff(places[0], axis=0), axis=1).sum())
        moves.append(np.diff(places[:, 2], axis=0))
    stands = np.arange(EXACT_FRAMES) // 15 % 2 == 1
    both = stands[1:] & stands[:-1]
    return float(1000 * np.linalg.norm(moves[1] - moves[0] * legs[1] / legs[0], axis=1)[both].mean())


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # bpy of some versions takes long to take itself apart
