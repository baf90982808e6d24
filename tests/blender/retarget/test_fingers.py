"""Fingers of characters, as Blender evaluates them: each lies to its palm as the source's does, while everything moves."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest

from mpsnet_blender.motion.formats.bvh import format_bvh, make_bvh_of_motion
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.fingers.frames import find_palm
from mpsnet_blender.scene.retarget.rig_reading import read_rig
from mpsnet_blender.shared.bone_slots import FINGER_NAMES
from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.rig_samples import build_rig, smooth_motion
from tests.made_hands import FIST, make_gesture
from tests.made_rigs import Build

FRAMES = 8
RIGS = {"Mixamo": {"family": "Mixamo", "prefix": "mixamorig:"}, "Unreal, rolled": {"family": "Unreal", "seed": 1},
        "VRoid, small": {"family": "VRoid", "scale": 0.5}, "MMD, hanging": {"family": "MMD", "build": Build(arms_down=80)},
        "no names": {"family": None, "build": Build(arms_down=45), "seed": 3, "rotation": (0.4, 0.3, 2.0)}}


@pytest.fixture
def source(extension, empty_scene, tmp_path):
    """Return an imported person who moves all limbs and closes both hands."""
    empty_scene.render.fps = 30
    write_motion(tmp_path / "fist.npz", smooth_motion(FRAMES, hands=make_gesture(FIST, FRAMES)))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "fist.npz"))
    return bpy.context.view_layer.objects.active


def read_fingers(armature, frames):
    """Return the direction (T, 3) of each finger bone in the frame of its palm (along, across, out of the back), by slot."""
    rig = read_rig(armature)
    bone_map = map_bones(rig).bone_map
    found = {}
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        heads = np.array([evaluated.matrix_world @ evaluated.pose.bones[name].head for name in rig.names])
        for side in ("left", "right"):
            palm = find_palm(replace(rig, heads=heads), bone_map, side)
            for slot in (f"{side}_{finger}{place}" for finger in FINGER_NAMES for place in (1, 2)):
                further = f"{slot[:-1]}{int(slot[-1]) + 1}"
                if further in bone_map:
                    vector = palm.T @ (heads[rig.index[bone_map[further]]] - heads[rig.index[bone_map[slot]]])
                    found.setdefault(slot, []).append(vector / np.linalg.norm(vector))
    return {slot: np.array(vectors) for slot, vectors in found.items()}


def compare(source, target):
    """Return the largest angle in degrees between fingers of the two, and the number of bones that were compared."""
    frames = range(1, FRAMES + 1)
    theirs, ours = read_fingers(source, frames), read_fingers(target, frames)
    cosines = [np.sum(theirs[slot] * vectors, axis=1) for slot, vectors in ours.items() if slot in theirs]
    return np.degrees(np.arccos(np.clip(np.min(cosines), -1, 1))), len(cosines)


@pytest.mark.parametrize("name", RIGS)
def test_fingers_lie_to_the_palm_as_the_sources_do(source, name):
    target = build_rig("hero", **RIGS[name])
    bpy.ops.mpsnet.retarget(source=source.name, target=target.name)
    error, count = compare(source, target)
    assert error < 0.1 and count == 20
    for side in ("left", "right"):
        along, _, back = read_fingers(target, [FRAMES])[f"{side}_index1"][0]
        assert np.degrees(np.arctan2(-back, along)) == pytest.approx(80, abs=6)


def test_rigifys_finger_controls_follow_although_they_hang_on_no_hand_control(source, tmp_path):
    path, resources = tmp_path / "rigify.blend", tmp_path / "resources"
    resources.mkdir()
    subprocess.run([sys.executable, Path(__file__).with_name("rigify_script.py"), path, "human"], check=True, timeout=180,
                   stdout=subprocess.DEVNULL, env=os.environ | {"BLENDER_USER_RESOURCES": str(resources)})
    with bpy.data.libraries.load(str(path)) as (stored, wanted):
        wanted.objects = [name for name in stored.objects if name in ("rig", "metarig")]
    for thing in wanted.objects:
        bpy.context.scene.collection.objects.link(thing)
    bpy.ops.mpsnet.retarget(source=source.name, target="rig|metarig")
    for name in ("rig", "metarig"):
        error, count = compare(source, bpy.data.objects[name])
        assert error < 0.1 and count == 20, name


def test_a_bvh_file_with_fingers_is_a_source_too(source, tmp_path):
    motion = smooth_motion(FRAMES, hands=make_gesture(FIST, FRAMES))
    (tmp_path / "fist.bvh").write_text(format_bvh(make_bvh_of_motion(motion)))
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "fist.bvh"))
    bvh = bpy.context.view_layer.objects.active
    target = build_rig("hero", "Mixamo", Build(arms_down=45))
    bpy.ops.mpsnet.retarget(source=bvh.name, target=target.name)
    error, count = compare(source, target)
    assert error < 0.1 and count == 20
