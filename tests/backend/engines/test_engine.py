from dataclasses import replace

import numpy as np
import pytest

from backend.body.proportions import Body
from backend.engines.engine import CapturedPerson
from backend.people.landmarks import LANDMARK, LANDMARK_COUNT
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT
from tests.backend.made_people import INTRINSICS, person_track, seen_from, walker

LEFT_HAND = [LANDMARK[f"left_{name}"] for name in ("wrist", "pinky", "index", "thumb")]


def captured(score, frame_count=10):
    """Return a walker whose landmarks have a score (33,)."""
    person = seen_from(walker(frame_count))
    track = replace(person_track(person), score=np.tile(score, (frame_count, 1)))
    return CapturedPerson(track, person.body, person.motion, frame_count, 0)


def test_a_hidden_hand_lowers_the_confidence_of_its_joints_alone():
    score = np.full(LANDMARK_COUNT, 0.9)
    score[LEFT_HAND] = 0.0
    confidence = captured(score).joint_confidence()
    assert confidence.shape == (10, JOINT_COUNT)
    assert confidence[:, [JOINT["left_wrist"], JOINT["left_hand"]]].max() < 0.1
    far = [JOINT[name] for name in ("right_wrist", "right_hand", "left_shoulder", "left_knee", "head", "pelvis")]
    assert confidence[:, far].min() > 0.89


def test_joints_between_two_landmarks_have_their_mean():
    score = np.zeros(LANDMARK_COUNT)
    score[LANDMARK["left_hip"]] = 1.0
    confidence = captured(score).joint_confidence()[0]
    assert confidence[JOINT["pelvis"]] == pytest.approx(0.5, abs=0.01)
    assert confidence[JOINT["left_hip"]] > 0.7 > 0.3 > confidence[JOINT["right_hip"]]


@pytest.mark.parametrize("stature", [1.0, 1.7])
def test_a_landmark_at_eight_hundredths_of_the_stature_counts_by_the_root_of_e_less(stature):
    landmarks = np.full((LANDMARK_COUNT, 3), 100.0)
    landmarks[0], landmarks[1] = (0, 0, 0), (0, 0.08 * stature, 0)
    body = Body(np.zeros((JOINT_COUNT, 3)), landmarks, np.zeros(LANDMARK_COUNT, int), stature)
    score = np.zeros(LANDMARK_COUNT)
    score[1] = 1.0
    confidence = replace(captured(score), body=body).joint_confidence()
    np.testing.assert_allclose(confidence, np.exp(-0.5) / (1 + np.exp(-0.5)), atol=1e-4)


def test_confidence_stays_within_nothing_and_certainty():
    assert captured(np.full(LANDMARK_COUNT, 1.3)).joint_confidence().max() == 1.0
    assert captured(np.full(LANDMARK_COUNT, -0.1)).joint_confidence().min() == 0.0


def test_the_distance_to_the_picture_is_the_mean_over_what_was_seen():
    person = captured(np.full(LANDMARK_COUNT, 0.5))
    assert person.reprojection_error(INTRINSICS) == pytest.approx(0.0, abs=1e-9)
    xy, score = person.track.xy.copy(), person.track.score.copy()
    xy[:, 0] += (30.0, 40.0)
    beside = replace(person, track=replace(person.track, xy=xy))
    assert beside.reprojection_error(INTRINSICS) == pytest.approx(50.0 / LANDMARK_COUNT)
    score[:, 0] = 0.0
    for seen in (score, 0 * score):         # the moved landmark hidden, and all of them
        hidden = replace(person, track=replace(beside.track, score=seen))
        assert hidden.reprojection_error(INTRINSICS) == pytest.approx(0.0, abs=1e-9)


def test_a_larger_person_stands_farther_away_and_looks_the_same():
    person = captured(np.full(LANDMARK_COUNT, 0.9))
    larger = person.scaled(1.1)
    assert larger.body.stature == larger.motion.stature == pytest.approx(1.1 * 1.7)
    np.testing.assert_allclose(larger.motion.pose()[1], 1.1 * person.motion.pose()[1], atol=1e-9)
    assert larger.reprojection_error(INTRINSICS) == pytest.approx(0.0, abs=1e-9)
