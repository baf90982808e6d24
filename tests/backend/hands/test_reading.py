"""Hands are found in pictures by the body's landmarks, where they are large enough, and belong to the nearest wrists."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.fingers.ownership import find_owners
from backend.hands.landmarks import HandLandmarks, HandNetwork, region_from_arm, region_from_hand
from backend.hands.reader import HandReader
from backend.hands.readings import COLUMNS, make_row, make_table, read_tables
from backend.people.landmarks import LANDMARK
from backend.people.stitching import PersonTrack
from backend.video.frames import Frame
from tests.backend.fingers.made_hands import OPEN, landmarks_of_height, make_hand

PICTURE = cv2.imread(str(Path(__file__).with_name("open_right_hand.jpg")))     # of samples/render_hands.py, with its truth
TRUTH = np.array([[52, 128], [70, 113], [82, 106], [92, 96], [98, 87], [78, 80], [82, 67], [85, 56], [88, 43], [63, 76], [64, 58],
                  [66, 45], [67, 32], [50, 77], [50, 61], [50, 49], [49, 35], [38, 81], [36, 70], [34, 62], [32, 53]], float)
HAND = make_hand(OPEN).xy[0]


@pytest.fixture(scope="module")
def network(models_folder):
    return HandNetwork(models_folder)


@pytest.mark.parametrize("degrees", [0, 90, 200])
def test_an_open_right_hand_is_read_within_a_twentieth_of_its_length_however_it_is_turned(network, degrees):
    turn = cv2.getRotationMatrix2D((200, 200), degrees, 1.0)
    turn[:, 2] += turn[:, :2] @ (135, 120)
    picture = cv2.warpAffine(PICTURE, turn, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    truth = TRUTH @ turn[:, :2].T + turn[:, 2]
    read = network.read(picture, region_from_hand(truth))
    assert read.presence > 0.85
    assert read.right > 0.8
    assert np.linalg.norm(read.xy - truth, axis=1).mean() < 0.05 * 97       # px from wrist to middle tip
    assert network.read(picture[:, ::-1].copy(), region_from_hand(truth * (-1, 1) + (399, 0))).right < 0.2


def test_a_wall_is_no_hand(network):
    assert network.read(np.full((160, 130, 3), 128, np.uint8), region_from_hand(TRUTH)).presence < 0.5


def test_the_region_of_a_hand_has_its_fingers_upwards():
    region = region_from_hand(TRUTH)
    affine = np.linalg.inv(np.vstack((region.affine(224), (0, 0, 1))))
    wrist, knuckle, tip = (TRUTH[[0, 9, 12]] @ affine[:2, :2].T + affine[:2, 2])
    assert knuckle[0] == pytest.approx(wrist[0], abs=8)
    assert wrist[1] > knuckle[1] > tip[1] > 0


def test_the_region_of_an_arm_contains_the_hand():
    region = region_from_arm(np.array((40.0, 230.0)), TRUTH[0], TRUTH[[5, 17]].mean(0), 97.0)
    affine = np.linalg.inv(np.vstack((region.affine(224), (0, 0, 1))))
    inside = TRUTH @ affine[:2, :2].T + affine[:2, 2]
    assert inside.min() > 10 and inside.max() < 214
    assert abs(region.angle - region_from_hand(TRUTH).angle) < 0.3


class Recording:
    """A network that finds a made hand about each region's centre, and keeps the regions."""

    def __init__(self, presence=0.95):
        self.presence, self.regions = presence, []

    def read(self, image, region):
        self.regions.append(region)
        middle = HAND[9] - HAND[0]
        xy = (HAND - HAND[0] - 0.9 * middle) * (region.side / 400) + region.centre
        return HandLandmarks(xy.astype(np.float32), np.zeros((21, 3), np.float32), self.presence, 0.1)


@pytest.fixture
def read_hands(models_folder):
    def read_hands(height_px, network, frames=1, change=lambda person: person, fps=30.0, step=0.0):
        reader = HandReader(models_folder, fps, [])
        reader._network = network
        person = change(landmarks_of_height(height_px))
        for index in range(frames):
            moved = replace(person, xy=person.xy + (index * step, 0.0))
            reader.step(Frame(index, index / 30, np.zeros((1080, 1920, 3), np.uint8)), [moved])
        return reader
    return read_hands


def test_hands_of_forty_pixels_are_read_and_smaller_ones_are_not(read_hands):
    large, small = Recording(), Recording()
    read_hands(420, large)
    read_hands(340, small)
    assert len(large.regions) == 4      # a new hand is read twice
    assert small.regions == []


def test_hidden_wrists_are_not_looked_for(read_hands):
    def hide(person):
        score = person.score.copy()
        score[LANDMARK["left_wrist"]] = 0.2
        return replace(person, score=score)
    network = Recording()
    read_hands(600, network, change=hide)
    assert len(network.regions) == 2


def test_a_hand_that_is_not_found_is_looked_for_every_other_frame(read_hands):
    network = Recording(presence=0.1)
    reader = read_hands(600, network, frames=4)
    assert len(network.regions) == 4        # two hands, two frames
    assert [len(table) for table in reader.tables] == [0, 0, 0, 0]


def test_a_hand_that_was_found_gives_the_next_region_and_goes_with_the_wrist(read_hands):
    network = Recording()
    reader = read_hands(600, network, frames=3, step=40.0)
    found = read_tables(range(3), reader.tables)
    assert len(found.frame_index) == 6 and len(network.regions) == 4 + 2 + 2
    last = [region_from_hand(xy).moved(40.0, 0.0) for xy in found.xy[found.frame_index == 1]]
    assert [region.centre_x for region in network.regions[-2:]] == pytest.approx([region.centre_x for region in last], abs=1e-3)


@pytest.mark.parametrize(("fps", "step", "frames_between"), [
    (29.97, 0.0, 3), (60.0, 0.0, 6), (25.0, 0.0, 2), (15.0, 0.0, 1), (29.97, 6.0, 3), (29.97, 20.0, 2),
    (29.97, 40.0, 1)])
def test_hands_are_read_ten_times_a_second_and_when_they_moved_by_half_their_length(read_hands, fps, step, frames_between):
    network = Recording()
    reader = read_hands(600, network, frames=13, fps=fps, step=step)        # hands of 65 px
    found = np.unique(read_tables(range(13), reader.tables).frame_index)
    assert found.tolist() == list(range(0, 13, frames_between))
    assert len(network.regions) == 2 * (len(found) + 1)     # a new hand is read twice


def test_tables_keep_readings():
    row = make_row(1, 0.9, 0.8, np.array((3.0, 4.0)), HAND, np.arange(63.0).reshape(21, 3))
    readings = read_tables([7, 8], [make_table([row, row]), make_table([])])
    assert row.shape == (COLUMNS,)
    assert readings.frame_index.tolist() == [7, 7]
    assert readings.side.tolist() == [1, 1]
    assert readings.xy[1] == pytest.approx(HAND.astype(np.float32))
    assert readings.world[0, 20].tolist() == [60, 61, 62]
    assert (readings.presence[0], readings.right[0]) == pytest.approx((0.9, 0.8))


def track_with_wrists(left, right, frames=2):
    xy = np.zeros((frames, 33, 2))
    xy[:, LANDMARK["left_wrist"]], xy[:, LANDMARK["right_wrist"]] = left, right
    return PersonTrack(np.arange(frames), np.arange(frames) / 30, xy, np.zeros((frames, 33, 3)), np.ones((frames, 33)),
                       np.zeros((frames, 4)))


def readings_at(*wrists, rights=None):
    rights = rights or [0.5] * len(wrists)
    rows = [make_row(0, 0.9, right, np.array(wrist), HAND - HAND[0] + wrist, np.zeros((21, 3)))
            for wrist, right in zip(wrists, rights, strict=True)]
    return read_tables([1], [make_table(rows)])


def test_the_body_s_wrists_decide_whose_hand_it_is():
    first, second = track_with_wrists((100, 100), (400, 100)), track_with_wrists((700, 100), (1000, 100))
    owned = find_owners(readings_at((1004, 102), (398, 99)), [first, second])
    assert [[hand.presence.tolist() for hand in hands] for hands in owned] == [
        [[0, 0], [0, pytest.approx(0.9)]], [[0, 0], [0, pytest.approx(0.9)]]]
    assert owned[1][1].xy[1, 0] == pytest.approx((1004, 102))


def test_two_readings_of_one_hand_have_one_owner():
    one = track_with_wrists((100, 100), (125, 100))     # its hands touch
    left, right = find_owners(readings_at((101, 100), (103, 100)), [one])[0]
    assert (left.presence[1] > 0) + (right.presence[1] > 0) == 1


def test_a_hand_of_the_other_side_goes_to_the_wrist_of_that_side():
    one = track_with_wrists((100, 100), (125, 100))
    left, right = find_owners(readings_at((110, 100), rights=[0.99]), [one])[0]
    assert left.presence[1] == 0 and right.presence[1] > 0


def test_a_hand_far_from_every_wrist_is_nobody_s():
    left, right = find_owners(readings_at((600, 600)), [track_with_wrists((100, 100), (400, 100))])[0]
    assert not left.presence.any() and not right.presence.any()
