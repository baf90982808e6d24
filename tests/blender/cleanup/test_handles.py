"""Handles of the clean-up in the 3D view: where they are, and what pulling them sets."""

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.cleanup.test_cleanup import file_motion


@pytest.fixture
def handles(extension):
    return extension("doors.cleanup.handles")


@pytest.fixture(params=[1.0, 0.01])
def person(request, tmp_path, empty_scene):
    empty_scene.unit_settings.scale_length = request.param
    write_motion(tmp_path / "walk.npz", file_motion(60))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    return bpy.context.active_object


def test_the_handles_lie_on_the_floor_and_above_the_head(person, handles):
    bpy.context.scene.frame_set(20)
    floor, level = handles.find_places(person)
    pelvis, head = (person.pose.bones[name].head for name in ("pelvis", "head"))
    np.testing.assert_allclose(floor, (pelvis.x, pelvis.y, 0), atol=1e-6 * person.mpsnet_cleanup.units_per_metre)
    np.testing.assert_allclose(level, (head.x, head.y, head.z + 0.25 * person.mpsnet_cleanup.units_per_metre), rtol=1e-5)


def test_pulling_a_handle_sets_its_setting_and_moves_the_handle_there(person, handles):
    metre = person.mpsnet_cleanup.units_per_metre
    handles.move_handle("floor_offset", -0.2 * metre)
    handles.move_handle("level", 0.25 * metre)
    assert person.mpsnet_cleanup.floor_offset == pytest.approx(-0.2 * metre)
    assert person.mpsnet_cleanup.level == pytest.approx(0.5)
    assert handles.read_handle("floor_offset") == pytest.approx(-0.2 * metre)
    handles.move_handle("level", 3 * metre)
    assert person.mpsnet_cleanup.level == 1.0 and handles.read_handle("level") == pytest.approx(0.5 * metre)


def test_handles_are_there_for_a_person_and_its_body_and_can_be_switched_off(person, handles):
    shows = handles.MPSNET_GGT_cleanup.poll
    assert shows(bpy.context)
    bpy.context.view_layer.objects.active = person.children[0]
    assert shows(bpy.context) and handles.read_handle("floor_offset") == 0.0
    person.mpsnet_cleanup.shows_handles = False
    assert not shows(bpy.context)
    bpy.context.view_layer.objects.active = None
    assert not shows(bpy.context) and handles.read_handle("level") == 0.0
