from dataclasses import replace

import numpy as np
import pytest

from backend.people.landmarks import LANDMARK, LANDMARK_NAMES, MIRRORED
from backend.people.sides import repair_sides
from tests.backend.made_people import person_track, seen_from, walker

GROUPS = {
    "legs": ("knee", "ankle", "heel", "foot_index"),
    "arms": ("elbow", "wrist", "pinky", "index", "thumb"),
}
GROUPS["all"] = ("shoulder", "hip", *GROUPS["legs"], *GROUPS["arms"])
VIEWS = {"from behind": 180.0, "from the front": 0.0, "askew": 130.0}


def exchanged(track, parts, frames):
    """Return the track with left and right of these parts exchanged in some frames."""
    order = np.arange(len(LANDMARK_NAMES))
    for part in parts:
        for side in ("left", "right"):
            index = LANDMARK[f"{side}_{part}"]
            order[index] = MIRRORED[index]
    xy, world, score = track.xy.copy(), track.world.copy(), track.score.copy()
    xy[frames], world[frames], score[frames] = xy[frames][:, order], world[frames][:, order], score[frames][:, order]
    return replace(track, xy=xy, world=world, score=score)


def noisy(track, pixels=1.5):
    generator = np.random.default_rng(1)
    return replace(track, xy=track.xy + generator.normal(scale=pixels, size=track.xy.shape),
                   world=track.world + generator.normal(scale=0.01, size=track.world.shape))


@pytest.fixture(params=VIEWS.values(), ids=VIEWS)
def track(request):
    return noisy(person_track(seen_from(walker(heading_degrees=request.param))))


def test_an_untouched_track_is_left_alone(track):
    repaired, count = repair_sides(track)
    assert count == 0
    np.testing.assert_array_equal(repaired.xy, track.xy)
    np.testing.assert_array_equal(repaired.world, track.world)


@pytest.mark.parametrize("group", ["legs", "arms", "all"])
def test_sides_exchanged_in_ten_frames_are_put_right(track, group):
    repaired, count = repair_sides(exchanged(track, GROUPS[group], slice(40, 50)))
    np.testing.assert_array_equal(repaired.xy, track.xy)
    np.testing.assert_array_equal(repaired.world, track.world)
    np.testing.assert_array_equal(repaired.score, track.score)
    assert count == 10


def test_sides_exchanged_in_the_first_frames_are_put_right(track):
    repaired, _ = repair_sides(exchanged(track, GROUPS["all"], slice(0, 12)))
    np.testing.assert_array_equal(repaired.xy, track.xy)


def test_several_exchanges_of_different_parts_are_put_right(track):
    wrong = exchanged(track, GROUPS["legs"], slice(10, 20))
    wrong = exchanged(wrong, GROUPS["arms"], slice(15, 30))
    wrong = exchanged(wrong, GROUPS["all"], slice(60, 66))
    repaired, count = repair_sides(wrong)
    np.testing.assert_array_equal(repaired.xy, track.xy)
    assert count == 26


def test_one_frame_is_left_as_it_is():
    track = person_track(seen_from(walker(1)))
    repaired, count = repair_sides(track)
    assert count == 0 and repaired.xy.shape == (1, 33, 2)


def standing(apart, frames=40, seconds=1 / 30):
    """Return somebody still whose left landmarks are each so many body lengths from the right ones, in the picture and in space
    alike; by one number, in the picture alone."""
    track = person_track(seen_from(walker(1)))
    in_picture, in_space = apart if isinstance(apart, tuple) else (apart, 0.0)
    size = 500.0
    sign = np.array([1.0 if name.startswith("left") else -1.0 if name.startswith("right") else 0.0 for name in LANDMARK_NAMES])
    sign[:LANDMARK["left_shoulder"]] = 0.0          # the face is not exchanged
    xy, world = np.zeros((frames, 33, 2)), np.zeros((frames, 33, 3))
    xy[..., 0], world[..., 2] = sign * in_picture * size / 2, sign * in_space * 1.7 / 2
    boxes = np.tile((0.0, 0.0, 300.0, 400.0), (frames, 1))          # its diagonal is 500
    return replace(track, frame_index=np.arange(frames), timestamps=seconds * np.arange(frames), xy=xy, world=world,
                   score=np.ones((frames, 33)), boxes=boxes)


@pytest.mark.parametrize(("apart", "frames", "repaired"), [
    (0.2, 8, True), (0.2, 9, False),            # two changes of 2 * 0.2 against twice 0.15 and 0.06 a frame
    ((0.0, 0.2), 8, True), ((0.0, 0.2), 9, False),
    ((0.12, 0.16), 8, True), ((0.12, 0.16), 9, False),      # as far in picture and space together
    (0.1, 1, True), (0.1, 2, False), (0.08, 1, False),
])
def test_frames_are_exchanged_where_that_saves_more_movement_than_it_costs(apart, frames, repaired):
    track = standing(apart)
    wrong = exchanged(track, GROUPS["all"], slice(20, 20 + frames))
    after, count = repair_sides(wrong)
    np.testing.assert_array_equal(after.xy, track.xy if repaired else wrong.xy)
    assert count == (frames if repaired else 0)


@pytest.mark.parametrize(("frames", "repaired"), [(4, True), (5, False)])
def test_at_the_clips_ends_there_is_but_one_change(frames, repaired):
    track = standing(0.2)
    for rows in (slice(0, frames), slice(40 - frames, 40)):
        assert repair_sides(exchanged(track, GROUPS["all"], rows))[1] == (frames if repaired else 0)


@pytest.mark.parametrize(("seconds", "repaired"), [(0.14, True), (0.16, False)])
def test_over_steps_of_more_than_three_twentieths_of_a_second_movement_is_not_used(seconds, repaired):
    assert repair_sides(exchanged(standing(0.2, seconds=seconds), GROUPS["all"], slice(20, 23)))[1] == (3 if repaired else 0)


@pytest.mark.parametrize(("hidden", "frames"), [("left_wrist", 6), ("right_wrist", 6), (None, 4)])
def test_landmarks_that_are_hardly_seen_count_a_twentieth(hidden, frames):
    """Elbows, wrists and fingers are 0.15 apart, or 0.2, and the wrists are where they were: so many frames are worth it."""
    track = standing(0.2, frames=60)
    arms = [LANDMARK[f"{side}_{part}"] for side in ("left", "right") for part in GROUPS["arms"]]
    wrists = [LANDMARK["left_wrist"], LANDMARK["right_wrist"]]
    xy, score = track.xy.copy(), track.score.copy()
    xy[:, arms] *= 0.8
    xy[:, wrists] = 0.0
    if hidden:
        score[:, LANDMARK[hidden]] = 0.0
    track = replace(track, xy=xy, score=score)
    # Four of five pairs are 0.16 apart: on average 0.128 where all count, 0.16 * 4 / (4 + 1 / 21) where the wrists hardly do.
    for count in (frames - 1, frames, frames + 1):
        mean = 0.16 * 4 / (4 + (1 / 21 if hidden else 1))
        pays = 4 * mean > 0.3 + 0.06 * count
        assert repair_sides(exchanged(track, GROUPS["arms"], slice(20, 20 + count)))[1] == (count if pays else 0)
