"""Which part of another view is read, by an offset that is given or heard."""

import math

import numpy as np
import pytest

from backend.base.errors import OptionError
from backend.views.view import OtherView, open_other_view
from mpsnet_blender.shared.capture_request import CaptureRequest
from tests.backend.videos import grey_pictures, write_video


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "b.mp4", grey_pictures(90, step=2))      # 3 s


@pytest.mark.parametrize(("offset", "start", "end", "read"), [
    (0.4, 1.0, 2.0, (0.9, 2.9)), (-0.8, 1.0, 2.0, (0.0, 1.7)), (0.0, 0.0, None, (0.0, math.inf)),
    (None, 1.0, 2.0, (0.0, 62.0)), (None, 61.5, None, (1.5, math.inf)), (None, 0.0, None, (0.0, math.inf))])
def test_of_another_view_the_part_that_shows_the_cut_is_read(video, offset, start, end, read):
    span = open_other_view(OtherView(video, offset), CaptureRequest(start_seconds=start, end_seconds=end))
    np.testing.assert_allclose((span.start_seconds, span.end_seconds), read)


def test_an_offset_by_sound_serves_where_none_is_given(video):
    span = open_other_view(OtherView(video, None, 0.4), CaptureRequest(start_seconds=1.0, end_seconds=2.0))
    np.testing.assert_allclose((span.start_seconds, span.end_seconds), (0.9, 2.9))


def test_another_view_that_begins_after_the_cut_is_told(video):
    with pytest.raises(OptionError, match=r"^b\.mp4 begins only 3 s after the first video, which is wanted until 2 s\.$"):
        open_other_view(OtherView(video, -3.0), CaptureRequest(end_seconds=2.0))
