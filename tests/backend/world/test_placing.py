"""Everybody on the floor, from walkers that a camera sees perfectly."""

import numpy as np
import pytest

from backend.engines.engine import CapturedPerson
from backend.people.landmarks import LANDMARK
from backend.world.placing import seen_feet, sight_of
from backend.world.soles import soles
from tests.backend.made_people import INTRINSICS, person_track, seen_from, walker, world_from_camera

DOWN = np.array((0.0, 0.0, -1.0))
FEET = [LANDMARK[name] for name in ("left_heel", "left_foot_index", "right_heel", "right_foot_index")]


def sighted(pitch, frame_count=60):
    """Return a walker in the world and what a camera that looks so many degrees down sees of the feet."""
    true = walker(frame_count)
    seen = seen_from(true, pitch)
    person = CapturedPerson(person_track(seen), seen.body, seen.motion, frame_count, 0)
    cameras = np.tile(world_from_camera(pitch), (frame_count, 1, 1))
    return true, seen_feet(sight_of(person, true.rotmats, INTRINSICS, cameras), true.transl)


@pytest.mark.parametrize("pitch", [0, 20])
def test_feet_are_seen_where_their_landmarks_are_heels_and_toes_apart(pitch):
    true, feet = sighted(pitch)
    landmarks = true.landmarks[:, FEET]
    # A shoe's heel landmark lies 55 mm over the sole, that of the toes 25 mm.
    np.testing.assert_allclose(feet.seen, landmarks - np.array((0.055, 0.025, 0.055, 0.025))[:, None] * (0, 0, 1), atol=1e-9)
    assert np.linalg.norm(landmarks[:, 0] - landmarks[:, 1], axis=-1).min() > 0.15      # so that heels are not taken for toes


@pytest.mark.parametrize("pitch", [0, 20])
def test_feet_are_posed_where_the_body_has_its_soles(pitch):
    true, feet = sighted(pitch)
    np.testing.assert_allclose(feet.posed, soles(true.joints, true.body.stature, DOWN), atol=1e-9)
    assert np.abs(feet.seen - feet.posed).max() < 0.12          # each sole beside its landmark


def test_feet_are_seen_from_the_cameras_place_and_right():
    _, feet = sighted(20)
    np.testing.assert_allclose(feet.camera, np.tile((0, 0, 1.4), (60, 1)), atol=1e-12)
    np.testing.assert_allclose(feet.right, np.tile((1, 0, 0), (60, 1)), atol=1e-12)
    assert feet.timestamps[-1] == pytest.approx(59 / 30)
