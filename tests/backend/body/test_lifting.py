"""From landmarks to points in space: walkers and poses that a camera sees perfectly, and depths that the model gets wrong."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.body import lifting
from backend.body.lifting import LandmarkRays, landmark_weights, lift
from backend.body.proportions import make_generic_body
from backend.people.landmarks import LANDMARK, TORSO
from tests.backend.made_people import INTRINSICS, person_track, random_poses, seen_from, walker

LIMBS = [(f"{side}_{a}", f"{side}_{b}") for side in ("left", "right")
         for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))]
HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]


def as_the_model_reads(person):
    """Return a person's track with landmarks in space as the model gives them: turned as if straight ahead."""
    track, points = person_track(person), person.landmarks
    ray = (points / points[..., 2:])[:, TORSO].mean(1)
    axis = np.cross((0.0, 0.0, 1.0), ray)
    angle = np.arctan2(np.linalg.norm(axis, axis=1), ray[:, 2])
    turns = Rotation.from_rotvec(axis / np.maximum(np.linalg.norm(axis, axis=1), 1e-9)[:, None] * angle[:, None]).as_matrix()
    about = points - points[:, HIPS].mean(1, keepdims=True)
    return replace(track, world=np.einsum("tji,tkj->tki", turns, about))


def limb_degrees(found, true):
    """Return the angles (T, 8) in degrees between the limbs of two sets of landmarks."""
    angles = []
    for first, second in LIMBS:
        a, b = (points[:, LANDMARK[second]] - points[:, LANDMARK[first]] for points in (found, true))
        angles.append(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(1))))
    return np.stack(angles, axis=1)


@pytest.mark.parametrize("place", [(0.0, 4.0), (-1.5, 4.0), (1.5, 6.0)])
def test_a_person_who_is_seen_and_read_perfectly_comes_back_wherever_in_the_picture(place):
    person = seen_from(walker(60, start=place, velocity=(0.2, 0.1), heading_degrees=30), pitch_degrees=8)
    lifted = lift(as_the_model_reads(person), INTRINSICS, 1.7)
    assert limb_degrees(lifted.points, person.landmarks).mean() < 3
    assert np.abs(lifted.points[..., 2].mean(1) / person.landmarks[..., 2].mean(1) - 1).max() < 0.04
    np.testing.assert_allclose(lifted.points, lifted.point_rays * lifted.points[..., 2:], atol=1e-9)      # on their rays
    assert lifted.body.stature == 1.7


def test_the_model_only_gives_the_shape_and_the_stature_gives_the_size():
    person = seen_from(walker(40))
    track = as_the_model_reads(person)
    larger = lift(replace(track, world=1.3 * track.world), INTRINSICS, 1.7)
    taller = lift(track, INTRINSICS, 1.7 * 1.2)
    usual = lift(track, INTRINSICS, 1.7)
    np.testing.assert_allclose(larger.points[..., 2].mean(), usual.points[..., 2].mean(), rtol=0.02)
    np.testing.assert_allclose(taller.points[..., 2].mean(), 1.2 * usual.points[..., 2].mean(), rtol=0.02)


def test_a_lean_that_the_model_adds_is_taken_off():
    person = seen_from(walker(40))
    track = as_the_model_reads(person)
    lean = np.radians(10)
    towards = Rotation.from_rotvec((lean, 0, 0)).as_matrix()        # up (0, -1, 0) goes to -z: towards the camera
    leaning = replace(track, world=track.world @ towards.T)
    upright = (person.landmarks[:, LANDMARK["nose"]] - person.landmarks[:, HIPS].mean(1))[:, 2]

    def nose_ahead(lifted):
        return (lifted.points[:, LANDMARK["nose"]] - lifted.points[:, HIPS].mean(1))[:, 2]

    assert np.abs(nose_ahead(lift(leaning, INTRINSICS, 1.7)) - upright).mean() > 0.08
    assert np.abs(nose_ahead(lift(leaning, INTRINSICS, 1.7, lean)) - upright).mean() < 0.03


def test_the_length_of_limbs_corrects_depths_that_the_model_gets_wrong():
    person = random_poses(80)
    track = as_the_model_reads(person)
    hand = [LANDMARK[f"left_{name}"] for name in ("wrist", "pinky", "index", "thumb")]
    world = track.world.copy()
    world[:, hand, 2] += np.random.default_rng(0).normal(0, 0.2, (80, 1))
    points = lift(replace(track, world=world), INTRINSICS, 1.7).points
    wrist, elbow = LANDMARK["left_wrist"], LANDMARK["left_elbow"]
    true = person.landmarks[:, wrist] - person.landmarks[:, elbow]
    model_depth = world[:, wrist, 2] - world[:, elbow, 2] - true[:, 2]
    left = points[:, wrist, 2] - points[:, elbow, 2] - true[:, 2]
    assert np.median(np.abs(left)) < 0.5 * np.median(np.abs(model_depth))
    length = np.linalg.norm(true, axis=1).mean()
    assert np.abs(np.linalg.norm(points[:, wrist] - points[:, elbow], axis=1) / length - 1).mean() < 0.12


def test_hands_and_feet_follow_the_ends_of_their_limbs():
    person = random_poses(20)
    track = as_the_model_reads(person)
    points = lift(replace(track, world=track.world * (1, 1, 0.7)), INTRINSICS, 1.7).points
    wrist, index = LANDMARK["left_wrist"], LANDMARK["left_index"]
    expected = 0.7 * (person.landmarks[:, index, 2] - person.landmarks[:, wrist, 2])
    np.testing.assert_allclose(points[:, index, 2] - points[:, wrist, 2], expected, atol=0.02)


def test_landmarks_count_by_their_squared_score_and_guesses_a_little():
    np.testing.assert_allclose(landmark_weights(np.array((0.0, 0.01, 0.5, 1.0, 1.2))), (0.0004, 0.0004, 0.25, 1.0, 1.0))


def test_unseen_landmarks_are_filled_from_the_frames_around():
    person = seen_from(walker(40, velocity=(0, 0)))
    track = as_the_model_reads(person)
    knee = LANDMARK["left_knee"]
    xy, score = track.xy.copy(), track.score.copy()
    xy[20, knee] += 200.0
    score[20, knee] = 0.0
    moved = lift(replace(track, xy=xy, score=score), INTRINSICS, 1.7).point_rays[20, knee]
    assert np.linalg.norm(moved - lift(track, INTRINSICS, 1.7).point_rays[20, knee]) < 0.01


def test_depths_do_not_leap_between_two_possible_ones():
    person = seen_from(walker(60, velocity=(0, 0), heading_degrees=90))        # arms and legs swing towards the camera
    points = lift(as_the_model_reads(person), INTRINSICS, 1.7).points
    truth = np.abs(np.diff(person.landmarks[..., 2], axis=0)).max()
    assert np.abs(np.diff(points[..., 2], axis=0)).max() < 2 * truth + 0.02


def test_rays_of_some_frames_are_those_frames():
    person = seen_from(walker(10))
    lifted = lift(as_the_model_reads(person), INTRINSICS, 1.7)
    part = lifted.at(slice(2, 5))
    assert isinstance(part, LandmarkRays) and part.body is lifted.body
    np.testing.assert_array_equal(part.point_rays, lifted.point_rays[2:5])
    np.testing.assert_array_equal(part.weights, lifted.weights[2:5])
    np.testing.assert_array_equal(part.timestamps, lifted.timestamps[2:5])


def cheapest(wanted, steps, sigma=0.1):
    """Return the offsets that are chosen where each frame's cost is ((offset - wanted) / sigma)^2, steps in seconds."""
    cost = ((lifting._DEPTH_CANDIDATES - np.asarray(wanted)[:, None, None]) / sigma) ** 2
    return lifting._find_smoothest_minimum(cost, np.asarray(steps))[:, 0]


def test_each_frames_cheapest_depth_is_taken_where_there_is_time_to_change():
    wanted = np.array((-0.3, 0.123, 0.31, 0.0))
    np.testing.assert_allclose(cheapest(wanted, (100.0, 100.0, 100.0)), wanted, atol=1e-9)
    np.testing.assert_allclose(cheapest(wanted[:1], ()), wanted[:1], atol=1e-9)


@pytest.mark.parametrize(("wanted", "steps"), [
    ((-0.2, 0.2), (0.1,)), ((-0.2, 0.2), (0.3,)), ((0.0, 0.3, 0.1, -0.2), (0.05, 0.2, 0.1)),
    ((-0.2,) * 5 + (0.3,) + (-0.2,) * 5, (1 / 30,) * 10),           # cheaper for a moment: not leapt to
])
def test_a_depths_change_costs_by_a_metre_a_second(wanted, steps):
    """The least of sum ((x_t - wanted_t) / sigma)^2 + sum ((x_t - x_t-1) / (1 m/s step))^2, to a candidate's 1.5 cm."""
    changes = np.diff(np.eye(len(wanted)), axis=0) / np.array(steps)[:, None]
    least = np.linalg.solve(np.eye(len(wanted)) / 0.1 ** 2 + changes.T @ changes, np.array(wanted) / 0.1 ** 2)
    np.testing.assert_allclose(cheapest(wanted, steps), least, atol=0.016)


def limbs_of(points, weights=None):
    """Return by what factor landmarks (33, 3) must grow to have the size of an average body."""
    weights = np.ones((1, 33)) if weights is None else weights
    return lifting.compute_scale(points[None], weights, make_generic_body(1.7))


def test_limbs_and_torso_that_are_seen_larger_are_scaled_to_the_body():
    rest = make_generic_body(1.7).rest_landmarks
    assert limbs_of(rest) == pytest.approx(1.0) and limbs_of(2.5 * rest) == pytest.approx(0.4)
    longer, weights = rest.copy(), np.ones((1, 33))
    longer[LANDMARK["left_wrist"]] += 3 * (rest[LANDMARK["left_wrist"]] - rest[LANDMARK["left_elbow"]])
    lengths = {pair: np.linalg.norm(rest[LANDMARK[pair[0]]] - rest[LANDMARK[pair[1]]]) for pair in (
        *LIMBS, ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"))}
    share = lengths["left_elbow", "left_wrist"] / sum(lengths.values())
    assert limbs_of(longer) == pytest.approx(4.0 ** -share)             # the mean of logarithms, weighted by lengths
    weights[0, LANDMARK["left_wrist"]] = 0.0
    assert limbs_of(longer, weights) == pytest.approx(1.0)              # a limb with an unseen end is not measured


def test_the_end_of_a_limb_moves_along_its_ray_to_where_length_and_depth_agree_best():
    """A forearm across the view, read 15 cm too far away, by errors of 5 cm in length and 10 cm in depth."""
    body = make_generic_body(1.7)
    points = body.rest_landmarks * (1, -1, -1) + (0, 0, 50.0)           # far away: rays are nearly parallel
    wrist, elbow, fingers = LANDMARK["left_wrist"], LANDMARK["left_elbow"], [LANDMARK["left_index"], LANDMARK["left_thumb"]]
    read = points.copy()
    read[[wrist, *fingers], 2] += 0.15
    rays = points / points[:, 2:]
    read = rays * read[:, 2:]
    found = lifting._correct_foreshortening(read[None], rays[None], np.zeros(1), body)[0]
    true = np.linalg.norm(points[wrist] - points[elbow])
    across = np.linalg.norm((points[wrist] - points[elbow])[:2])
    offsets = np.linspace(-0.3, 0.3, 6001)
    cost = ((np.hypot(across, points[wrist, 2] - points[elbow, 2] + 0.15 + offsets) - true) / 0.05) ** 2 + (offsets / 0.1) ** 2
    expected = 0.15 + offsets[cost.argmin()]
    assert 0.03 < expected < 0.14
    assert found[wrist, 2] - points[wrist, 2] == pytest.approx(expected, abs=2e-3)
    np.testing.assert_allclose(found[fingers, 2] - points[fingers, 2], expected, atol=2e-3)         # fingers go along
    np.testing.assert_allclose(found / found[:, 2:], rays, atol=1e-12)
    np.testing.assert_allclose(found[LANDMARK["right_wrist"]], points[LANDMARK["right_wrist"]], atol=2e-3)
