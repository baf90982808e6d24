import math

import numpy as np
import pytest

from backend.base.regions import Region, region_from_alignment


def at(region, x, y, resolution=100):
    """Return where in the image a pixel of a crop lies."""
    return region.affine(resolution) @ (x, y, 1)


def test_a_crops_middle_is_the_regions_and_its_corners_are_half_a_side_away():
    region = Region(300.0, 200.0, 50.0, 0.0)
    np.testing.assert_allclose(at(region, 50, 50), (300, 200))
    np.testing.assert_allclose(at(region, 0, 0), (275, 175))
    np.testing.assert_allclose(at(region, 100, 0), (325, 175))
    np.testing.assert_allclose(at(region, 0, 100), (275, 225))


def test_the_crop_of_somebody_who_leans_to_the_right_is_turned_upright():
    region = Region(300.0, 200.0, 50.0, math.radians(90))       # the head points to the image's right
    np.testing.assert_allclose(at(region, 50, 50), (300, 200), atol=1e-9)
    np.testing.assert_allclose(at(region, 50, 0), (325, 200), atol=1e-9)       # the crop's top is at the head
    np.testing.assert_allclose(at(region, 100, 50), (300, 225), atol=1e-9)


@pytest.mark.parametrize(("head", "degrees"), [((100, 40), 0), ((160, 100), 90), ((40, 100), -90), ((100, 160), 180),
                                               ((100 + 60 * math.sin(0.5), 100 - 60 * math.cos(0.5)), math.degrees(0.5))])
def test_a_region_leans_as_the_line_from_the_hips_to_the_point_above_does(head, degrees):
    region = region_from_alignment(np.array((100.0, 100)), np.array(head, float))
    assert abs(math.degrees(region.angle)) == pytest.approx(abs(degrees)) and (degrees in (0, 180) or region.angle * degrees > 0)
    assert tuple(region.centre) == (100.0, 100.0)
    assert region.body_radius == pytest.approx(60.0) and region.side == pytest.approx(2 * 1.25 * 60)


def test_a_crop_shows_what_is_there_in_rgb_and_repeats_the_border():
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 30:40] = (255, 128, 0)          # blue, green, red
    crop = Region(35.0, 15.0, 10.0, 0.0).crop(image, 10)
    assert crop.shape == (10, 10, 3)
    np.testing.assert_array_equal(crop[4, 4], (0, 128, 255))
    image[:, :30] = 177
    outside = Region(-20.0, 20.0, 10.0, 0.0).crop(image, 10)
    assert (outside == 177).all()


def test_a_moved_region_keeps_its_size_and_lean():
    assert Region(1.0, 2.0, 3.0, 0.4).moved(10, -20) == Region(11.0, -18.0, 3.0, 0.4)
