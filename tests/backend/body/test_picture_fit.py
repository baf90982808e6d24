from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.banded import banded_product, solve_frames, squared_accelerations
from backend.body.lifting import LandmarkRays
from backend.body.picture_fit import (
    DEFAULT_PRIOR,
    Picture,
    _Problem,
    fit_to_picture,
)
from backend.people.landmarks import LANDMARK
from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.angles import angle_between
from tests.backend.made_people import lifted_track, seen_from, walker

FOCAL = 1200.0
HANDS = [JOINT["left_hand"], JOINT["right_hand"]]


@pytest.fixture(scope="module")
def person():
    return seen_from(walker(60, velocity=(0.0, 0.3)))


def frames(motion: CameraMotion) -> np.ndarray:
    return np.arange(len(motion.transl))


def perturbed(motion: CameraMotion, radians: float) -> CameraMotion:
    """Return the motion with every joint turned back and forth slowly, by up to so many radians about each axis."""
    rng = np.random.default_rng(1)
    pace, phase = rng.uniform(0.2, 0.8, (24, 3)), rng.uniform(0, 2 * np.pi, (24, 3))
    rotvecs = radians * np.sin(2 * np.pi * pace * motion.timestamps[:, None, None] + phase)
    rotvecs[:, HANDS] = 0.0
    added = Rotation.from_rotvec(rotvecs.reshape(-1, 3)).as_matrix().reshape(motion.rotmats.shape)
    return replace(motion, rotmats=motion.rotmats @ added)


def distance_in_picture(motion: CameraMotion, seen: LandmarkRays) -> np.ndarray:
    """Return the landmarks' distances (T, 33) in px from where they were seen."""
    points = seen.body.posed_landmarks(*motion.pose())
    return FOCAL * np.linalg.norm(points[..., :2] / points[..., 2:] - seen.point_rays[..., :2], axis=-1)


def joint_error(motion: CameraMotion, truth: CameraMotion) -> float:
    """Return the mean distance of joints in metres, about the pelvis."""
    ours, theirs = motion.pose()[1], truth.pose()[1]
    return float(np.linalg.norm(ours - ours[:, :1] - theirs + theirs[:, :1], axis=-1).mean())


def test_the_truth_as_prior_stays_put(person):
    refined = fit_to_picture(person.motion, lifted_track(person), frames(person.motion))
    assert np.abs(refined.rotmats - person.motion.rotmats).max() < 1e-6
    assert np.abs(refined.transl - person.motion.transl).max() < 1e-6


def test_a_perturbed_pose_comes_back_over_the_landmarks_and_nearer_to_the_truth(person):
    seen, start = lifted_track(person), perturbed(person.motion, 0.1)
    refined = fit_to_picture(start, seen, frames(start))
    assert distance_in_picture(refined, seen).mean() < 0.12 * distance_in_picture(start, seen).mean()
    assert joint_error(refined, person.motion) < 0.55 * joint_error(start, person.motion)


def test_the_slopes_are_those_of_the_cost(person):
    seen = lifted_track(person)
    problem = _Problem(perturbed(person.motion, 0.1), [Picture(seen, np.eye(4)[None])], frames(person.motion),
                       replace(DEFAULT_PRIOR, turn=np.tile(DEFAULT_PRIOR.turn, (60, 1))))

    def cost() -> float:    # without outliers, Cauchy's cost is the square
        points = seen.body.posed_landmarks(*replace(person.motion, rotmats=problem.rotmats, transl=problem.transl).pose())
        apart = (points[..., :2] / points[..., 2:] - seen.point_rays[..., :2]) * distance[:, None, None]
        return 0.5 * float((problem._weights[0][..., None] * apart ** 2).sum())

    points = seen.body.posed_landmarks(*perturbed(person.motion, 0.1).pose())
    distance = np.median(points[..., 2], axis=1)
    _, slope = problem._landmark_equations(1e6)
    direction = np.random.default_rng(0).normal(size=slope.shape)
    start, step = (problem.rotmats, problem.transl), 1e-6
    costs = []
    for sign in (1, -1):
        problem.rotmats, problem.transl = start
        problem._move(sign * step * direction)
        costs.append(cost())
    # The distance moves with the body too, by far less: a per cent.
    assert (costs[0] - costs[1]) / (2 * step) == pytest.approx((slope * direction).sum(), rel=0.02)


def test_an_arm_that_is_not_seen_stays_with_the_prior(person):
    seen = lifted_track(person)
    hidden = [LANDMARK[f"left_{name}"] for name in ("elbow", "wrist", "pinky", "index", "thumb")]
    start = perturbed(person.motion, 0.1)
    weights = seen.weights.copy()
    weights[:, hidden] = 0.0
    refined = fit_to_picture(start, replace(seen, weights=weights), frames(start))
    for joint in ("elbow", "wrist"):
        assert angle_between(refined.rotmats[:, JOINT[f"left_{joint}"]], start.rotmats[:, JOINT[f"left_{joint}"]]).max() < 1e-6
    right = JOINT["right_elbow"]
    assert angle_between(refined.rotmats[:, right], start.rotmats[:, right]).max() > 0.03


def test_where_only_depth_is_unsure_nothing_blows_up(person):
    """A person far away, almost without perspective, with the usual noise on the landmarks."""
    far = replace(person, transl=person.transl + (0, 0, 40.0))
    seen, start = lifted_track(far), perturbed(far.motion, 0.1)
    noise = np.random.default_rng(2).normal(0, 0.02 / far.transl[:, 2].mean(), seen.point_rays.shape) * (1, 1, 0)
    refined = fit_to_picture(start, replace(seen, point_rays=seen.point_rays + noise), frames(start))
    assert joint_error(refined, far.motion) < joint_error(start, far.motion)
    assert np.abs(refined.transl - start.transl)[:, 2].max() < 0.1


def test_a_landmark_that_leaps_away_does_not_take_the_limb_along(person):
    seen = lifted_track(person)
    rays = seen.point_rays.copy()
    rays[30, LANDMARK["left_wrist"], 0] += 0.3
    refined = fit_to_picture(person.motion, replace(seen, point_rays=rays), frames(person.motion))
    elbow = JOINT["left_elbow"]
    assert angle_between(refined.rotmats[:, elbow], person.motion.rotmats[:, elbow]).max() < np.radians(3)


def test_what_is_added_is_smooth_where_landmarks_shiver(person):
    seen = lifted_track(person)
    noise = np.random.default_rng(3).normal(0, 0.01 / 4, seen.point_rays.shape) * (1, 1, 0)
    refined = fit_to_picture(person.motion, replace(seen, point_rays=seen.point_rays + noise), frames(person.motion))
    joints, true = refined.pose()[1], person.motion.pose()[1]
    shiver = np.linalg.norm(np.diff(joints - true, 2, axis=0), axis=-1).mean()
    in_landmarks = np.linalg.norm(np.diff(4 * noise[..., :2], 2, axis=0), axis=-1).mean()
    assert shiver < 0.12 * in_landmarks


def test_a_quick_motion_is_not_slowed_and_has_no_lag(person):
    """The prior's motion passes unchanged: the kicks of a walk that is three times as fast."""
    fast = replace(person, timestamps=person.timestamps / 3)
    refined = fit_to_picture(fast.motion, lifted_track(fast), frames(fast.motion))
    assert np.abs(refined.rotmats - fast.rotmats).max() < 1e-6


def test_nothing_is_smoothed_across_a_gap(person):
    """Each side of a gap comes out as it does alone."""
    seen, start = lifted_track(person), perturbed(person.motion, 0.1)
    frame_index = np.where(np.arange(60) < 30, np.arange(60), np.arange(60) + 200)
    both = fit_to_picture(start, seen, frame_index)

    def alone(part):
        return fit_to_picture(start.at(part), seen.at(part), frame_index[part])

    for part in (slice(0, 30), slice(30, 60)):
        assert np.abs(both.rotmats[part] - alone(part).rotmats).max() < 1e-5
    unbroken = fit_to_picture(start, seen, np.arange(60))
    assert np.abs(both.rotmats[30] - unbroken.rotmats[30]).max() > 1e-3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_clips_are_refined_too(person, count):
    seen, start = (whole.at(slice(0, count)) for whole in (lifted_track(person), perturbed(person.motion, 0.1)))
    refined = fit_to_picture(start, seen, np.arange(count))
    assert distance_in_picture(refined, seen).mean() < 0.3 * distance_in_picture(start, seen).mean()


def test_a_long_clip_in_blocks_is_as_good_as_solved_at_once(monkeypatch):
    walk = seen_from(walker(220, velocity=(0.0, 0.05)))
    seen, start = lifted_track(walk), perturbed(walk.motion, 0.1)
    at_once = fit_to_picture(start, seen, frames(start))
    monkeypatch.setattr("backend.body.picture_fit._BLOCK_FRAMES", 60)
    in_blocks = fit_to_picture(start, seen, frames(start))
    assert angle_between(in_blocks.rotmats.reshape(-1, 3, 3), at_once.rotmats.reshape(-1, 3, 3)).max() < np.radians(0.05)


def test_the_banded_solution_solves_the_whole_system():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.5, 1.5, 7))
    frame_index = np.array((0, 1, 2, 3, 9, 10, 11))
    factors = rng.normal(size=(7, 4, 4))
    blocks = factors @ np.swapaxes(factors, 1, 2) + np.eye(4)
    stiffness, right = rng.uniform(1, 2, 4), rng.normal(size=(7, 4))
    diagonals = squared_accelerations(times, frame_index)
    solution = solve_frames(blocks, diagonals, stiffness, right)
    back = np.einsum("tpq,tq->tp", blocks, solution) + stiffness * banded_product(diagonals, solution)
    np.testing.assert_allclose(back, right, atol=1e-9)


def test_accelerations_are_those_of_a_parabola_and_none_across_a_gap():
    times = np.array((0.0, 0.1, 0.3, 0.4, 0.6, 0.7))
    diagonals = squared_accelerations(times, np.arange(6))
    parabola = 1.5 * times[:, None] ** 2        # its second derivative is 3, at four places
    assert (parabola * banded_product(diagonals, parabola)).sum() == pytest.approx(4 * 3.0 ** 2)
    broken = squared_accelerations(times, np.array((0, 1, 2, 7, 8, 9)))
    assert (parabola * banded_product(broken, parabola)).sum() == pytest.approx(2 * 3.0 ** 2)
