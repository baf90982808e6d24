"""What the fit to the picture weighs and costs, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.banded import banded_product
from backend.body.picture_fit import DEFAULT_PRIOR, Picture, _find_moved_landmarks, _landmark_shares, _Problem, make_joint_sigmas
from backend.people.landmarks import LANDMARK, LANDMARK_NAMES
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.body.test_picture_fit import frames
from tests.backend.made_people import lifted_track, seen_from, walker


def problem_of(person, prior=DEFAULT_PRIOR):
    count = len(person.timestamps)
    turn = np.broadcast_to(prior.turn, (count, 24))
    picture = Picture(lifted_track(person), np.eye(4)[None])
    return _Problem(person.motion, [picture], frames(person.motion), replace(prior, turn=turn))


def test_at_the_priors_frequency_what_is_added_costs_as_much_for_its_change_as_for_itself():
    """Rotations may change at 1.5 a second, translations at 0.7; half as fast they cost a sixteenth."""
    person = walker(400)
    problem = problem_of(seen_from(person))
    count = problem._precision.shape[1]
    for frequency, columns in ((1.5, slice(0, count - 3)), (0.7, slice(count - 3, count))):
        for slower, share in ((1, 1), (2, 1 / 16)):
            wave = np.zeros((400, count))
            wave[:, columns] = np.sin(2 * np.pi * frequency / slower * person.timestamps)[:, None]
            itself = (problem._precision * wave ** 2).sum(0)[columns]
            change = (problem._stiffness * wave * banded_product(problem._time, wave)).sum(0)[columns]
            np.testing.assert_allclose(change / itself, share, rtol=0.03)


def test_the_priors_sigmas_are_radians_of_joints_and_statures_of_translation():
    person = seen_from(walker(3, stature=1.5))
    problem = problem_of(person)
    sigmas = problem._precision[0] ** -0.5
    np.testing.assert_allclose(sigmas[-3:], np.array((0.06, 0.06, 0.03)) * 1.5)
    by_joint = dict(zip(_find_moved_landmarks(person.body)[1].tolist(), sigmas[:-3].reshape(-1, 3).tolist()))
    assert by_joint[JOINT["left_knee"]] == pytest.approx([0.15] * 3) and by_joint[0] == pytest.approx([0.05] * 3)
    names = ("pelvis", "spine", "neck", "head", "collar", "shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot")
    assert make_joint_sigmas(**dict.fromkeys(names, 1.0)).tolist() == [1.0] * 24


def test_a_joint_moves_what_hangs_on_it():
    (by_joint, landmarks), joints = _find_moved_landmarks(seen_from(walker(1)).body)
    moved = {name: {LANDMARK_NAMES[number] for number in landmarks[by_joint == joints.tolist().index(JOINT[name])]}
             for name in ("pelvis", "left_knee", "right_wrist", "head")}
    assert moved["pelvis"] == set(LANDMARK_NAMES)
    assert moved["left_knee"] == {f"left_{name}" for name in ("knee", "ankle", "heel", "foot_index")}
    assert moved["right_wrist"] == {f"right_{name}" for name in ("wrist", "pinky", "index", "thumb")}
    assert moved["head"] == set(LANDMARK_NAMES[:11]) and len(set(zip(by_joint.tolist(), landmarks.tolist()))) == len(landmarks)
    assert JOINT["left_hand"] not in joints         # nothing hangs on it


def test_faces_and_hands_have_a_quarter_of_the_weight():
    shares = dict(zip(LANDMARK_NAMES, _landmark_shares()))
    assert {name for name, share in shares.items() if share == 0.25} == {
        *LANDMARK_NAMES[:11], *(f"{side}_{name}" for side in ("left", "right") for name in ("pinky", "index", "thumb"))}
    assert set(shares.values()) == {0.25, 1.0}


def test_a_step_turns_no_joint_by_more_than_four_tenths():
    problem = problem_of(seen_from(walker(2)))
    step = np.zeros(problem._precision.shape)
    step[0, :3], step[0, 3:6], step[1, -3:] = (0.0, 2.0, 0.0), (0.1, 0.2, 0.2), (1.0, 2.0, 3.0)
    before = problem.rotmats.copy(), problem.transl.copy()
    problem._move(step)
    joints = _find_moved_landmarks(seen_from(walker(2)).body)[1]
    turned = Rotation.from_matrix(np.swapaxes(before[0], -1, -2)[0, joints[:2]] @ problem.rotmats[0, joints[:2]]).as_rotvec()
    np.testing.assert_allclose(turned, ((0, 0.4, 0), (0.1, 0.2, 0.2)), atol=1e-9)
    np.testing.assert_allclose(problem.transl - before[1], ((0, 0, 0), (1, 2, 3)))
    limited = np.where(step == 2.0, np.where(np.arange(step.shape[1]) < 3, 0.4, 2.0), step)
    np.testing.assert_allclose(problem._compute_added(), limited, atol=1e-9)


def test_the_cost_of_a_landmark_grows_as_cauchys_does():
    """One landmark 5 cm off, at one distance: s^2 log(1 + r^2 / s^2) over sigma^2, with three sigmas of 0.012 statures for s."""
    person = seen_from(walker(1))
    problem = problem_of(person)
    points = person.landmarks
    distance = np.median(points[..., 2])
    rays = problem._pictures[0].seen.point_rays
    rays[0, LANDMARK["left_knee"], 0] += 0.05 / distance
    sigma = 0.012 * 1.7
    assert problem._cost() == pytest.approx(9 * np.log1p((0.05 / (3 * sigma)) ** 2), rel=1e-6)
    problem.transl = problem.transl + (0.0, 0.0, 1e-9)
    rays[:] = points / points[..., 2:]
    problem.transl = person.transl + (0.0, 0.0, 0.03 * 1.7)         # one sigma away, where the picture says little of it
    moved = points + (0.0, 0.0, 0.03 * 1.7)
    apart = np.linalg.norm((moved / moved[..., 2:] - rays)[..., :2], axis=-1) * (distance + 0.03 * 1.7)
    seen = 9 * np.log1p((apart / (3 * sigma)) ** 2) * _landmark_shares()
    assert problem._cost() == pytest.approx(seen.sum() + 1.0, rel=1e-6)
