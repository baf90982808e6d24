import math

import numpy as np
import pytest

from mpsnet_blender.motion.base.footage_timing import (
    Movie,
    SceneClock,
    extend_movie,
    find_best_counts,
    find_shown_times,
    merge_picture_times,
    plan_footage,
    thin_picture_times,
)

_DROPPED = np.delete(np.arange(305), (20, 80, 140, 200, 280)) / 30


def _counts(plan, frames):
    """Return the movie frames that Blender shows at scene frames (F,), from what the plan gives to its image user."""
    if isinstance(plan.offset, int):
        offsets = plan.offset
    elif plan.offset is not None:
        offsets = np.array([eval(plan.offset, {"floor": math.floor, "frame": float(frame)}) for frame in frames])
    else:
        offsets = plan.offsets[np.searchsorted(plan.frames, frames, side="right") - 1]
    return frames - plan.first_frame + offsets


def test_blender_shows_the_last_picture_that_began():
    movie = Movie(60.0, 8, np.array((0, 2, 3, 6)) / 60)
    np.testing.assert_allclose(find_shown_times(movie, np.arange(9)) * 60, (0, 0, 2, 3, 3, 3, 6, 6, 6))


def test_times_that_a_file_rounds_to_milliseconds_are_found():
    times = np.round(np.arange(90) / 30, 3)
    np.testing.assert_array_equal(find_best_counts(extend_movie(30.0, 90, times), times), np.arange(90))


def test_a_picture_that_begins_just_after_a_count_is_shown_by_the_next():
    times = np.array((0, 0.0336, 0.0680, 0.1003))  # the second 0.3 ms after the first count
    assert find_best_counts(extend_movie(30.0, 4, np.delete(times, 2)), times[1:2])[0] == 2


def test_a_picture_that_no_count_shows_gives_way_to_the_nearest():
    movie = Movie(30.0, 4, np.array((0, 0.036, 0.065, 0.1)))  # the second and third both within the second count
    np.testing.assert_array_equal(find_best_counts(movie, np.array((0.036, 0.065))), (2, 2))


def test_footage_of_the_scenes_rate_needs_a_number_only():
    plan = plan_footage(Movie(25.0, 250, np.arange(250) / 25), SceneClock(1, 2.0, 25.0))
    assert (plan.first_frame, plan.frame_count, plan.offset) == (-49, 251, 0)


def test_dropped_frames_need_a_number_only_where_the_scene_has_the_nominal_rate():
    plan = plan_footage(Movie(30.0, 305, _DROPPED), SceneClock(1, 0.0, 30.0))
    assert plan.offset == 0


@pytest.mark.parametrize("video_fps, scene_fps", [(30.0, 24.0), (24 / 1.001, 30.0), (30 / 1.001, 30.0), (25.0, 60.0)])
def test_footage_of_an_even_rate_keeps_its_speed_by_a_formula(video_fps, scene_fps):
    times = np.arange(200) / video_fps
    plan = plan_footage(Movie(video_fps, 200, times), SceneClock(1, times[30], scene_fps))
    assert isinstance(plan.offset, str)
    frames = np.arange(1, 1 + int((times[-1] - times[30]) * scene_fps))
    shown = _counts(plan, frames) / video_fps
    assert np.abs(shown - (times[30] + (frames - 1) / scene_fps)).max() <= 0.5 / video_fps + 1e-6


@pytest.mark.parametrize("times, nominal", [
    (_DROPPED, 30.0), (np.cumsum(np.tile((2, 2, 3, 1, 2), 40)) / 60, 60.0),
    (np.cumsum(np.repeat((1 / 24, 1 / 60, 1 / 30), 50)), 120.0)])
@pytest.mark.parametrize("scene_fps", [24.0, 29.5, 30.0, 60.0])
def test_uneven_footage_shows_the_nearest_picture_at_every_frame(times, nominal, scene_fps):
    movie = Movie(nominal, math.ceil(times[-1] * nominal) + 1, times)
    frames = np.arange(1, 1 + int((times[-1] - times[10]) * scene_fps))
    shown = find_shown_times(movie, _counts(plan_footage(movie, SceneClock(1, times[10], scene_fps)), frames))
    seconds = times[10] + (frames - 1) / scene_fps
    nearest = np.abs(times - seconds[:, None]).min(axis=1)
    assert (np.abs(shown - seconds) - nearest).max() < 1e-3


def test_pictures_before_and_after_the_known_ones_come_at_the_nominal_rate():
    movie = extend_movie(10.0, 8, np.array((0.2, 0.3, 0.45)))
    np.testing.assert_allclose(movie.picture_times, (0, 0.1, 0.2, 0.3, 0.45, 0.55, 0.65, 0.75))


def test_peoples_times_are_the_videos_and_even_while_nobody_is_seen():
    early, late = (np.array((3, 4)), np.array((0.3, 0.45))), (np.array((4, 8)), np.array((0.45, 0.85)))
    np.testing.assert_allclose(merge_picture_times([late, early]), (0.3, 0.45, 0.55, 0.65, 0.75, 0.85))


def test_people_whose_frame_numbers_contradict_each_other_give_only_times():
    np.testing.assert_allclose(merge_picture_times([(np.arange(2), np.array((0, 0.1))), (np.arange(2), np.array((0.5, 0.6)))]),
                               (0, 0.1, 0.5, 0.6))


def test_before_and_after_the_movie_its_first_and_last_frames_are_the_nearest():
    movie = Movie(25.0, 8, np.arange(8) / 25)
    np.testing.assert_array_equal(find_best_counts(movie, np.array((-5.0, 0.0, 0.28, 99.0))), (0, 0, 7, 7))


def test_a_movies_times_are_in_milliseconds_where_all_are_whole_ones():
    times = np.arange(1, 90) / 30
    assert extend_movie(30.0, 90, np.round(times, 3)).unit == 1e-3
    assert extend_movie(30.0, 90, np.round(times, 4)).unit == 2e-5


@pytest.mark.parametrize(("late", "shown"), [(0.0004, 1), (0.0006, 0)])
def test_a_picture_counts_as_begun_half_a_unit_before_its_time(late, shown):
    """Of a file in milliseconds: its second picture begins so much after Blender's frame 1."""
    movie = Movie(25.0, 3, np.array((0.0, 0.04 + late, 0.08)), 1e-3)
    assert find_shown_times(movie, np.array((1,)))[0] == movie.picture_times[shown]


@pytest.mark.parametrize(("sixtieths", "count"), [(3.4, 3), (4.2, 4), (4.4, 4), (4.6, 6), (5.9, 6), (1.4, 2), (0.8, 1), (7.4, 7)])
def test_of_the_frames_that_show_the_nearest_picture_the_nearest_in_time_is_taken(sixtieths, count):
    movie = Movie(60.0, 8, np.array((0, 2, 3, 6)) / 60)
    assert find_best_counts(movie, np.array((sixtieths / 60,))).tolist() == [count]


@pytest.mark.parametrize(("seconds", "count"), [(0.44, 13), (0.56, 30), (1.01, 30), (1.06, 32)])
def test_a_picture_that_lasts_a_second_is_left_for_the_next_in_its_middle(seconds, count):
    movie = Movie(30.0, 33, np.array((0.0, 1.0, 32 / 30)))
    assert find_best_counts(movie, np.array((seconds,))).tolist() == [count]


def test_footage_begins_on_the_scene_frame_at_or_before_its_first_picture():
    plan = plan_footage(Movie(25.0, 250, np.arange(250) / 25), SceneClock(1, 0.51, 25.0))
    assert plan.first_frame == -12 and plan.frame_count == 251          # 1 - 12.75
    shown = _counts(plan, np.arange(1, 100))
    np.testing.assert_array_equal(shown, np.floor(np.arange(99) + 12.75 + 0.5))


def test_uneven_footages_offsets_begin_with_the_first_frame_and_change_each_time():
    late = (np.arange(200) + 0.4 * (np.arange(200) % 3 == 1)) / 30         # every third picture begins later
    plan = plan_footage(Movie(60.0, 400, late), SceneClock(1, 0.2, 30.0))
    assert plan.offset is None and plan.frames[0] == plan.first_frame
    assert (np.diff(plan.offsets) != 0).all() and (np.diff(plan.frames) > 0).all() and len(plan.frames) > 50


def test_pictures_between_changes_of_the_rate_need_not_be_listed():
    seconds = np.cumsum(np.repeat((1 / 24, 1 / 60, 1 / 30), 50))
    np.testing.assert_array_equal(thin_picture_times(np.arange(150), seconds), (0, 49, 99, 149))
    np.testing.assert_array_equal(thin_picture_times(np.arange(7, 107), np.arange(7, 107) / 29.97), (0, 99))


def test_of_trembling_times_no_more_are_listed_than_allowed():
    numbers, seconds = np.arange(400), np.round(np.arange(400) / 30 + np.tile((0, 0.004), 200), 3)
    told = thin_picture_times(numbers, seconds)
    np.testing.assert_allclose(np.interp(numbers, told, seconds[told]), seconds, atol=2.1e-5)
    few = thin_picture_times(numbers, seconds, most=20)
    assert len(few) <= 20 < len(told)
    np.testing.assert_allclose(np.interp(numbers, few, seconds[few]), seconds, atol=0.006)


def test_a_movie_of_a_fast_clock_is_shown_by_the_slow_one():
    times = np.arange(100) / 25
    movie = extend_movie(25.0, 100, times).by_clock(1.01)
    np.testing.assert_allclose(find_shown_times(movie, np.arange(100)), times / 1.01)
