"""Cuts between a capture's views: markers bound to their cameras switch them, in the window and in renders."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, ListedView, read_listing, write_listing
from tests.blender.motion_samples import random_motion, write_capture


@pytest.fixture
def cameras(tmp_path, empty_scene):
    """Return the two cameras of an imported capture of 60 frames."""
    folder = write_capture(tmp_path / "capture", [random_motion(60, timestamps=np.arange(60) / 30)])
    view = ListedView("", 30.0, (64, 48), 0.0, (50.0, 0, 32, 0, 50, 24, 0, 0, 1), tuple(np.eye(4).ravel()))
    listing = read_listing(folder / PEOPLE_FILE)
    write_listing(folder / PEOPLE_FILE, replace(listing, views=(view, view)))
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    return [thing for thing in empty_scene.objects if thing.type == "CAMERA"]


def shown(scene, frame):
    scene.frame_set(frame)
    return scene.camera


def test_a_cut_holds_from_its_frame_to_the_next_one(cameras, empty_scene):
    first, second = cameras
    for frame, view in ((20, 2), (40, 1)):
        empty_scene.frame_set(frame)
        assert bpy.ops.mpsnet.cut_to_view(view=view) == {"FINISHED"}
        assert empty_scene.camera == cameras[view - 1]
    assert [(marker.frame, marker.camera) for marker in empty_scene.timeline_markers] == [(1, first), (20, second), (40, first)]
    assert [shown(empty_scene, frame) for frame in (1, 19, 20, 39, 40, 60)] == [first, first, second, second, first, first]


def test_another_cut_in_the_same_frame_replaces_it_and_other_markers_stay(cameras, empty_scene):
    empty_scene.timeline_markers.new("beat", frame=20)
    empty_scene.frame_set(20)
    for view in (2, 1):
        bpy.ops.mpsnet.cut_to_view(view=view)
    assert sorted((marker.frame, marker.name) for marker in empty_scene.timeline_markers) == [
        (1, cameras[0].name), (20, "beat"), (20, cameras[0].name)]


def test_a_cut_before_the_first_one_leaves_the_later_one(cameras, empty_scene):
    for frame, view in ((1, 2), (30, 1), (10, 1)):
        empty_scene.frame_set(frame)
        bpy.ops.mpsnet.cut_to_view(view=view)
    assert [shown(empty_scene, frame) for frame in (5, 10, 30)] == [cameras[1], cameras[0], cameras[0]]


def test_a_view_that_is_not_there_is_told(cameras):
    with pytest.raises(RuntimeError, match=r"There is no view 3: the take has 2 cameras\."):
        bpy.ops.mpsnet.cut_to_view(view=3)


def test_a_renamed_camera_is_found_although_another_object_has_its_name(cameras, empty_scene):
    name, cameras[0].name = cameras[0].name, "phone"
    empty_scene.collection.objects.link(bpy.data.objects.new(name, bpy.data.meshes.new("props")))
    bpy.ops.mpsnet.cut_to_view(view=2)
    assert empty_scene.camera == cameras[1]


def test_deleting_the_take_removes_its_cuts_only(cameras, empty_scene):
    empty_scene.timeline_markers.new("beat", frame=5)
    empty_scene.frame_set(20)
    bpy.ops.mpsnet.cut_to_view(view=2)
    bpy.ops.mpsnet.delete_take(collection=next(iter(cameras[0].users_collection)).name)
    assert [marker.name for marker in empty_scene.timeline_markers] == ["beat"]


def test_the_users_camera_comes_back_when_the_take_is_deleted(cameras, empty_scene):
    mine = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    empty_scene.collection.objects.link(mine)
    empty_scene.camera = mine
    for frame, view in ((20, 2), (30, 1)):
        empty_scene.frame_set(frame)
        bpy.ops.mpsnet.cut_to_view(view=view)
    bpy.ops.mpsnet.delete_take(collection=next(iter(cameras[0].users_collection)).name)
    assert empty_scene.camera == mine and not empty_scene.timeline_markers


def test_an_import_again_is_shown_by_its_cameras_with_the_same_cuts(cameras, empty_scene, tmp_path):
    mine = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    empty_scene.collection.objects.link(mine)
    empty_scene.timeline_markers.new("mine", frame=50).camera = mine
    empty_scene.frame_set(20)
    bpy.ops.mpsnet.cut_to_view(view=2)
    earlier = next(iter(cameras[0].users_collection)).name
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "capture"))
    first, second = (thing for thing in empty_scene.objects if thing.type == "CAMERA" and thing not in (*cameras, mine))
    assert empty_scene.camera == second
    bpy.ops.mpsnet.delete_take(collection=earlier)
    assert [shown(empty_scene, frame) for frame in (1, 19, 20, 49, 50)] == [first, first, second, second, mine]


def test_cuts_stay_with_their_cameras_where_an_import_again_has_none(cameras, empty_scene, tmp_path):
    empty_scene.frame_set(20)
    bpy.ops.mpsnet.cut_to_view(view=2)
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "capture"), with_camera=False)
    assert [marker.camera for marker in empty_scene.timeline_markers] == cameras and empty_scene.camera == cameras[1]


def test_a_capture_of_one_camera_has_nothing_to_cut_to(tmp_path, empty_scene):
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", [random_motion(9)])))
    assert not bpy.ops.mpsnet.cut_to_view.poll()
