from dataclasses import replace

import numpy as np
import pytest

from backend.body.camera_placement import fit_in_camera
from tests.backend.made_people import lifted_track, random_poses, seen_from, walker


def test_a_walker_stands_before_the_camera_where_the_landmarks_are():
    person = seen_from(walker(90, start=(0.5, 5.0)), pitch_degrees=10)
    placed = fit_in_camera(lifted_track(person), person.rotmats)
    np.testing.assert_allclose(placed.transl, person.transl, atol=0.03)
    np.testing.assert_array_equal(placed.rotmats, person.rotmats)
    assert placed.stature == 1.7 and placed.rest_joints is person.body.rest_joints


def still_pose(frames):
    """Return a person in one constant pose, 4 m in front of the camera."""
    person = random_poses(1)
    return replace(person, rotmats=person.rotmats.repeat(frames, 0), transl=person.transl.repeat(frames, 0),
                   timestamps=np.arange(frames) / 30)


def test_a_person_who_stands_still_is_placed_exactly():
    still = still_pose(30)
    placed = fit_in_camera(lifted_track(still), still.rotmats)
    np.testing.assert_allclose(placed.transl, still.transl, atol=1e-5)


def test_trembling_rays_move_the_body_little_and_its_distance_less():
    still = still_pose(150)
    lifted = lifted_track(still)
    noise = np.random.default_rng(0).normal(0, 0.01, (150, 1, 3)) * (1, 1, 0)
    placed = fit_in_camera(replace(lifted, point_rays=lifted.point_rays + noise), still.rotmats)
    sideways = (placed.transl - still.transl)[:, :2].std(0)
    assert (sideways < 0.6 * 0.01 * 4).all() and (sideways > 0.1 * 0.01 * 4).all()
    larger = 1 + np.random.default_rng(1).normal(0, 0.03, (150, 1, 1)) * (1, 1, 0)
    middle = lifted.point_rays.mean(1, keepdims=True)
    placed = fit_in_camera(replace(lifted, point_rays=middle + (lifted.point_rays - middle) * larger), still.rotmats)
    assert placed.transl[:, 2].std() < 0.35 * 0.03 * 4


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_landmarks_that_are_not_seen_do_not_pull(weight):
    still = still_pose(20)
    lifted = lifted_track(still)
    rays, weights = lifted.point_rays.copy(), lifted.weights.copy()
    rays[:, :10, 0] += 0.1
    weights[:, :10] = weight
    off = np.abs(fit_in_camera(replace(lifted, point_rays=rays, weights=weights), still.rotmats).transl - still.transl).max()
    assert (off < 1e-5) == (weight == 0.0)
