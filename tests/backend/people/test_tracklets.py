from dataclasses import replace

import numpy as np
import pytest

from backend.base.regions import Region
from backend.people.landmarks import LANDMARK, MIRRORED, Landmarks, Reading
from backend.people.tracklets import LONGEST_REST, Tracklet, claim_cost, continues, is_bodily
from backend.video.frames import Frame
from tests.backend.made_people import person_track, seen_from, tracklet, walker

RED, BLUE = 1, 4
PICTURE = np.zeros((720, 1280, 3), np.uint8)
TRACK = person_track(seen_from(walker(60, velocity=(0, 0), heading_degrees=0)))


def colours(of):
    return tracklet(TRACK, slice(0, 2), of).mean_appearance


def at(x, y=300.0, side=200.0, score=0.9):
    """Return a person seen in a region around (x, y) px."""
    region, reading = Region(float(x), float(y), side, 0.0), Reading(TRACK.xy[0], TRACK.world[0], np.full(33, score))
    return Landmarks(reading.xy, reading.world, reading.score, 0.99, region, region, (reading, reading))


def followed(places, fps=30.0, of=RED):
    """Return the tracklet of somebody seen at places (x, y)."""
    made = Tracklet()
    for index, (x, y) in enumerate(places):
        made.add(Frame(index, index / fps, PICTURE), at(x, y), colours(of))
    return made


def test_the_speed_is_that_between_frames_in_pixels_a_second():
    assert followed([(100, 300), (110, 290)]).velocity.tolist() == pytest.approx([300, -300])
    assert followed([(100, 300)] * 2).velocity.tolist() == [0, 0]


def test_the_speed_changes_over_a_fifth_of_a_second():
    made = followed([(100, 300), (110, 300), (110, 300)])
    share = (1 / 30) / 0.2
    assert made.velocity[0] == pytest.approx(300 * (1 - share))
    slow = followed([(100, 300), (110, 300), (110, 300)], fps=2)
    assert slow.velocity[0] == pytest.approx(0.0)


def test_where_somebody_should_be_goes_on_with_the_speed_for_half_a_second_and_no_farther_than_half_a_region():
    made = followed([(98, 299), (100, 300), (102, 301)])            # 60 and 30 px a second
    after = made.timestamps[-1]
    assert made.predicted_region(after + 0.25).centre.tolist() == pytest.approx([102 + 15, 301 + 7.5])
    assert made.predicted_region(after + 3.0).centre.tolist() == pytest.approx([102 + 30, 301 + 15])
    fast = followed([(100, 300), (150, 250)])
    assert fast.predicted_region(fast.timestamps[-1] + 0.5).centre.tolist() == pytest.approx([150 + 100, 250 - 100])


def turning(degrees, fps=30.0):
    """Return the tracklet of somebody whose region is turned by these angles, frame by frame."""
    made = followed([(100, 300)] * len(degrees), fps)
    made.observations = [replace(seen, next_region=replace(seen.next_region, angle=np.radians(angle)))
                         for seen, angle in zip(made.observations, degrees, strict=True)]
    return made


@pytest.mark.parametrize(("degrees", "fps", "turned"), [
    ([150, 160, 170, -180], 30.0, [-170 - 20, -170, -170 + 20]),        # 10 degrees a frame, beyond half a turn
    ([0, -18, -36, -54], 30.0, [-72 - 20, -72, -72 + 20]),
    ([0, 0, 0, 0, -18, -36, -54], 30.0, [-72 - 20, -72, -72 + 20]),     # over the last tenth of a second
    ([0, 18], 30.0, [36 - 20, 36, 36 + 20]),
    ([0, 40], 10.0, [80 - 20, 80, 80 + 20]),
    ([0, 4, 8, 12], 30.0, []), ([0, 3, -3, 5], 30.0, []), ([70], 30.0, [])])
def test_where_to_look_for_somebody_who_turns_fast_is_turned_along_less_and_farther(degrees, fps, turned):
    made = turning(degrees, fps)
    region = made.predicted_region(made.timestamps[-1] + 1 / fps)
    regions = made.turned_regions(region, made.timestamps[-1] + 1 / fps, is_lost=False)
    assert [np.degrees(one.angle) % 360 for one in regions] == pytest.approx([angle % 360 for angle in turned])
    assert all(one.centre.tolist() == region.centre.tolist() and one.side == region.side for one in regions)


@pytest.mark.parametrize(("angle", "is_lost", "turned"), [
    (50, True, [-10, 20, 80, 110]), (-170, True, [130, 160, -140, -110]), (40, True, []), (50, False, [])])
def test_somebody_who_leant_and_is_not_seen_any_more_is_looked_for_turned_to_both_sides(angle, is_lost, turned):
    made = turning([angle] * 4)
    regions = made.turned_regions(made.region, made.timestamps[-1] + 1 / 30, is_lost)
    assert np.degrees([one.angle for one in regions]).tolist() == pytest.approx(turned)


def test_a_turn_goes_on_for_half_a_second_where_somebody_is_not_seen():
    made = turning([0, 9, 18, 27])
    after = made.timestamps[-1]
    assert np.degrees(made.turned_regions(made.region, after + 3.0, is_lost=True)[1].angle) == pytest.approx(27 + 270 / 2)


@pytest.mark.parametrize("places", [[(100, 300)], [(98, 299), (100, 300), (150, 250)]])
def test_where_somebody_should_be_is_known_before_the_last_landmarks_are_added(places):
    made, seen = followed(places), at(140, 310, side=210.0)
    seen_at = made.timestamps[-1] + 1 / 30
    expected = made.region_after(seen_at, seen, seen_at + 0.05)
    made.append(9, seen_at, seen, colours(RED))
    assert made.predicted_region(seen_at + 0.05) == expected != made.region


def test_colours_are_learnt_slowly():
    made = followed([(100, 300)] * 2)
    np.testing.assert_allclose(made.mean_appearance, colours(RED))
    made.add(Frame(2, 2 / 30, PICTURE), at(100), colours(BLUE))
    np.testing.assert_allclose(made.mean_appearance, 0.95 * colours(RED) + 0.05 * colours(BLUE))


def test_a_correction_replaces_what_was_added_of_the_frame():
    made = followed([(100, 300), (110, 300), (400, 300)])
    made.correct(Frame(2, 2 / 30, PICTURE), at(120), colours(RED))
    assert made.frame_index == [0, 1, 2] and made.region.centre_x == 120
    assert len(made.timestamps) == len(made.observations) == len(made.appearances) == 3


def test_a_person_seen_less_surely_than_shortly_before_is_in_doubt():
    made = followed([(100, 300)] * 40)
    made.observations[-1] = at(100, score=0.78)
    assert not made.is_doubtful
    made.observations[-1] = at(100, score=0.74)
    assert made.is_doubtful
    made.observations[:5] = [at(100, score=0.1)] * 5          # long ago: it does not count
    made.observations[-1] = at(100, score=0.78)
    assert not made.is_doubtful


@pytest.mark.parametrize(("jump", "known", "goes_on"), [(0.5, 5, True), (0.7, 5, False), (0.7, 2, True), (1.1, 2, False)])
def test_a_jump_by_more_than_most_of_the_body_means_another_person_even_more_so_when_known(jump, known, goes_on):
    made = followed([(100, 300)] * known)
    expected = Region(100.0, 300.0, 200.0, 0.0)
    assert continues(made, expected, at(100 + jump * expected.body_radius)) == goes_on


@pytest.mark.parametrize(("side", "goes_on"), [(200, True), (124, True), (116, False), (326, True), (334, False)])
def test_another_size_means_another_person(side, goes_on):
    assert continues(followed([(100, 300)] * 5), Region(100.0, 300.0, 200.0, 0.0), at(100, side=side)) == goes_on


def test_a_sighting_costs_for_place_size_and_colours():
    made = followed([(100, 300)] * 5)
    now = made.timestamps[-1] + 0.4                 # patience 0.6 + 0.4
    assert claim_cost(made, at(100), colours(RED), now) == pytest.approx(0.0)
    radius = 200 / 2.5
    assert claim_cost(made, at(100 + radius), colours(RED), now) == pytest.approx(0.5)
    assert claim_cost(made, at(100, side=200 * np.exp(0.5)), colours(RED), now) == pytest.approx(0.4)
    assert claim_cost(made, at(100), colours(BLUE), now) == pytest.approx(2.0)
    later = made.timestamps[-1] + 60
    assert claim_cost(made, at(100 + radius), colours(RED), later) == pytest.approx(0.5 / 2.6)


def with_worlds(worlds, score=0.6, fps=30.0):
    """Return a tracklet with uncertain sightings and landmarks (T, 33, 3) in metres."""
    made = tracklet(TRACK, slice(0, len(worlds)), RED)
    made.timestamps = [index / fps for index in range(len(worlds))]
    made.observations = [replace(observed, world=world, score=np.full(33, score))
                         for observed, world in zip(made.observations, worlds)]
    return made


def test_limbs_that_keep_their_length_are_a_bodys_and_others_a_things():
    still = np.repeat(TRACK.world[:1], 30, axis=0)
    pulsing = still * (1 + 0.35 * np.sin(np.arange(30) / 4))[:, None, None]        # lengths vary by a quarter
    assert is_bodily(with_worlds(still)) and not is_bodily(with_worlds(pulsing))
    assert is_bodily(with_worlds(pulsing, score=0.75))          # seen for sure
    calm = still * (1 + 0.2 * np.sin(np.arange(30) / 4))[:, None, None]
    assert is_bodily(with_worlds(calm))
    assert is_bodily(with_worlds(pulsing[:2]))                  # two frames tell nothing


def shaken(metres):
    still = np.repeat(TRACK.world[:1], 30, axis=0)
    return still + np.where(np.arange(30) % 2, metres, -metres)[:, None, None] * np.array((1.0, 0, 0))


def test_what_jerks_as_no_body_can_is_a_thing():
    # To and fro by 4 cm a frame: 4 * 0.02 * 30^2 = 72 metres a second^2; by 8 cm: 144.
    assert is_bodily(with_worlds(shaken(0.02))) and not is_bodily(with_worlds(shaken(0.04)))


def test_jerks_are_measured_over_a_thirtieth_of_a_second_however_fast_the_camera():
    slow, fast = shaken(0.04), np.repeat(shaken(0.04)[:10], 4, axis=0)
    assert not is_bodily(with_worlds(slow)) and not is_bodily(with_worlds(fast, fps=120.0))
    noise = np.repeat(TRACK.world[:1], 40, axis=0) + np.random.default_rng(0).normal(0, 0.004, (40, 33, 3))
    assert is_bodily(with_worlds(noise, fps=120.0))             # a few millimetres between frames of 8 ms are no jerk


def test_a_part_of_a_tracklet_is_judged_by_itself():
    worlds = np.concatenate([np.repeat(TRACK.world[:1], 20, axis=0), shaken(0.05)[:20]])
    made = with_worlds(worlds)
    assert is_bodily(made, slice(0, 20)) and not is_bodily(made, slice(20, 40))


def seen_with(**marks):
    """Return the tracklet of somebody seen nine times, with marks {name: the sightings that have it}."""
    made = followed([(100, 300)] * 9)
    for name, which in marks.items():
        made.observations = [replace(one, **{name: number in which}) for number, one in enumerate(made.observations)]
    return made


@pytest.mark.parametrize(("rechecked", "needed"), [((5,), False), ((8,), False), ((4,), True), ((), True), ((0, 1, 2), True)])
def test_every_fifth_frame_is_read_in_a_second_rotation(rechecked, needed):
    assert seen_with(is_rechecked=rechecked).needs_recheck == needed


@pytest.mark.parametrize(("fps", "rechecked", "needed"), [
    (60, 5, False), (60, 4, True), (15, 7, False), (15, 6, True), (5, 7, True)])
def test_a_second_rotation_is_due_after_five_frames_or_a_sixth_of_a_second(fps, rechecked, needed):
    made = seen_with(is_rechecked=(rechecked,))
    made.timestamps = [number / fps for number in range(9)]
    assert made.needs_recheck == needed


@pytest.mark.parametrize(("crosswise", "needed"), [((4,), True), ((8,), True), ((3,), False), ((), False)])
def test_where_readings_lay_crosswise_of_late_the_next_frame_is_read_again(crosswise, needed):
    assert seen_with(is_rechecked=(7,), is_crosswise=crosswise).needs_recheck == needed


@pytest.mark.parametrize(("exchanged", "needed"), [((6, 7, 8), True), ((8,), True), ((0, 1, 2), False), (range(9), False)])
def test_where_left_and_right_were_exchanged_from_a_frame_to_the_next_it_is_read_again(exchanged, needed):
    made = seen_with(is_rechecked=(7,))
    made.observations = [replace(one, xy=one.xy[MIRRORED]) if number in exchanged else one
                         for number, one in enumerate(made.observations)]
    assert made.needs_recheck == needed


def test_between_the_rechecks_of_an_upright_person_the_second_reading_is_carried_over():
    made = seen_with(is_rechecked=(7,))
    assert made.carried is made.last
    assert seen_with(is_rechecked=(4,)).carried is None
    assert seen_with(is_rechecked=(7,), is_crosswise=(6,)).carried is None


def test_a_second_reading_is_read_of_newcomers_leaning_people_and_where_the_score_falls():
    newcomer, leaning, unsure = seen_with(is_rechecked=(7,)), seen_with(is_rechecked=(7,)), seen_with(is_rechecked=(7,))
    newcomer.observations = newcomer.observations[-4:]
    leaning.observations[-1] = replace(leaning.last, next_region=replace(leaning.last.next_region, angle=np.radians(-11)))
    unsure.observations[-1] = replace(unsure.last, score=0.7 * unsure.last.score)
    assert [made.carried for made in (newcomer, leaning, unsure)] == [None] * 3


def test_nobody_has_a_speed_before_the_second_sighting():
    assert Tracklet().velocity.tolist() == [0.0, 0.0] and followed([(100, 300)]).velocity.tolist() == [0.0, 0.0]


def moved_by(seen, pixels, landmarks=slice(None)):
    """Return what is seen, with some landmarks so much farther to the right."""
    xy = seen.xy.copy()
    xy[landmarks, 0] += pixels
    return replace(seen, xy=xy)


def rest_after(made, seen):
    return made.rest_after(made.timestamps[-1] + 1 / 30, seen)


def test_somebody_rests_until_a_landmark_has_moved_by_an_eighth_of_the_bodys_radius_or_a_foot_by_half_of_that():
    made = followed([(100, 300)] * 9)
    radius = made.last.next_region.body_radius
    assert rest_after(made, moved_by(made.last, 0.065 * radius, LANDMARK["left_wrist"])) == pytest.approx(2 / 30, rel=1e-4)
    assert rest_after(made, moved_by(made.last, 0.065 * radius, LANDMARK["left_heel"])) == pytest.approx(1 / 30, rel=1e-4)
    assert rest_after(made, moved_by(made.last, 0.13 * radius)) == pytest.approx(0.5 / 30, rel=1e-4)
    assert rest_after(made, made.last) > LONGEST_REST
    unsure = made.last.score.copy()
    unsure[LANDMARK["left_wrist"]] = 0.4
    hidden = replace(made.last, score=unsure)
    assert rest_after(made, moved_by(hidden, 50, LANDMARK["left_wrist"])) > LONGEST_REST
    assert rest_after(made, moved_by(made.last, 50, LANDMARK["nose"])) > LONGEST_REST, "the face tells nothing of limbs"


def test_nobody_rests_who_is_new_leans_is_in_doubt_or_may_be_read_mirrored():
    made = followed([(100, 300)] * 9)
    last = made.last
    leaning = replace(last, next_region=replace(last.next_region, angle=np.radians(-11)))
    not_plain = [leaning, replace(last, score=0.7 * last.score), replace(last, is_crosswise=True),
                 replace(last, xy=last.xy[MIRRORED])]
    assert [rest_after(made, seen) for seen in not_plain] == [0.0] * 4
    assert rest_after(followed([(100, 300)] * 3), last) == 0.0 < rest_after(followed([(100, 300)] * 4), last)
