"""Whether a camera stands still: made trails of still and of moving cameras, with all that may deceive."""

import numpy as np
import pytest

from backend.camera.path import track_camera
from backend.camera.scenery import Trails
from backend.camera.stillness import is_still
from tests.backend.camera.scenes import FPS, trails_of, yawed
from tests.backend.made_people import INTRINSICS


def test_a_camera_that_creeps_is_not_still():
    times = np.arange(150) / FPS
    creeping = trails_of(yawed(np.linspace(0, 1.0, 150)), np.zeros((150, 3)))
    assert not is_still(creeping, times, 1280)
    assert is_still(trails_of(yawed(np.zeros(150)), np.zeros((150, 3)), noise=0.6), times, 1280)


@pytest.mark.parametrize("times_a_second", [1, 2, 3])
def test_a_camera_that_sways_and_is_back_after_each_second_is_not_still(times_a_second):
    times = np.arange(180) / 30
    swaying = trails_of(yawed(np.sin(2 * np.pi * times_a_second * times)), np.zeros((180, 3)), every=4)
    assert not is_still(swaying, times, 1280)


def drifting(moved, points=20):
    """Return trails of points that have moved by (T, N, 2) px, or all alike by (T, 1, 2)."""
    count = len(moved)
    places = np.random.default_rng(0).uniform(100, 600, (points, 2)) + np.broadcast_to(moved, (count, points, 2))
    row, point = np.divmod(np.arange(count * points), points)
    return Trails(row, point, places.reshape(-1, 2))


@pytest.mark.parametrize(("pixels_a_second", "still"), [(0.19, True), (0.23, False), (1.2, False), (1.4, False)])
def test_a_camera_is_still_where_points_go_less_than_a_thousandth_of_the_long_side_in_six_seconds(pixels_a_second, still):
    times = np.arange(61) / 5           # 1.28 px of 1280 in 6 s are 0.21 a second
    moved = pixels_a_second * times[:, None, None] * (0.6, 0.8)
    assert is_still(drifting(moved), times, 1280) == still


@pytest.mark.parametrize(("pixels", "still"), [(1.2, True), (1.4, False)])
def test_points_that_tremble_each_its_way_are_still_below_a_thousandth_of_the_long_side(pixels, still):
    times, ways = np.arange(61) / 5, np.random.default_rng(1).normal(size=(20, 2))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    to_and_fro = np.where(np.arange(61) // 5 % 2 == 0, 0.0, pixels)        # the other way after each second
    assert is_still(drifting(to_and_fro[:, None, None] * ways), times, 1280) == still


@pytest.mark.parametrize(("seconds", "still"), [(0.8, True), (2.4, False)])
def test_points_may_move_for_a_tenth_of_the_time_as_when_somebody_hides_them(seconds, still):
    times, ways = np.arange(101) / 5, np.random.default_rng(1).normal(size=(20, 2))
    pushed = 5.0 * ((times > 9) & (times <= 9 + seconds))
    assert is_still(drifting(pushed[:, None, None] * ways), times, 1280) == still


@pytest.mark.parametrize(("points", "still"), [(11, True), (12, False)])
def test_fewer_than_a_dozen_points_give_nothing(points, still):
    times = np.arange(31) / 5
    assert is_still(drifting(9.0 * times[:, None, None] * (1.0, 0.0), points), times, 1280) == still


SIZE, RATE, SECONDS = (1280, 720), 10, 12
CLOCK = np.arange(SECONDS * RATE) / RATE
STAYING = np.zeros((len(CLOCK), 1, 2))
PANNED = 60.0 * CLOCK[:, None, None] * (1.0, 0.1)
SWAYING = 9.0 * np.sin(2 * np.pi * 0.7 * CLOCK)[:, None, None] * (1.0, 0.3)     # a hand's sway, or dancers in step


def scattered(count, low=(0, 0), high=SIZE, seed=0):
    return np.random.default_rng(seed).uniform(low, high, (count, 2))


def trails_of_groups(*groups, noise=0.2, life=None):
    """Return trails of groups of points: each has places (N, 2) px and moves by (T, N or 1, 2) px. life: seconds after which a
    point is lost and found again as another, of the last group alone."""
    parts, first = [], 0
    for number, (places, moved) in enumerate(groups):
        row, point = (grid.ravel() for grid in np.meshgrid(np.arange(len(CLOCK)), np.arange(len(places)), indexing="ij"))
        xy = (places + moved)[row, point]
        if life and number == len(groups) - 1:
            point = point + len(places) * ((row + 5 * point) // round(life * RATE))
        parts.append((row, point + first, xy))
        first += point.max() + 1
    row, point, xy = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(row, kind="stable")
    return Trails(row[order], point[order], (xy + np.random.default_rng(5).normal(0, noise, xy.shape))[order])


def judge(*groups, noise=0.2, life=None):
    return is_still(trails_of_groups(*groups, noise=noise, life=life), CLOCK, SIZE[0])


@pytest.mark.parametrize("share", [0.5, 0.7])
@pytest.mark.parametrize("life", [None, 2.0])
def test_a_camera_is_still_behind_a_class_that_moves_alike_and_hides_most_of_the_room(share, life):
    dancers = round(100 * share)
    assert judge((scattered(100 - dancers), STAYING), (scattered(dancers, seed=1), SWAYING), life=life)


def test_a_class_and_its_mirror_images_do_not_make_a_camera_move():
    room, front = scattered(30), scattered(40, (0, 300), seed=1)
    images = scattered(40, high=(1280, 300), seed=2)
    assert judge((room, STAYING), (images, SWAYING * (-1.0, 1.0)), (front, SWAYING), life=1.5)


def dancers_and_edges(staying, pixels):
    """Return groups: points above and below, and 60 on dancers who fill the middle, each with limbs of different reach."""
    generator = np.random.default_rng(1)
    reach, phase = generator.normal(1, 0.5, (1, 60, 1)), generator.normal(0, 0.6, (1, 60))
    swayed = pixels * np.sin(2 * np.pi * 0.7 * CLOCK[:, None] + phase)[..., None] * (1.0, 0.3) * reach
    edges = np.concatenate([scattered(staying // 2, high=(1280, 100)), scattered(staying // 2, (0, 620), seed=3)])
    return (edges, STAYING), (scattered(60, (0, 180), (1280, 560), seed=1), swayed)


@pytest.mark.parametrize("pixels", [9.0, 27.0])
def test_the_room_above_and_below_a_class_is_enough_to_see_that_the_camera_is_still(pixels):
    assert judge(*dancers_and_edges(20, pixels), life=2.0)


def test_a_turn_that_explains_little_more_than_standing_is_not_believed():
    """Dancers move by so little that their windows neither prove nor disprove, and a turn explains 84 %."""
    trails = trails_of_groups(*dancers_and_edges(20, 4.5), life=2.0)
    assert not is_still(trails, CLOCK, SIZE[0]) and track_camera(trails, CLOCK, INTRINSICS, lens_is_known=True).is_still


@pytest.mark.parametrize("degrees", [0.4, 1.0])
def test_a_creeping_turn_explains_more_than_standing(degrees):
    trails = trails_of(yawed(np.linspace(0, degrees, 150)), np.zeros((150, 3)), every=6)
    assert not track_camera(trails, np.arange(150) / FPS, INTRINSICS, lens_is_known=True).is_still


def test_a_shadow_that_wanders_over_a_plain_wall_does_not_make_a_camera_move():
    assert judge((scattered(8), STAYING), (scattered(9, seed=1), SWAYING), noise=0.1)


@pytest.mark.parametrize("moved", [PANNED, SWAYING, 0.1 * PANNED, 0.3 * SWAYING])
def test_a_camera_that_pans_or_sways_is_not_still(moved):
    assert not judge((scattered(60), moved))
    assert not judge((scattered(14), moved))        # before a wall with few corners


def test_burnt_in_letters_do_not_make_a_panning_camera_still():
    logo, banner = scattered(12, (1050, 40), (1230, 110)), scattered(30, (60, 620), (1220, 690), seed=1)
    assert not judge((logo, STAYING), (scattered(60, seed=2), PANNED))
    assert not judge((np.concatenate([logo, banner]), STAYING), (scattered(40, seed=2), PANNED), life=3.0)
    assert not judge((np.concatenate([logo, banner]), STAYING), (scattered(60, seed=2), SWAYING))
    title = scattered(30, (200, 20), (1080, 90), seed=4)
    assert not judge((np.concatenate([title, banner]), STAYING), (scattered(60, seed=2), PANNED))


def test_a_car_that_the_camera_follows_stays_in_the_picture_and_the_camera_is_not_still():
    car = scattered(40, (400, 250), (880, 500))
    assert not judge((car, STAYING), (scattered(60, seed=1), PANNED), life=2.0)


def test_a_camera_that_zooms_or_rolls_is_not_still_though_the_middle_stays():
    places = scattered(100)
    ahead = places - np.array(SIZE) / 2
    zoomed = 0.02 * CLOCK[:, None, None] * ahead
    rolled = 0.02 * CLOCK[:, None, None] * ahead[:, ::-1] * (-1.0, 1.0)
    assert not judge((places, zoomed)) and not judge((places, rolled))


def test_a_camera_that_stands_first_and_pans_then_is_not_still():
    assert not judge((scattered(80), 60.0 * np.maximum(CLOCK - 9.0, 0.0)[:, None, None] * (1.0, 0.0)))


@pytest.mark.parametrize("rate", [1, 2, 3, 5, 30])
@pytest.mark.parametrize(("pixels_a_second", "still"), [(0.15, True), (0.3, False)])
def test_a_second_is_a_second_at_every_frame_rate(rate, pixels_a_second, still):
    """1.28 px of 1280 in 6 s are 0.21 a second. At 2 frames a second, 30 frames are 15 s."""
    times = np.arange(30 * rate) / rate
    assert is_still(drifting(pixels_a_second * times[:, None, None] * (0.6, 0.8)), times, 1280) == still


@pytest.mark.parametrize(("pixels", "still"), [(0.55, True), (0.75, False)])
def test_noise_of_a_small_picture_is_that_of_the_picture_in_which_points_are_followed(pixels, still):
    """A picture of 480 px is not enlarged: its points are as sure as those of 640 px, to 0.64 px."""
    ways = np.random.default_rng(1).normal(size=(20, 2))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    to_and_fro = np.where(np.arange(61) // 5 % 2 == 0, 0.0, pixels)
    assert is_still(drifting(to_and_fro[:, None, None] * ways), np.arange(61) / 5, 480) == still
