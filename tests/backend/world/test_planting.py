"""Feet held in place as far as the picture allows: with a camera that was found, and with one whose path was not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from backend.engines.engine import CapturedPerson
from backend.world.feet_in_picture import measure_ankles_off_picture
from backend.world.placing import PlacedPerson, WorldCamera
from backend.world.planting import plant_feet
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.cleanup.foot_lock import lock_feet
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS, lower_foot, person_track, seen_from, walker, world_from_camera

FRAMES = 120
CAMERA = WorldCamera(world_from_camera()[None], 0.0, 0.0)
SHOT = SimpleNamespace(span=SimpleNamespace(size=IMAGE_SIZE), intrinsics=INTRINSICS,
                       clock=SimpleNamespace(frame_index=np.arange(FRAMES)))


def seen_walker(drift=0.0, score=0.9):
    """Return a person who walks towards the camera and whose body lies exactly over the picture. drift (m/s): the speed sideways
    of a camera that was told to stand still, so that feet slide over the floor."""
    person = walker(FRAMES, start=(0.0, 8.0), velocity=(0.0, 0.0))
    drifting = replace(person, transl=person.transl + drift * (person.timestamps - 2.0)[:, None] * (1.0, 0, 0))
    contacts = np.repeat(lower_foot(person), 2, axis=1).astype(float)
    in_world = WorldMotion(drifting.rotmats, drifting.transl, person.body.rest_joints, person.timestamps, contacts)
    seen = seen_from(drifting)
    track = person_track(seen)
    track = replace(track, score=np.full_like(track.score, score))
    return PlacedPerson(CapturedPerson(track, person.body, seen.motion, FRAMES, 0), in_world)


def off_picture(placed, in_world):
    return measure_ankles_off_picture(placed.person, in_world, SHOT, CAMERA)


def slide(motion):
    """Return the mean speed (m/s) sideways of the foot that stands."""
    ankles = motion.pose()[1][:, [7, 8], 0]
    stands = motion.contacts[1:, ::2] * motion.contacts[:-1, ::2]
    return float((np.abs(np.diff(ankles, axis=0)) * stands).sum() / stands.sum() * 30)


def test_a_body_that_lies_over_the_picture_is_off_by_nothing_and_one_moved_by_its_share_of_the_height():
    placed = seen_walker()
    assert off_picture(placed, placed.in_world).max() < 1e-6
    lifted = placed.in_world.with_pose(placed.in_world.rotmats, placed.in_world.transl + (0, 0, 0.17))
    np.testing.assert_allclose(off_picture(placed, lifted), 0.1, atol=0.006)


@pytest.mark.parametrize("drift", [0.0, 0.1])
def test_with_a_camera_that_is_right_the_picture_changes_nothing(drift):
    placed = seen_walker(drift)
    planted, locked = plant_feet(placed, 1.0, SHOT, CAMERA).in_world, lock_feet(placed.in_world)
    np.testing.assert_array_equal(planted.rotmats[:, :16], locked.rotmats[:, :16])
    np.testing.assert_array_equal(planted.transl, locked.transl)
    assert slide(planted) < 0.02


@pytest.mark.parametrize("drift", [1.0, 1.5])
def test_the_lock_yields_where_it_would_pull_feet_off_the_picture(drift):
    placed = seen_walker(drift)
    before, after = (off_picture(placed, motion) for motion in (lock_feet(placed.in_world),
                                                                plant_feet(placed, 1.0, SHOT, CAMERA).in_world))
    assert before.max() > 0.18 and after.max() < 0.1


def test_feet_that_are_not_seen_are_held():
    placed = seen_walker(1.0, score=0.2)
    np.testing.assert_array_equal(plant_feet(placed, 1.0, SHOT, CAMERA).in_world.transl, lock_feet(placed.in_world).transl)


def test_the_lock_yields_smoothly():
    placed = seen_walker(1.0)
    free, planted = placed.in_world, plant_feet(placed, 1.0, SHOT, CAMERA).in_world
    unlocked, locked, yielding = (np.abs(np.diff(motion.pose()[1][:, [7, 8]], n=2, axis=0)).max()
                                  for motion in (free, lock_feet(free), planted))
    assert yielding < 1.1 * max(unlocked, locked)
