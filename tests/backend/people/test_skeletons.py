from dataclasses import replace

import numpy as np
import pytest

from backend.base.regions import Region
from backend.people import skeletons
from backend.people.landmarks import FACE, LANDMARK, Landmarks, Reading
from backend.people.skeletons import faces_coincide, is_ghost, is_upended, skeleton_distance
from tests.backend.made_people import person_track, region_of, seen_from, walker

TRACK = person_track(seen_from(walker(10, velocity=(0, 0), heading_degrees=0)))


def seen(xy=None, score=0.9):
    """Return what was seen of a walker, at landmarks (33, 2) with a score (33,)."""
    xy = TRACK.xy[0] if xy is None else xy
    region, reading = region_of(xy), Reading(xy, TRACK.world[0], np.full(33, 1.0) * score)
    return Landmarks(xy, reading.world, reading.score, 0.99, region, region, (reading, reading))


def about_middle(factor, shift=(0.0, 0.0)):
    """Return the walker's landmarks made so many times as large about their middle, and moved."""
    middle = (TRACK.xy[0].min(0) + TRACK.xy[0].max(0)) / 2
    return middle + factor * (TRACK.xy[0] - middle) + shift


def test_the_distance_is_in_body_radii_of_the_larger_one():
    small, large = Region(0, 0, 250, 0), Region(0, 0, 500, 0)       # radii of 100 and 200 px
    first = replace(seen(), next_region=small)
    second = replace(seen(TRACK.xy[0] + (30.0, 40.0)), next_region=large)
    assert skeleton_distance(first, second) == skeleton_distance(second, first) == pytest.approx(50 / 200)
    assert skeleton_distance(first, replace(second, next_region=small)) == pytest.approx(0.5)


def test_joints_that_one_of_both_hardly_shows_count_little():
    xy, score = TRACK.xy[0].copy(), np.full(33, 0.95)
    xy[LANDMARK["left_ankle"]] += (300.0, 0)
    score[LANDMARK["left_ankle"]] = 0.0
    region = Region(0, 0, 250, 0)
    moved, hidden = (replace(seen(xy, score), next_region=region) for score in (0.95, score))
    whole = replace(seen(score=0.95), next_region=region)
    assert skeleton_distance(whole, moved) == pytest.approx(3.0 / 10)
    assert skeleton_distance(whole, hidden) == pytest.approx(3.0 * 0.05 / (9 + 0.05))


def test_hands_and_face_do_not_count():
    xy = TRACK.xy[0].copy()
    xy[[LANDMARK[name] for name in ("nose", "left_wrist", "right_index", "left_heel")]] += 500
    assert skeleton_distance(seen(), seen(xy)) == pytest.approx(0.0, abs=0.3) and skeleton_distance(seen(), seen(xy)) < 1e-9


def test_somebody_badly_seen_inside_another_is_a_ghost():
    assert is_ghost(seen(about_middle(0.6), score=0.7), seen())
    beside = about_middle(0.6, shift=(2 * np.ptp(TRACK.xy[0][:, 0]), 0))
    assert not is_ghost(seen(beside, score=0.7), seen())


def test_a_double_is_a_ghost_however_well_it_is_seen():
    assert is_ghost(seen(TRACK.xy[0] + 2.0, score=0.99), seen())


def test_a_small_person_far_behind_a_large_one_is_none():
    """Well seen, and where the large one has no limbs: between the legs and beside the trunk."""
    large = about_middle(1.0)
    legs = [LANDMARK[f"{side}_{name}"] for side in ("left", "right") for name in ("knee", "ankle", "heel", "foot_index")]
    large[legs] += (np.sign(large[legs, 0] - large[:, 0].mean()) * 400)[:, None] * (1, 0)        # stands with legs apart
    small = about_middle(0.25, shift=(0, 0.3 * np.ptp(TRACK.xy[0][:, 1])))
    assert not is_ghost(seen(small, score=0.99), seen(large))


def test_one_made_of_anothers_limbs_is_a_ghost():
    xy = TRACK.xy[0].copy()
    for side in ("left", "right"):          # its legs lie along the other's shins
        knee, ankle = (TRACK.xy[0][LANDMARK[f"{side}_{name}"]] for name in ("knee", "ankle"))
        for name, share in (("shoulder", 0.1), ("elbow", 0.3), ("hip", 0.5), ("knee", 0.7), ("ankle", 0.9)):
            xy[LANDMARK[f"{side}_{name}"]] = knee + share * (ankle - knee)
    assert is_ghost(seen(xy, score=0.99), seen())


def test_a_larger_person_is_not_the_ghost_of_a_smaller_one():
    assert not is_ghost(seen(about_middle(1.3), score=0.7), seen())
    assert is_ghost(seen(about_middle(1.0), score=0.7), seen())


@pytest.mark.parametrize(("joint", "distance"), [
    ((50, 30), 30), ((50, -30), 30), ((130, 40), 50), ((-30, 40), 50), ((20, 0), 0)])
def test_the_distance_of_joints_from_limbs_is_to_the_nearest_point_on_them(joint, distance):
    """The other's upper arm goes from (0, 0) to (100, 0); all its other landmarks are in one of both places."""
    limb = np.zeros((33, 2))
    limb[LANDMARK["left_elbow"]] = (100, 0)
    limb[LANDMARK["left_wrist"]] = (100, 0)
    xy = np.zeros((33, 2))
    xy[LANDMARK["right_knee"]] = joint
    other = replace(seen(limb), next_region=Region(0, 0, 250, 0))               # its radius is 100 px
    assert skeletons._distance_to_limbs(seen(xy), other) == pytest.approx(distance / 100 / 10, abs=1e-9)     # of ten joints


@pytest.mark.parametrize(("seen_points", "box"), [(4, (10, 20, 40, 80)), (3, (0, 0, 200, 300))])
def test_the_box_of_somebody_is_that_of_the_points_that_are_seen_where_these_are_four(seen_points, box):
    xy, score = np.full((33, 2), 0.0), np.full(33, 0.45)
    xy[0], xy[1:5] = (200, 300), ((10, 20), (40, 80), (20, 30), (30, 40))
    score[1:1 + seen_points] = 0.55
    low, high = skeletons._visible_box(seen(xy, score))
    assert (*low, *high) == box


@pytest.mark.parametrize(("shift", "ghost"), [(0.34, True), (0.36, False)])
def test_a_ghost_lies_inside_the_others_box_by_65_hundredths(shift, ghost):
    width = np.ptp(TRACK.xy[0][:, 0])
    assert is_ghost(seen(TRACK.xy[0] + (shift * width, 0), score=0.7), seen()) == ghost


@pytest.mark.parametrize("apart, coincide", [(0.0, True), (0.11, True), (0.13, False)])
def test_faces_nearer_than_half_a_head_coincide(apart, coincide):
    region = Region(0, 0, 250, 0)           # a radius of 100 px
    other = replace(seen(TRACK.xy[0] + (0.0, 300.0)), next_region=replace(region, side=100))
    other.xy[FACE] = TRACK.xy[0][FACE] + (100 * apart, 0.0)
    one = replace(seen(), next_region=region)
    assert faces_coincide(one, other) == faces_coincide(other, one) == coincide


def upended(score=0.42):
    """Return the walker's face, and a body that was read above it instead of below: about the face turned by 180 degrees."""
    face = TRACK.xy[0][FACE].mean(0)
    turned = seen(2 * face - TRACK.xy[0], score)
    return replace(turned, next_region=replace(turned.next_region, angle=np.pi))


def test_a_body_above_the_face_of_another_is_that_person_read_upside_down():
    cut = seen(score=0.45)          # a close-up: face and shoulders alone are seen
    assert is_upended(upended(), cut) and not is_upended(cut, upended())
    assert is_upended(upended(0.5), cut), "upright counts for a tenth"
    assert not is_upended(upended(0.9), cut) and is_upended(cut, upended(0.9)), "somebody stands on the hands"


def test_somebody_with_a_face_of_their_own_is_not_upended():
    size = np.linalg.norm(TRACK.xy[0][FACE] - TRACK.xy[0][FACE].mean(0), axis=1).mean()
    assert is_upended(replace(upended(), xy=upended().xy + (0.9 * size, 0)), seen())
    assert not is_upended(replace(upended(), xy=upended().xy + (1.1 * size, 0)), seen())
    assert not is_upended(seen(score=0.3), seen()), "both bodies hang below the face: a double, or somebody behind"
