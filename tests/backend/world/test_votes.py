
import numpy as np
import pytest

from backend.base.pinhole import project
from backend.engines.engine import CapturedPerson
from backend.people.landmarks import LANDMARK
from backend.people.stitching import PersonTrack
from backend.world.votes import compute_votes
from tests.backend.made_people import INTRINSICS, seen_from, walker


def captured(distance=4.0, frames=90, score=1.0, off_px=0.0, seen=None):
    person = seen_from(walker(frames, start=(0, distance), velocity=(0.1, 0)))
    xy = project(person.landmarks, INTRINSICS) + (off_px, 0)
    scores = np.broadcast_to(score, xy.shape[:2])
    track = PersonTrack(np.arange(frames), person.timestamps, xy, person.landmarks, scores,
                        np.concatenate([xy.min(1), xy.max(1)], axis=1))
    return CapturedPerson(track, person.body, person.motion, seen or frames, 0)


def second_vote(person):
    """Return the weight of a person beside one who is near, seen for three seconds, and well read."""
    votes = compute_votes([captured(), person], INTRINSICS)
    assert votes[0] == 1.0
    return votes[1]


def test_one_person_has_full_weight():
    np.testing.assert_array_equal(compute_votes([captured(9.0, score=0.5)], INTRINSICS), 1.0)


def test_weight_goes_with_the_square_of_the_size_in_the_picture():
    assert second_vote(captured(8.0)) == pytest.approx(0.25, abs=0.01)


def test_somebody_seen_briefly_has_little_weight_and_half_the_time_is_enough():
    assert second_vote(captured(frames=18)) == pytest.approx(0.38, abs=0.02)
    assert second_vote(captured(frames=60)) == pytest.approx(1.0, abs=0.01)
    assert second_vote(captured(seen=9)) == pytest.approx(0.2, abs=0.01)      # the gaps between were filled


def test_a_badly_read_person_has_little_weight():
    assert second_vote(captured(score=0.4)) == pytest.approx(0.4, abs=0.01)
    height = INTRINSICS[1, 1] * 1.7 / 4.0
    assert second_vote(captured(off_px=0.04 * height)) == pytest.approx(0.5, abs=0.02)
    assert second_vote(captured(off_px=0.4 * height)) < 0.02


def test_of_whom_only_face_and_shoulders_are_seen_has_hardly_a_vote():
    shows_no_hips = np.where(np.arange(33) < LANDMARK["left_hip"], 1.0, 0.0)
    assert second_vote(captured(score=shows_no_hips)) < 1e-6
    shows_no_feet = np.where(np.arange(33) <= LANDMARK["right_hip"], 1.0, 0.0)
    assert second_vote(captured(score=shows_no_feet)) == pytest.approx(25 / 33, abs=0.01)
