from dataclasses import replace

import cv2
import numpy as np
import pytest

from backend.people.retracing import RecentFrames, trace_back
from backend.video.frames import Frame
from tests.backend.people.test_tracklets import RED, at, colours, followed

FPS = 30.0


def frames(count, size=(48, 64)):
    return [Frame(index, index / FPS, np.full((*size, 3), index, np.uint8)) for index in range(count)]


def recent(count):
    kept = RecentFrames()
    for frame in frames(count):
        kept.add(frame)
    return kept


class WalkingPast:
    """Reads somebody who walks by 10 px a frame, and is seen from a frame on; the picture's brightness tells the frame."""

    def __init__(self, seen_from):
        self.seen_from, self.read = seen_from, []

    def __call__(self, image, regions, recheck=None):
        index = int(image[0, 0, 0])
        self.read.append(index)
        return [replace(place(index), presence=0.99 if index >= self.seen_from else 0.2) for _ in regions]


def place(index):
    seen = at(100 + 10 * index)
    return replace(seen, xy=seen.xy + (10 * index, 0))


def found_in(indices):
    """Return the tracklet of the same person, found in these frames."""
    made = followed([])
    for index in indices:
        made.append(index, index / FPS, place(index), colours(RED))
    return made


def test_the_last_two_and_a_half_seconds_are_kept_and_come_back_latest_first():
    indices = [frame.index for frame in recent(100).before(90)]
    assert indices == list(range(89, 23, -1))
    assert next(iter(recent(100).before(90))).image.mean() == pytest.approx(89, abs=1)


def test_kept_frames_before_the_latest_take_32_mib_at_most_however_large_they_are():
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    kept = RecentFrames()
    for index in range(70):
        kept.add(Frame(index, index / FPS, noise))
    sizes = [item.jpeg.result().size for item in kept._kept]
    assert 32 * 2 ** 20 - sizes[0] < sum(sizes[:-1]) <= 32 * 2 ** 20 and len(sizes) < 70


@pytest.mark.parametrize(("size", "kept_side"), [
    ((2160, 3840), 960), ((3840, 2160), 960), ((1080, 1920), 960), ((1081, 1921), 960), ((1080, 1440), 1440), ((720, 960), 960)])
def test_a_large_frame_is_kept_in_halves_and_comes_back_in_its_size(size, kept_side):
    rows, columns = np.mgrid[:size[0], :size[1]]
    image = np.stack([255 * rows / size[0], 255 * columns / size[1], np.full(size, 90)], axis=2).astype(np.uint8)
    kept = RecentFrames()
    kept.add(Frame(0, 0.0, image))
    (back,) = kept.before(1)
    assert back.image.shape == image.shape and np.abs(back.image.astype(int) - image).max() <= 5
    assert max(cv2.imdecode(kept._kept[0].jpeg.result(), cv2.IMREAD_COLOR).shape) == kept_side


def test_somebody_found_late_is_followed_back_to_where_the_person_comes_into_view():
    person, model = found_in(range(20, 30)), WalkingPast(seen_from=7)
    trace_back(person, 0, recent(30), [], model)
    assert person.frame_index == list(range(7, 30)) and person.timestamps == pytest.approx(np.arange(7, 30) / FPS)
    assert [seen.next_region.centre_x for seen in person.observations] == [100 + 10 * index for index in range(7, 30)]
    assert len(person.appearances) == 23 and model.read == list(range(19, 5, -1))


def test_somebody_found_again_is_followed_back_to_where_the_person_was_lost_and_no_frame_is_read_twice():
    person, model = found_in([*range(10), *range(16, 20)]), WalkingPast(seen_from=0)
    trace_back(person, 10, recent(20), [], model)
    assert person.frame_index == list(range(20)) and model.read == [15, 14, 13, 12, 11, 10]


def test_nobody_is_followed_back_onto_somebody_else():
    person, other = found_in(range(20, 30)), found_in(range(12))
    trace_back(person, 0, recent(30), [other], WalkingPast(seen_from=0))
    assert person.frame_index == list(range(12, 30))


def test_a_leap_back_is_not_followed():
    class Leaping(WalkingPast):
        def __call__(self, image, regions, recheck=None):
            (seen,) = super().__call__(image, regions)
            leaps = int(image[0, 0, 0]) < 15
            return [replace(seen, next_region=seen.next_region.moved(500, 0)) if leaps else seen]
    person = found_in(range(20, 30))
    trace_back(person, 0, recent(30), [], Leaping(seen_from=0))
    assert person.frame_index == list(range(15, 30))
