from dataclasses import replace

import numpy as np
import pytest

from backend.base.regions import Region
from backend.people.landmarks import LANDMARK
from backend.people.sightings import find_loser, is_doubted, is_newcomer, returns
from backend.video.frames import Frame
from tests.backend.people.test_tracklets import BLUE, PICTURE, RED, at, colours, followed

NOW = 10 / 30
RADIUS = 200 / 2.5


def seen_at(x, score=0.9):
    """Return somebody seen at x px, whose landmarks move along with the region."""
    seen = at(x, score=score)
    return replace(seen, xy=seen.xy + (x, 0))


def person(x, of):
    made = followed([(x, 300)] * 10, of=of)
    made.observations = [seen_at(x) for _ in made.observations]
    return made


def test_of_two_tracklets_on_one_person_the_one_in_other_clothes_loses():
    red, blue = person(100, RED), person(100, BLUE)
    sightings = [(tracklet, (seen_at(100), colours(RED))) for tracklet in (red, blue)]
    assert find_loser(*sightings, NOW) is blue and find_loser(*sightings[::-1], NOW) is blue


def test_who_slips_half_onto_somebody_near_loses_and_who_stands_there_stays():
    red, blue = person(100, RED), person(100 + RADIUS, BLUE)
    in_between = 100 + 0.6 * RADIUS                # 0.4 radii from the other: no double, but near
    slipped = (red, (seen_at(in_between), colours(BLUE)))
    stays = (blue, (seen_at(100 + RADIUS), colours(BLUE)))
    assert find_loser(slipped, stays, NOW) is red and find_loser(stays, slipped, NOW) is red
    own = (red, (seen_at(in_between), colours(RED)))
    assert find_loser(own, stays, NOW) is None


@pytest.mark.parametrize(("shoulders", "is_somebody"), [(0.98, True), (0.8, False)])
def test_whose_hips_are_outside_the_picture_is_a_newcomer_by_head_and_shoulders(shoulders, is_somebody):
    seen = seen_at(100, score=0.98)
    score = seen.score.copy()
    score[LANDMARK["left_shoulder"]:] = 0.01
    score[[LANDMARK["left_shoulder"], LANDMARK["right_shoulder"]]] = shoulders
    cut = replace(seen, score=score)
    assert is_newcomer(cut, []) == is_somebody
    assert not is_newcomer(cut, [cut])
    assert not is_newcomer(replace(cut, presence=0.5), [])


def test_of_one_face_with_two_bodies_only_the_better_one_is_somebody():
    right = replace(seen_at(100, score=0.95), next_region=Region(100, 300, 500, 0.0))
    score = np.where(np.arange(33) <= LANDMARK["right_shoulder"], 0.95, 0.05)
    face = right.xy[:LANDMARK["left_shoulder"]].mean(0)
    upended = replace(right, xy=2 * face - right.xy, score=score, next_region=Region(*(2 * face - (100, 300)), 500, np.pi))
    assert is_newcomer(upended, []) and not is_newcomer(upended, [right]) and is_newcomer(right, [upended])
    first, second = person(100, RED), person(100, RED)
    assert find_loser((first, (right, colours(RED))), (second, (upended, colours(RED))), NOW) is second
    assert find_loser((first, (upended, colours(RED))), (second, (right, colours(RED))), NOW) is first


@pytest.mark.parametrize(("x", "of", "is_back"), [(100, RED, True), (100, BLUE, False), (100 + 3 * RADIUS, RED, False)])
def test_somebody_lost_returns_near_the_same_place_in_the_same_clothes(monkeypatch, x, of, is_back):
    monkeypatch.setattr("backend.people.sightings.measure_appearance", lambda image, landmarks: colours(of))
    front = person(100 + 0.5 * RADIUS, BLUE)
    half_hidden = seen_at(x, score=0.4)            # too weak for a newcomer
    assert not is_newcomer(half_hidden, [front.last])
    assert returns(half_hidden, Frame(10, NOW, PICTURE), [person(100, RED)], [front], [front.last]) == is_back


def test_nobody_returns_at_the_place_of_somebody_who_is_followed(monkeypatch):
    monkeypatch.setattr("backend.people.sightings.measure_appearance", lambda image, landmarks: colours(RED))
    front = person(100 + 0.2 * RADIUS, BLUE)
    assert not returns(seen_at(100), Frame(10, NOW, PICTURE), [person(100, RED)], [front], [front.last])


def test_a_detection_is_looked_at_where_it_is_rotated_or_where_somebody_doubtful_is_near_another():
    sure, doubtful = person(100, RED), person(100, RED)
    doubtful.observations[-1] = seen_at(100, score=0.5)
    here, aside = Region(100.0, 300.0, 200.0, 0.0), Region(100.0 + 0.5 * RADIUS, 300.0, 200.0, 0.0)
    near, far = [seen_at(100 + 0.9 * RADIUS)], [seen_at(100 + 1.1 * RADIUS)]
    assert is_doubted(sure, replace(here, angle=np.radians(31)), []) and not is_doubted(sure, here, near)
    assert is_doubted(doubtful, aside, near)
    assert not is_doubted(sure, aside, near) and not is_doubted(doubtful, aside, far)
