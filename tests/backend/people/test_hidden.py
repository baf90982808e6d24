from dataclasses import replace

import numpy as np
import pytest

from backend.base.regions import Region
from backend.people.hidden import look_behind, read_behind, read_hidden_heads
from backend.people.landmarks import FACE, LANDMARK, MIRRORED
from backend.video.frames import Frame
from tests.backend.people.test_tracklets import BLUE, PICTURE, RED, TRACK, at, colours, followed

GREEN = 2
REGION = Region(640.0, 360.0, 400.0, 0.0)
IN_FRONT = replace(at(640, 360, side=400), xy=TRACK.xy[0])
ASIDE = IN_FRONT.xy + (300, 0)
HALF_ASIDE = np.where((np.arange(33) % 2 == 0)[:, None], IN_FRONT.xy, ASIDE)


def reader(xy, presence=0.99, region=REGION):
    """Return a landmark model that reads the same everywhere, and keeps the picture."""
    def read(image, regions, recheck=None):
        read.image = image
        seen = at(region.centre_x, region.centre_y, side=region.side)
        readings = tuple(replace(reading, xy=xy) for reading in seen.readings)
        return [replace(seen, xy=xy, presence=presence, readings=readings)]
    return read


def test_who_stands_in_front_is_painted_over_and_the_picture_itself_is_left():
    model, picture = reader(ASIDE), np.full_like(PICTURE, 250)
    read_behind(picture, REGION, [IN_FRONT], model)
    for name in ("left_shoulder", "right_hip", "left_elbow", "nose"):
        x, y = IN_FRONT.xy[LANDMARK[name]].astype(int)
        assert (model.image[y, x] == 128).all()
    assert (model.image[0, 0] == 250).all() and (picture == 250).all()


def test_hidden_landmarks_get_half_their_score():
    behind = read_behind(PICTURE, REGION, [IN_FRONT], reader(HALF_ASIDE))
    shoulder, other_shoulder = LANDMARK["right_shoulder"], LANDMARK["left_shoulder"]
    for score in (behind.score, behind.readings[0].score, behind.readings[1].score):
        assert score[shoulder] == pytest.approx(0.45) and score[other_shoulder] == pytest.approx(0.9)


def looked_behind(model):
    """Return what is found of somebody in red who was lost behind somebody in blue."""
    lost, front = followed([(640, 360)] * 10), followed([(700, 360)], of=BLUE)
    lost.observations[-1] = at(640, 360, side=400)
    return lost, look_behind(lost, REGION, [(front, IN_FRONT)], Frame(10, 10 / 30, PICTURE), model)


def test_somebody_behind_is_held(monkeypatch):
    monkeypatch.setattr("backend.people.hidden.measure_appearance", lambda image, landmarks: colours(RED))
    lost, sighting = looked_behind(reader(ASIDE))
    assert sighting[0] is lost and np.array_equal(sighting[1][0].xy, ASIDE)


def test_other_clothes_are_not_those_of_the_person_behind(monkeypatch):
    monkeypatch.setattr("backend.people.hidden.measure_appearance", lambda image, landmarks: colours(GREEN))
    assert looked_behind(reader(ASIDE))[1] is None


@pytest.mark.parametrize("model", [reader(ASIDE, presence=0.6), reader(IN_FRONT.xy + 5),
                                   reader(ASIDE, region=Region(1100.0, 360.0, 400.0, 0.0))])
def test_where_nobody_is_behind_or_the_one_in_front_is_read_or_somebody_elsewhere_nobody_is_held(monkeypatch, model):
    monkeypatch.setattr("backend.people.hidden.measure_appearance", lambda image, landmarks: colours(RED))
    assert looked_behind(model)[1] is None


def heads(model, back_xy, back_score=0.95, history=0.95):
    """Return two people seen at once, and what becomes of that; the one in front is seen at a score of 0.99."""
    back, front = (followed([(640, 360)] * 10) for _ in range(2))
    back.observations[:] = [at(640, 360, side=400, score=history)] * 10
    apart = at(640, 360, side=400, score=0.99)
    front.observations[:] = [replace(apart, xy=apart.xy + (200, 0))] * 10
    sightings = [(back, (replace(at(640, 360, side=400, score=back_score), xy=back_xy), colours(RED))),
                 (front, (replace(at(640, 360, side=400, score=0.99), xy=IN_FRONT.xy), colours(BLUE)))]
    return sightings, read_hidden_heads(sightings, Frame(10, 10 / 30, PICTURE), model)


def with_that_face(xy):
    """Return landmarks (33, 2) with the face of the person in front."""
    return np.concatenate([IN_FRONT.xy[FACE], xy[FACE.stop:]])


MISREAD = with_that_face(ASIDE[MIRRORED])


def test_who_is_given_the_face_of_somebody_in_front_is_read_again_behind_that_one():
    sightings, read = heads(reader(ASIDE), MISREAD)
    assert read[0][0] is sightings[0][0] and np.array_equal(read[0][1][0].xy, ASIDE)
    assert read[1] is sightings[1]


def test_whose_face_was_seen_worse_before_is_behind_though_both_are_seen_alike_now():
    sightings, read = heads(reader(ASIDE), MISREAD, back_score=1.0, history=0.5)
    assert np.array_equal(read[0][1][0].xy, ASIDE) and read[1] is sightings[1]


def test_people_whose_faces_lie_apart_are_not_read_again():
    model = reader(ASIDE + 50)
    sightings, read = heads(model, ASIDE)
    assert read == sightings and not hasattr(model, "image")


@pytest.mark.parametrize("model", [reader(ASIDE, presence=0.6), reader(IN_FRONT.xy + 5),
                                   reader(ASIDE, region=Region(1100.0, 360.0, 400.0, 0.0))])
def test_a_reading_stays_where_the_one_behind_shows_nobody_or_the_one_in_front_or_somebody_elsewhere(model):
    sightings, read = heads(model, MISREAD)
    assert read == sightings


def test_a_reading_stays_where_the_one_behind_agrees_with_it():
    sightings, read = heads(reader(MISREAD + 2), MISREAD)
    assert read == sightings


def test_two_skeletons_that_had_one_face_from_the_beginning_may_be_one_person():
    sightings, _ = heads(reader(ASIDE), MISREAD)
    for tracklet, _ in sightings:
        tracklet.observations[:] = [replace(seen, xy=IN_FRONT.xy) for seen in tracklet.observations]
    assert read_hidden_heads(sightings, Frame(10, 10 / 30, PICTURE), reader(ASIDE)) == sightings
    young = [(tracklet, seen) for tracklet, seen in heads(reader(ASIDE), MISREAD)[0]]
    for column in (young[1][0].frame_index, young[1][0].timestamps, young[1][0].observations, young[1][0].appearances):
        del column[:5]
    assert read_hidden_heads(young, Frame(10, 10 / 30, PICTURE), reader(ASIDE)) == young
