from dataclasses import replace

import numpy as np
import pytest

from backend.people.landmarks import LANDMARK
from backend.world import root_solve
from backend.world.root_solve import Sight, solve_root_path
from backend.world.soles import find_other_undersides, find_soles
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.made_people import walker

DOWN = np.array((0.0, 0.0, -1.0))
FEET = np.array([LANDMARK[name] for name in ("left_heel", "left_foot_index", "right_heel", "right_foot_index")])
LOOKING = np.array(((1.0, 0, 0), (0, 0, 1.0), (0, -1.0, 0)))     # camera axes in columns, level, along +y


def sight_of(person, places, turns=None):
    """Return what cameras at places (T, 3), level or turned by (T, 3, 3), see of a walker in the world."""
    frame_count = len(person.timestamps)
    world_from_cam = np.tile(np.eye(4), (frame_count, 1, 1))
    world_from_cam[:, :3, :3] = LOOKING if turns is None else turns @ LOOKING
    world_from_cam[:, :3, 3] = places
    seen = np.einsum("tji,tkj->tki", world_from_cam[:, :3, :3], person.landmarks - world_from_cam[:, None, :3, 3])
    at_origin = replace(person, transl=np.zeros_like(person.transl))
    lowest = find_other_undersides(at_origin.joints, person.body.stature, DOWN)[..., 2].min(1)
    return Sight(at_origin.landmarks, find_soles(at_origin.joints, person.body.stature, DOWN), lowest, seen / seen[..., 2:],
                 np.ones(seen.shape[:2]), FEET, world_from_cam, person.timestamps)


def errors(sight, contacts, person):
    return np.linalg.norm(solve_root_path(sight, contacts) - person.transl, axis=1)


def test_a_walker_who_is_seen_perfectly_is_placed_perfectly():
    person = walker(120, velocity=(0.4, 0.5))
    assert errors(sight_of(person, (0, 0, 1.4)), np.zeros((120, 4)), person).max() < 0.02


def test_a_moving_cameras_walker_keeps_the_path_through_the_world():
    person = walker(120, velocity=(0.4, 0.5))
    places = np.column_stack([np.linspace(-1, 2, 120), np.sin(np.linspace(0, 6, 120)), np.full(120, 1.4)])
    assert errors(sight_of(person, places), np.zeros((120, 4)), person).max() < 0.02


def flat_footed(frame_count=120):
    """Return somebody who stands still on the floor, and the true contacts."""
    person = walker(frame_count, velocity=(0, 0))
    person.rotmats[:, [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("hip", "knee", "ankle")]] = np.eye(3)
    rotmats, transl = (np.repeat(first, frame_count, axis=0) for first in (person.rotmats[:1], person.transl[:1]))
    still = replace(person, rotmats=rotmats, transl=transl)
    lowest = find_soles(still.joints, still.body.stature, DOWN)[0, :, 2].min()
    return replace(still, transl=still.transl - (0, 0, lowest)), np.ones((frame_count, 4))


def test_planted_feet_give_the_distance_where_the_size_of_the_body_misleads():
    person, contacts = flat_footed()
    sight = sight_of(person, (0, 0, 1.4))
    # A squat that the pose misses: for a second the body looks smaller about the feet than it is, as if it were farther.
    feet = sight.rays[:, FEET].mean(1, keepdims=True)
    share = 1 - 0.06 * np.exp(-0.5 * ((person.timestamps - 2) / 0.4) ** 2)[:, None, None]
    shrunk = replace(sight, rays=feet + share * (sight.rays - feet))
    lifted, standing = (np.abs(solve_root_path(shrunk, own) - person.transl)[50:70, 1].mean() for own in (0 * contacts, contacts))
    assert lifted > 0.12 and standing < 0.5 * lifted


def test_a_jump_is_not_pulled_to_the_floor_and_keeps_its_distance():
    person, contacts = flat_footed(150)
    times = person.timestamps - 2.0
    height = np.maximum(0.0, 0.45 - 0.5 * 9.81 * times ** 2)
    jump = replace(person, transl=person.transl + height[:, None] * (0, 0, 1.0))
    contacts[height > 0.02] = 0
    path = solve_root_path(sight_of(jump, (0, 0, 1.4)), contacts)
    assert (path - jump.transl)[60, 2] == pytest.approx(0, abs=0.05)
    assert np.abs(path - jump.transl)[:, 1].max() < 0.06


def test_a_step_up_that_is_taken_for_floor_is_kept():
    person, contacts = flat_footed(180)
    stairs = replace(person, transl=person.transl + np.repeat((0.0, 0.0, 0.35), 60)[:, None] * (0, 0, 1.0))
    path = solve_root_path(sight_of(stairs, (0, 0, 1.4)), contacts)
    assert np.median(path[130:, 2] - stairs.transl[130:, 2]) > -0.06


def test_noise_in_size_moves_the_root_less_than_noise_across_the_view():
    person, contacts = flat_footed(240)
    sight = sight_of(person, (0, 0, 1.4))
    generator = np.random.default_rng(1)
    noisy = replace(sight, rays=sight.rays + np.append(generator.normal(0, 0.004, (240, 33, 2)), np.zeros((240, 33, 1)), axis=2))
    path = solve_root_path(noisy, contacts)
    speed = np.abs(np.diff(path - person.transl, axis=0)) * 30
    assert speed.mean(0).max() < 0.06


def test_a_person_who_lies_is_not_under_the_floor():
    person = walker(90, velocity=(0, 0))
    lying = person.rotmats.copy()
    lying[:, 0] = np.array(((0.0, 1, 0), (-1, 0, 0), (0, 0, 1))) @ np.array(((1.0, 0, 0), (0, 0, -1), (0, 1, 0))) @ lying[:, 0]
    flat = replace(person, rotmats=lying)
    lowest = find_other_undersides(flat.joints, flat.body.stature, DOWN)[..., 2].min(1)
    flat = replace(flat, transl=flat.transl - lowest[:, None] * (0, 0, 1.0))
    sight = sight_of(flat, (0, 0, 1.4))
    sunk = replace(sight, rays=sight.rays + np.array((0.0, 0.03, 0.0)))             # 12 cm too low in the picture
    assert (solve_root_path(replace(sunk, lowest=sunk.lowest + 9), np.zeros((90, 4))) - flat.transl)[:, 2].mean() < -0.08
    held = solve_root_path(sunk, np.zeros((90, 4)))
    assert (held - flat.transl)[:, 2].mean() > -0.04
    assert np.abs((held - flat.transl)[:, 0]).max() < 0.01         # lifted, and not pushed aside


@pytest.mark.parametrize(("forward", "weights"), [
    ((0, 1, 0), (1 / 36, 1 / 1.44, 1 / 144)),                   # aside 6, towards the camera 1.2, up 12 metres a second^2
    ((1, 0, 0), (1 / 1.44, 1 / 36, 1 / 144)),
    ((0, 0.6, -0.8), (1 / 36, 0.36 / 1.44 + 0.64 / 36, 0.36 / 144 + 0.64 / 1.44)),      # looking down, up is towards it too
])
def test_inertia_weighs_accelerations_by_how_the_camera_looks(forward, weights):
    sight = sight_of(walker(4), (0, 0, 1.4))
    poses = sight.world_from_cam.copy()
    poses[:, :3, 2] = forward
    times = np.array((0.0, 0.1, 0.3, 0.4))
    coefficients, found = root_solve._inertia(replace(sight, world_from_cam=poses, timestamps=times))
    np.testing.assert_allclose(coefficients @ (1, 1, 1), 0.0, atol=1e-9)                    # who stands changes no speed
    places = times ** 2
    changes = np.diff(np.diff(places) / np.diff(times))
    np.testing.assert_allclose([row @ places[t:t + 3] for t, row in enumerate(coefficients)], changes, atol=1e-9)
    span = 0.15             # seconds for which a frame stands, of 1 / 30 over which errors stay alike
    np.testing.assert_allclose(found[0], np.diag(weights) / (span / 30), rtol=1e-9, atol=1e-9)


def test_a_long_gap_holds_nobody_to_the_spot():
    person, contacts = flat_footed(60)
    later = np.repeat((0.0, 1.0), 30)
    apart = replace(person, timestamps=person.timestamps + 4 * later, transl=person.transl + later[:, None] * (2.0, 0, 0))
    path = solve_root_path(sight_of(apart, (0, 0, 1.4)), contacts)
    assert abs(path[45, 0] - path[15, 0] - 2.0) < 0.03


def test_the_frame_rate_changes_nothing():
    slow, fast = walker(61, fps=30, velocity=(0.3, 0.6)), walker(241, fps=120, velocity=(0.3, 0.6))
    paths = []
    for person in (slow, fast):
        sight = sight_of(person, (0, 0, 1.4))
        wobble = 0.01 * np.sin(9 * person.timestamps)[:, None, None] * (0, 1, 0)
        paths.append(solve_root_path(replace(sight, rays=sight.rays + wobble), np.zeros((len(person.timestamps), 4))))
    np.testing.assert_allclose(paths[0], paths[1][::4], atol=0.012)


@pytest.mark.parametrize("frame_count", (1, 2, 3))
def test_a_few_frames_do(frame_count):
    person = walker(frame_count)
    assert errors(sight_of(person, (0, 0, 1.4)), np.zeros((frame_count, 4)), person).max() < 0.05
