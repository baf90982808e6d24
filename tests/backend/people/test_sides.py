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
