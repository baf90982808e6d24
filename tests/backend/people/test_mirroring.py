from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.people.landmarks import MIRRORED, Reading
from backend.people.mirroring import choose_readings, doubtful_frames
from backend.people.readings import Readings, SecondLook, interpolate_second_readings
from mpsnet_blender.shared.arrays import frame_blocks
from tests.backend.made_people import person_track, seen_from, tracklet, walker

VIEWS = {"from behind": 180.0, "from the front": 0.0, "askew": 130.0, "from the side": 90.0}
STRETCH = slice(40, 62)
UNSURE = 0.6


def readings_of(person, first_exchanged=(), second_exchanged=(), pixels=2.0):
    """Return two noisy readings of a person, with left and right exchanged in some frames of each, and the truth."""
    track, generator = person_track(person), np.random.default_rng(1)
    side = 1.25 * np.ptp(track.xy[..., 1], axis=1)

    def read(exchanged):
        reading = Reading(track.xy + generator.normal(scale=pixels, size=track.xy.shape),
                          track.world + generator.normal(scale=0.01, size=track.world.shape), track.score.copy())
        for frames in exchanged:
            for values in (reading.xy, reading.world, reading.score):
                values[frames] = values[frames][:, MIRRORED]
        return reading

    return Readings(read(first_exchanged), read(second_exchanged), side, track.timestamps), track


def spinning(turns_per_second, frame_count=60, fps=30.0):
    """Return a person who spins on the spot in front of the camera."""
    person = walker(frame_count, fps, velocity=(0.0, 0.0))
    turn = Rotation.from_euler("z", 2 * np.pi * turns_per_second * person.timestamps[:, None])
    rotmats = person.rotmats.copy()
    rotmats[:, 0] = turn.as_matrix() @ rotmats[:, 0]
    root = person.body.rest_joints[0]
    return seen_from(replace(person, rotmats=rotmats, transl=turn.apply(person.transl - (0, 4, 0) + root) + (0, 4, 0) - root))


def pixels_off(chosen, track):
    """Return how far each frame's landmarks are from the truth in the mean, px (T,)."""
    return np.linalg.norm(chosen.xy - track.xy, axis=-1).mean(1)


@pytest.fixture(params=VIEWS.values(), ids=VIEWS)
def person(request):
    return seen_from(walker(heading_degrees=request.param))


def test_readings_that_agree_are_averaged(person):
    readings, _ = readings_of(person)
    chosen = choose_readings(readings)
    np.testing.assert_allclose(chosen.xy, (readings.first.xy + readings.second.xy) / 2)
    np.testing.assert_allclose(chosen.world, (readings.first.world + readings.second.world) / 2)
    assert chosen.score.mean(1).min() > 0.85


@pytest.mark.parametrize(("first", "second"), [([STRETCH], []), ([], [STRETCH]), ([STRETCH], [STRETCH]),
                                               ([slice(0, 20)], [slice(5, 8)]), ([slice(30, 50)], [slice(45, 70)])],
                         ids=["in the first", "in the second", "in both", "from the start", "in turn"])
def test_a_body_that_is_read_mirrored_for_a_while_is_put_right(person, first, second):
    readings, track = readings_of(person, first, second)
    chosen = choose_readings(readings)
    assert pixels_off(chosen, track).max() < 5
    assert np.linalg.norm(chosen.world - track.world, axis=-1).mean(1).max() < 0.03


def test_mirrored_readings_that_flicker_are_put_right(person):
    flickering = [slice(frame, frame + 1) for frame in (20, 22, 23, 27, 28, 29, 31)]
    readings, track = readings_of(person, flickering, flickering[::2])
    assert pixels_off(choose_readings(readings), track).max() < 5


def test_a_reading_that_trembles_is_taken_where_the_steady_one_is_mirrored(person):
    readings, track = readings_of(person, [STRETCH], pixels=0.0)
    side, shape = readings.side[:, None, None], readings.second.xy.shape
    tremble = np.random.default_rng(3).normal(size=shape) * (np.arange(len(track.xy)) >= 35)[:, None, None]
    second = replace(readings.second, xy=readings.second.xy + 0.1 * side * tremble)
    assert pixels_off(choose_readings(replace(readings, second=second)), track)[STRETCH].max() < 0.2 * readings.side.min()


@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0])
@pytest.mark.parametrize("turns_per_second", [-2.0, 1.0, 2.0])
def test_somebody_who_spins_fast_is_left_alone(turns_per_second, fps):
    readings, _ = readings_of(spinning(turns_per_second, int(2 * fps), fps))
    chosen = choose_readings(readings)
    np.testing.assert_allclose(chosen.xy, (readings.first.xy + readings.second.xy) / 2)


def test_somebody_who_is_read_mirrored_while_spinning_is_put_right():
    readings, track = readings_of(spinning(1.0), [slice(12, 40)])
    assert pixels_off(choose_readings(readings), track).max() < 5


def test_a_landmark_whose_readings_lie_a_twentieth_of_the_side_apart_has_half_the_score():
    readings, _ = readings_of(seen_from(walker(heading_degrees=0.0)), pixels=0.0)
    readings.second.xy[:, 15, 0] += 0.05 * readings.side
    share = choose_readings(readings).score / readings.first.score
    np.testing.assert_allclose(share[:, 15], 0.5, atol=0.01)
    np.testing.assert_allclose(share[:, 16:], 1.0, atol=0.01)


def test_where_nothing_shows_which_reading_is_mirrored_the_score_is_low():
    readings, _ = readings_of(seen_from(walker(heading_degrees=0.0)), [slice(None)])
    chosen = choose_readings(readings)
    assert (chosen.score.mean(1) < UNSURE).all()
    readings, _ = readings_of(seen_from(walker(heading_degrees=0.0)), [slice(10, None)])
    assert (choose_readings(readings).score.mean(1) > 0.8).all()


def test_after_a_long_gap_most_frames_are_taken_to_be_right():
    readings, track = readings_of(seen_from(walker(heading_degrees=0.0)), [slice(45, 47)], [slice(45, 47)])
    parted = replace(readings, timestamps=readings.timestamps + 5.0 * (np.arange(90) >= 45))
    assert pixels_off(choose_readings(parted), track).max() < 5


def test_one_frame_is_taken_as_it_was_read():
    readings, _ = readings_of(seen_from(walker(1)))
    chosen = choose_readings(readings)
    np.testing.assert_allclose(chosen.xy, (readings.first.xy + readings.second.xy) / 2)
    assert chosen.xy.shape == (1, 33, 2) and chosen.score.mean() > 0.87


def look_at(track, frames=slice(None), exchanged=(), shift=0.0):
    """Return a second look at a person in some frames: the truth moved by some px, with left and right exchanged in others."""
    reading = Reading(track.xy + shift, track.world + 0.01, np.ones_like(track.score))
    for values in (reading.xy, reading.world, reading.score):
        for stretch in exchanged:
            values[stretch] = values[stretch][:, MIRRORED]
    is_read = np.zeros(len(track.xy), bool)
    is_read[frames] = True
    return SecondLook(reading, is_read)


def test_positions_of_a_second_look_are_taken_and_its_depth_and_score_are_not(person):
    readings, track = readings_of(person, pixels=0.2)
    without = choose_readings(readings)
    chosen = choose_readings(readings, look_at(track, slice(20, 50), shift=1.0))
    np.testing.assert_allclose(chosen.xy[20:50], track.xy[20:50] + 1.0, atol=0.1)
    np.testing.assert_array_equal(np.delete(chosen.xy, np.s_[20:50], axis=0), np.delete(without.xy, np.s_[20:50], axis=0))
    np.testing.assert_array_equal(chosen.world, without.world)
    np.testing.assert_allclose(chosen.score, without.score, atol=0.02)


def test_a_second_look_decides_where_both_readings_are_exchanged_from_the_first_frame_to_the_last():
    readings, track = readings_of(seen_from(walker(heading_degrees=0.0)), [slice(None)], [slice(None)])
    assert pixels_off(choose_readings(readings), track).min() > 20
    chosen = choose_readings(readings, look_at(track, slice(0, None, 3)))
    assert pixels_off(chosen, track).max() < 5
    assert np.linalg.norm(chosen.world - track.world, axis=-1).mean(1).max() < 0.03


def test_a_second_look_that_is_exchanged_itself_is_not_taken():
    readings, track = readings_of(seen_from(walker(heading_degrees=0.0)), pixels=0.2)
    chosen = choose_readings(readings, look_at(track, exchanged=[slice(40, 42)]))
    np.testing.assert_array_equal(chosen.xy[40:42], choose_readings(readings).xy[40:42])
    np.testing.assert_allclose(np.delete(chosen.xy, np.s_[40:42], axis=0), np.delete(track.xy, np.s_[40:42], axis=0), atol=0.1)


def test_a_landmark_keeps_its_first_position_the_more_the_farther_the_second_lies_from_it():
    readings, track = readings_of(seen_from(walker(heading_degrees=0.0)), pixels=0.0)
    look, moved = look_at(track), (0.01, 0.05, 0.1)     # of the region's side, of three landmarks of the face
    for number, share in enumerate(moved):
        look.reading.xy[:, number, 0] += share * readings.side
    taken = (choose_readings(readings, look).xy - track.xy)[:, :3, 0] / readings.side[:, None]
    np.testing.assert_allclose(taken, np.tile((0.01 / 1.04, 0.05 / 2, 0.1 / 5), (90, 1)), rtol=1e-4)


def test_nobody_is_doubtful_whose_readings_agree(person):
    assert not doubtful_frames(readings_of(person)[0]).any()


@pytest.mark.parametrize(("first", "second"), [([STRETCH], []), ([], [STRETCH])])
def test_frames_whose_readings_lie_crosswise_are_doubtful_and_a_tenth_of_a_second_around_them(first, second):
    readings, _ = readings_of(seen_from(walker(heading_degrees=0.0)), first, second)
    np.testing.assert_array_equal(np.flatnonzero(doubtful_frames(readings)), np.arange(STRETCH.start - 3, STRETCH.stop + 3))


def test_frames_around_a_body_that_turns_round_at_once_are_doubtful():
    readings, _ = readings_of(seen_from(walker(heading_degrees=0.0)), [slice(45, None)], [slice(45, None)])
    parted = replace(readings, timestamps=readings.timestamps + 5.0 * (np.arange(90) >= 45))
    far_apart = np.flatnonzero(doubtful_frames(parted))
    assert 45 in far_apart and far_apart.min() >= 42 and far_apart.max() <= 48


def test_frames_with_a_low_score_alone_are_not_doubtful():
    readings, _ = readings_of(seen_from(walker(heading_degrees=0.0)))
    for reading in (readings.first, readings.second):
        reading.score[30:33] *= 0.5
    assert not doubtful_frames(readings).any()


def followed(frames=30, rechecked=(), crosswise=(), exchanged_from=None):
    """Return the tracklet so far of a person who walks towards the camera."""
    piece = tracklet(person_track(seen_from(walker(heading_degrees=0.0))), slice(0, frames), 0)
    for index, seen in enumerate(piece.observations):
        seen = replace(seen, is_rechecked=index in rechecked, is_crosswise=index in crosswise)
        exchanged = exchanged_from is not None and index >= exchanged_from
        piece.observations[index] = replace(seen, xy=seen.xy[MIRRORED]) if exchanged else seen
    return piece


def test_a_frame_is_read_with_another_turn_now_and_then():
    assert followed(1).needs_recheck
    assert not followed(rechecked=(27,)).needs_recheck
    assert followed(rechecked=(25,)).needs_recheck


def test_frames_are_read_with_another_turn_where_left_and_right_may_be_mixed_up():
    assert followed(rechecked=(29,), crosswise=(27,)).needs_recheck
    assert followed(rechecked=(29,), exchanged_from=28).needs_recheck
    assert not followed(rechecked=(29,), crosswise=(10,), exchanged_from=12).needs_recheck


def test_second_readings_between_two_differ_from_the_first_as_interpolated_over_time():
    readings, _ = readings_of(walker(30), pixels=0.0)
    frames = np.arange(30.0)
    for name in ("xy", "world", "score"):
        values = getattr(readings.second, name)
        values[...] = getattr(readings.first, name) + 0.01 * frames.reshape(-1, *[1] * (values.ndim - 1))
    expected = [getattr(readings.second, name).copy() for name in ("xy", "world", "score")]
    is_carried = np.arange(30) % 5 != 0
    for name in ("xy", "world", "score"):
        getattr(readings.second, name)[is_carried] = 0.0
    is_carried[29] = True
    filled = interpolate_second_readings(readings, np.zeros(30, bool), is_carried).second
    for name, values in zip(("xy", "world", "score"), expected, strict=True):
        np.testing.assert_allclose(getattr(filled, name)[:26], values[:26], rtol=0, atol=1e-4)
        np.testing.assert_allclose((getattr(filled, name) - getattr(readings.first, name))[26:], 0.25, rtol=0, atol=1e-4)


def test_an_exchanged_second_reading_is_left_so_and_its_neighbours_are_not_mixed_with_it():
    readings, track = readings_of(walker(30), second_exchanged=(slice(20, 21),), pixels=0.0)
    is_carried = ~np.isin(np.arange(30), (15, 20, 25))
    filled = interpolate_second_readings(readings, np.arange(30) == 20, is_carried).second
    np.testing.assert_array_equal(filled.xy[20], track.xy[20][MIRRORED].astype(filled.xy.dtype))
    np.testing.assert_allclose(filled.xy[16:20], track.xy[16:20], rtol=0, atol=1e-3)
    np.testing.assert_allclose(filled.xy[21:25], track.xy[21:25], rtol=0, atol=1e-3)


@pytest.mark.parametrize("is_carried", [np.zeros(30, bool), np.ones(30, bool)])
def test_readings_stay_where_all_second_ones_or_none_were_read(is_carried):
    readings, _ = readings_of(walker(30))
    assert interpolate_second_readings(readings, np.zeros(30, bool), is_carried) is readings


def test_a_long_clip_is_decided_in_blocks_as_it_is_at_once(monkeypatch):
    """The first block ends within the exchanged stretch."""
    readings, track = readings_of(seen_from(walker(frame_count=120)), first_exchanged=[STRETCH], second_exchanged=[slice(50, 70)])
    look, carried = look_at(track, slice(20, 80)), np.arange(120) % 6 > 0
    crosswise = np.isin(np.arange(120), [58, 59, 80])

    def decide():
        filled = interpolate_second_readings(readings, crosswise, carried)
        return *(getattr(choose_readings(filled, seen), name) for seen in (None, look) for name in ("xy", "world", "score")), \
            doubtful_frames(filled)

    at_once = decide()
    assert at_once[-1].any() and not at_once[-1].all()
    monkeypatch.setattr(frame_blocks, "BLOCK_FRAMES", 50)
    for expected, found in zip(at_once, decide(), strict=True):
        np.testing.assert_array_equal(found, expected)
