"""Clean-up that follows its settings, and what undo makes of it."""

import time

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.cleanup.test_cleanup import file_motion, heads, key_values

PELVIS_HEIGHT = ('pose.bones["pelvis"].location', 1)


@pytest.fixture
def live(extension):
    return extension("scene.cleanup.live_cleanup")


@pytest.fixture
def armature(tmp_path, empty_scene):
    write_motion(tmp_path / "walk.npz", file_motion())
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    return bpy.context.active_object


def let_it_follow(live) -> int:
    """Call the timer's function as Blender does, until it ends; return the number of calls."""
    calls = 0
    while (seconds := live.tick()) is not None:
        time.sleep(seconds)
        calls += 1
        assert calls < 1000
    return calls


def test_the_motion_follows_a_setting(armature, live):
    before = heads(armature, (10, 60))
    armature.mpsnet_cleanup.floor_offset = 0.25
    assert np.array_equal(heads(armature, (10, 60)), before)        # the change itself takes no time
    let_it_follow(live)
    np.testing.assert_allclose(heads(armature, (10, 60)) - before, np.broadcast_to((0, 0, 0.25), before.shape), atol=2e-3)


def test_the_last_of_many_settings_wins(armature, live):
    for level in np.linspace(0, 1, 30):
        armature.mpsnet_cleanup.level = level
        live.tick()
    armature.mpsnet_cleanup.foot_lock = 0.3
    let_it_follow(live)
    followed = key_values(armature)
    bpy.ops.mpsnet.clean_motion(armature=armature.name, level=1.0, foot_lock=0.3)
    for name, points in key_values(armature).items():
        np.testing.assert_array_equal(followed[name], points)


def test_what_a_setting_has_reached_is_not_computed_again(armature, live):
    bpy.ops.mpsnet.clean_motion(armature=armature.name, smooth_arms=0.5)
    assert live.tick() is None
    armature.mpsnet_cleanup.smooth_arms = 0.5
    assert live.tick() is None
    bpy.ops.mpsnet.reset_motion(armature=armature.name)
    assert live.tick() is None
    armature.mpsnet_cleanup.smooth_arms = 0.4
    assert let_it_follow(live) > 0


def test_without_live_the_motion_waits_for_the_button(armature, live):
    before = key_values(armature)
    armature.mpsnet_cleanup.is_live = False
    armature.mpsnet_cleanup.floor_offset = 0.25
    assert live.tick() is None
    for name, points in key_values(armature).items():
        np.testing.assert_array_equal(points, before[name])
    armature.mpsnet_cleanup.is_live = True
    let_it_follow(live)
    assert key_values(armature)[PELVIS_HEIGHT][0, 1] == pytest.approx(before[PELVIS_HEIGHT][0, 1] + 0.25, abs=2e-3)


def test_undo_between_a_setting_and_its_keys_leaves_both_in_agreement(armature, live):
    name = armature.name
    bpy.ops.ed.undo_push(message="Import")
    before = key_values(armature)
    armature.mpsnet_cleanup.floor_offset = 0.25
    bpy.ops.ed.undo_push(message="Floor Offset")        # Blender's step at the release of the slider
    let_it_follow(live)
    bpy.ops.ed.undo()
    armature = bpy.data.objects[name]
    assert armature.mpsnet_cleanup.floor_offset == 0.0 and live.tick() is None
    for channel, points in key_values(armature).items():
        np.testing.assert_array_equal(points, before[channel])
    bpy.ops.ed.redo()
    armature = bpy.data.objects[name]
    assert armature.mpsnet_cleanup.floor_offset == 0.25 and live.tick() is None
    assert key_values(armature)[PELVIS_HEIGHT][0, 1] == pytest.approx(before[PELVIS_HEIGHT][0, 1] + 0.25, abs=2e-3)


def test_a_deleted_or_linked_armature_is_left_alone(armature, live):
    armature.mpsnet_cleanup.floor_offset = 0.25
    bpy.data.objects.remove(armature)
    assert live.tick() is None


def test_figures_before_and_after_are_kept_until_reset(armature, live):
    kept = armature.mpsnet_cleanup
    before = kept.imported_foot_slide_mm_per_second
    assert before == kept.foot_slide_mm_per_second
    kept.foot_lock = 0.0
    let_it_follow(live)
    assert kept.foot_slide_mm_per_second > 2 * before and kept.imported_foot_slide_mm_per_second == before
    bpy.ops.mpsnet.reset_motion(armature=armature.name)
    assert kept.foot_slide_mm_per_second == pytest.approx(before, abs=0.01)      # stored as 32-bit numbers


def test_a_loop_ends_on_a_whole_frame(tmp_path, empty_scene, live):
    empty_scene.render.fps = 25
    write_motion(tmp_path / "walk.npz", file_motion())
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), start_frame=3)
    armature = bpy.context.active_object
    armature.mpsnet_cleanup.loop = True
    let_it_follow(live)
    frames = key_values(armature)[PELVIS_HEIGHT][:, 0]
    assert frames[0] == 3 and frames[-1] == pytest.approx(round(frames[-1]), abs=1e-4)
    assert frames[-1] - frames[0] == pytest.approx(round(1.1 * 25), abs=1)


def test_most_of_a_long_clean_up_does_not_hold_blender_up(tmp_path, empty_scene, live):
    write_motion(tmp_path / "long.npz", file_motion(10_000))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "long.npz"))
    started = time.perf_counter()
    bpy.ops.mpsnet.clean_motion(level=0.3)
    whole, longest = time.perf_counter() - started, 0.0
    bpy.context.active_object.mpsnet_cleanup.level = 0.5
    while True:
        started = time.perf_counter()
        seconds = live.tick()
        longest = max(longest, time.perf_counter() - started)
        if seconds is None:
            break
        time.sleep(seconds)
    print(f"longest call {longest:.2f} s of {whole:.2f} s")
    assert longest < 0.7 * whole


def test_a_long_motion_is_keyed_when_the_hand_pauses(tmp_path, empty_scene, live):
    write_motion(tmp_path / "long.npz", file_motion(2100))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "long.npz"))
    armature = bpy.context.active_object
    before = key_values(armature)[PELVIS_HEIGHT]
    dragged_until = time.monotonic() + 2.0
    while time.monotonic() < dragged_until:
        armature.mpsnet_cleanup.floor_offset += 0.001
        live.tick()
        time.sleep(0.02)
    np.testing.assert_array_equal(key_values(armature)[PELVIS_HEIGHT], before)
    let_it_follow(live)
    raised = key_values(armature)[PELVIS_HEIGHT][0, 1] - before[0, 1]
    assert raised == pytest.approx(armature.mpsnet_cleanup.floor_offset, abs=0.01)
