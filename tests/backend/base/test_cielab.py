import cv2
import numpy as np

from backend.base.cielab import convert_to_cielab


def test_colours_equal_those_of_opencv_bit_for_bit():
    levels = np.append(np.arange(0, 256, 3), 254).astype(np.uint8)
    bgr = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    np.testing.assert_array_equal(convert_to_cielab(bgr), cv2.cvtColor(bgr[None], cv2.COLOR_BGR2LAB)[0])


def test_white_grey_and_the_primaries_have_their_known_colours():
    bgr = np.array(((255, 255, 255), (119, 119, 119), (0, 0, 255), (0, 255, 0), (255, 0, 0)), np.uint8)
    lab = convert_to_cielab(bgr) * (100 / 255, 1, 1) - (0, 128, 128)
    known = ((100, 0, 0), (50, 0, 0), (53.2, 80.1, 67.2), (87.7, -86.2, 83.2), (32.3, 79.2, -107.9))
    np.testing.assert_allclose(lab, known, atol=0.6)
