import cv2
import numpy as np
import pytest

from backend.output.preview import PreviewPerson, write_preview
from backend.video.frames import open_span, read_frames
from tests.backend.videos import grey_pictures, number_of, write_video


def preview_of(tmp_path, size, people=(), count=6):
    clip = write_video(tmp_path / "clip.avi", grey_pictures(count, *size), fourcc="MJPG", writer_backend=cv2.CAP_OPENCV_MJPEG)
    done = []
    write_preview(tmp_path / "preview.mp4", open_span(clip), 30.0, list(people), done.append)
    assert done == list(range(1, count + 1))
    return list(read_frames(open_span(tmp_path / "preview.mp4")))


@pytest.mark.parametrize("size", [
    (64, 48), (65, 49), (63, 47), (63, 48), (1923, 1083)])
def test_every_frame_of_any_size_is_in_the_preview(tmp_path, size):
    frames = preview_of(tmp_path, size)
    assert [number_of(frame.image) for frame in frames] == list(range(6))
    height, width = frames[0].image.shape[:2]
    assert width <= 1280 and width % 2 == height % 2 == 0 and abs(width / height - size[0] / size[1]) < 0.03


def test_a_person_is_drawn_in_the_persons_frames_only(tmp_path):
    joints = np.random.default_rng(0).uniform((100, 60), (200, 180), (3, 24, 2))
    boxes = np.tile((90.0, 50, 210, 190), (3, 1))
    person = PreviewPerson(1, np.array((1, 2, 4)), joints, np.ones((3, 24)), boxes)
    frames = preview_of(tmp_path, (320, 240), [person])
    drawn = [np.abs(frame.image.astype(int) - np.median(frame.image)).max(2) > 60 for frame in frames]
    assert [bool(mask.sum() > 300) for mask in drawn] == [False, True, True, False, True, False]
    assert not drawn[1][:, 230:].any() and not drawn[1][210:].any()


def test_joints_far_outside_the_picture_do_no_harm(tmp_path):
    far = np.full((6, 24, 2), 1e7) * np.sign(np.random.default_rng(0).normal(size=(6, 24, 2)))
    person = PreviewPerson(7, np.arange(6), far, np.ones((6, 24)), np.tile((-1e5, -1e5, 1e5, 1e5), (6, 1)))
    assert len(preview_of(tmp_path, (64, 48), [person])) == 6


def test_fingers_are_drawn_where_a_hand_was_seen(tmp_path):
    fingers = np.full((2, 2, 5, 5, 2), np.nan)
    fingers[0, 1] = np.stack([np.linspace((250, 30 + 10 * finger), (300, 30 + 10 * finger), 5) for finger in range(5)])
    still = np.tile((160.0, 120), (2, 24, 1))
    person = PreviewPerson(1, np.arange(2), still, np.ones((2, 24)), np.tile((150.0, 110, 170, 130), (2, 1)), fingers)
    frames = preview_of(tmp_path, (320, 240), [person], count=2)
    drawn = [np.abs(frame.image.astype(int) - np.median(frame.image)).max(2)[20:80, 250:300] > 60 for frame in frames]
    assert drawn[0].sum() > 200 and not drawn[1].any()
