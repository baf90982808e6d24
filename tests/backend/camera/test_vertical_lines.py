import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.regions import Region
from backend.camera.scenery import Scenery
from backend.camera.vertical_lines import down_in_camera, find_steep_lines, find_vertical
from backend.video.frames import Frame
from tests.backend.made_people import INTRINSICS

NO_TURN = np.eye(3)[None]
ROW = tuple(np.linspace(-3, 3, 9))


def posts(pitch, roll, positions=ROW):
    """Return a picture (720, 1280) of dark posts in a row 6 m away, before a camera at 1.5 m held so (degrees)."""
    down = down_in_camera(np.radians(pitch), np.radians(roll))
    right = np.cross(down, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    forward = np.cross(right, down)
    picture = np.full((720, 1280), 210, np.uint8)
    for place in positions:
        ends = [6 * forward + place * right - (height - 1.5) * down for height in (0.0, 3.5)]
        drawn = [tuple(np.round(16 * (INTRINSICS @ end / end[2])[:2]).astype(int).tolist()) for end in ends]
        cv2.line(picture, *drawn, 60, 9, cv2.LINE_AA, 4)
    return picture


@pytest.mark.parametrize("pitch,roll", [(0, 0), (5, 0), (15, -3), (-12, 6)])
def test_posts_give_the_cameras_pitch_and_roll(pitch, roll):
    lines = find_steep_lines(posts(pitch, roll))
    vertical = find_vertical(lines, np.repeat(NO_TURN, len(lines), 0), 1, INTRINSICS)
    assert abs(np.degrees(vertical.pitch) - pitch) < 0.4 and abs(np.degrees(vertical.roll) - roll) < 0.3


def test_posts_side_by_side_give_the_roll_surely_and_the_pitch_less():
    lines = find_steep_lines(posts(4, 2, positions=(-0.1, 0.0, 0.1)))
    vertical = find_vertical(lines, np.repeat(NO_TURN, len(lines), 0), 1, INTRINSICS)
    assert abs(np.degrees(vertical.roll) - 2) < 1
    assert vertical.sigma[0] > 2 * vertical.sigma[1]


def exact_posts(pitch, roll, count):
    """Return lines (N, 4) px of upright posts 6 m away, as a camera held so (degrees) sees them."""
    down = down_in_camera(np.radians(pitch), np.radians(roll))
    right = np.cross(down, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    forward = np.cross(right, down)
    feet = 6 * forward + np.linspace(-2.5, 2.5, count)[:, None] * right
    ends = np.stack([feet - height * down for height in (-0.5, 1.0)], axis=1)
    return (ends[..., :2] / ends[..., 2:] * INTRINSICS[0, 0] + INTRINSICS[:2, 2]).reshape(count, 4)


def test_the_lines_of_a_thousand_pictures_give_the_same_direction():
    lines = np.tile(exact_posts(7, -3, 5), (1000, 1)) + np.random.default_rng(0).normal(scale=0.3, size=(5000, 4))
    vertical = find_vertical(lines, np.repeat(NO_TURN, len(lines), 0), 1000, INTRINSICS)
    assert abs(np.degrees(vertical.pitch) - 7) < 0.1 and abs(np.degrees(vertical.roll) + 3) < 0.1


def strays(count, length):
    """Return lines (N, 4) px of that length that lean by 15 to 20 degrees to either side."""
    generator = np.random.default_rng(0)
    middle = generator.uniform((100, 100), (1180, 620), (count, 2))
    angle = np.radians(generator.uniform(15, 20, count)) * generator.choice((-1, 1), count)
    reach = length / 2 * np.stack([np.sin(angle), np.cos(angle)], 1)
    return np.concatenate([middle - reach, middle + reach], axis=1)


def find_vertical_in(lines, pictures=1):
    return find_vertical(lines, np.repeat(NO_TURN, len(lines), 0), pictures, INTRINSICS)


@pytest.mark.parametrize(("pitch", "roll"), [(0, 0), (20, 0), (0, -12), (-15, 8), (35, 15)])
def test_lines_that_are_drawn_exactly_give_the_exact_angles(pitch, roll):
    vertical = find_vertical_in(exact_posts(pitch, roll, 9))
    assert np.degrees(vertical.pitch) == pytest.approx(pitch, abs=0.01)
    assert np.degrees(vertical.roll) == pytest.approx(roll, abs=0.01)
    np.testing.assert_allclose(vertical.down, down_in_camera(np.radians(pitch), np.radians(float(roll))), atol=1e-3)


def test_a_quarter_of_the_lines_length_must_agree():
    upright = exact_posts(5, 0, 9)
    length = np.linalg.norm(upright[:, 2:] - upright[:, :2], axis=1).sum()
    few, many = (strays(60, share * length / 60) for share in (1.5, 5.0))
    assert np.degrees(find_vertical_in(np.concatenate([upright, few])).pitch) == pytest.approx(5, abs=0.5)
    assert find_vertical_in(np.concatenate([upright, many])) is None


def test_as_much_as_six_tenths_of_the_long_side_must_agree_in_a_picture_on_average():
    upright = exact_posts(5, 0, 9)
    sides = np.linalg.norm(upright[:, 2:] - upright[:, :2], axis=1).sum() / 1280
    assert find_vertical_in(upright, pictures=int(sides / 0.6)) is not None
    assert find_vertical_in(upright, pictures=int(sides / 0.6) + 1) is None


def test_lines_of_turned_cameras_are_given_in_the_first_cameras_axes():
    first, second = exact_posts(0, 0, 6), exact_posts(12, 0, 6)
    down_by_12 = Rotation.from_euler("x", -12, degrees=True).as_matrix()         # a camera 12 degrees lower, to the first one
    turns = np.concatenate([np.repeat(NO_TURN, 6, 0), np.repeat(down_by_12[None], 6, 0)])
    vertical = find_vertical(np.concatenate([first, second]), turns, 2, INTRINSICS)
    assert abs(np.degrees(vertical.pitch)) < 0.05


def test_lines_in_all_directions_give_nothing():
    generator = np.random.default_rng(0)
    middle = generator.uniform((0, 0), (1280, 720), (60, 2))
    angle = generator.uniform(-0.35, 0.35, 60)
    reach = 40 * np.stack([np.sin(angle), np.cos(angle)], 1)
    lines = np.concatenate([middle - reach, middle + reach], axis=1)
    assert find_vertical(lines, np.repeat(NO_TURN, 60, 0), 1, INTRINSICS) is None
    assert find_vertical(np.zeros((0, 4)), np.zeros((0, 3, 3)), 1, INTRINSICS) is None


def test_scenery_looks_past_people_and_for_lines_only_now_and_then():
    def lines_seen(people):
        scenery = Scenery(30.0)
        for index in range(90):
            scenery.step(Frame(index, index / 30, picture), people)
        return scenery.upright_lines()

    picture = cv2.cvtColor(posts(6, 0), cv2.COLOR_GRAY2BGR)
    seen = lines_seen([])
    assert seen.pictures == 2 and set(seen.row.tolist()) == {0, 60}
    vertical = find_vertical(seen.lines, np.repeat(NO_TURN, len(seen.row), 0), 2, INTRINSICS)
    assert abs(np.degrees(vertical.pitch) - 6) < 0.4
    assert len(lines_seen([Region(640, 360, 4000, 0.0)]).lines) == 0
    assert len(Scenery(30.0).upright_lines().lines) == 0


@pytest.mark.parametrize(("length", "degrees", "found"), [
    (200, 0, True), (200, 21, True), (200, 23, False), (70, 5, True), (58, 5, False)])
def test_lines_are_steep_within_22_degrees_and_a_twentieth_of_the_long_side(length, degrees, found):
    """A dark bar in a picture of 1280 px: lines along its long sides, and short ones at its ends."""
    picture = np.full((720, 1280), 210, np.uint8)
    lean = np.radians(degrees)
    ends = [np.array((640, 360)) + sign * length / 2 * np.array((np.sin(lean), np.cos(lean))) for sign in (1, -1)]
    cv2.line(picture, *(tuple(np.round(16 * end).astype(int).tolist()) for end in ends), 60, 9, cv2.LINE_AA, 4)
    assert (len(find_steep_lines(picture)) == 2) == found and len(find_steep_lines(picture)) in (0, 2)


def test_the_sixty_longest_lines_are_taken():
    picture = np.full((720, 1280), 210, np.uint8)
    for number in range(40):
        cv2.line(picture, (20 + 31 * number, 50), (20 + 31 * number, 250 + 10 * number), 60, 9)
    lines = find_steep_lines(picture)
    assert len(lines) == 60 and lines.dtype == np.float32
    lengths = np.linalg.norm(lines[:, 2:] - lines[:, :2], axis=1)
    assert (np.diff(lengths) <= 0).all() and lengths.min() > 290
