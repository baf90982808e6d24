"""A capture whose video or disk goes away while it works keeps the motion that it has."""

import shutil

from backend import pipeline
from backend.base.reporter import Reporter
from backend.finding import find_people
from backend.output import preview
from mpsnet_blender.shared.capture_listing import read_listing
from mpsnet_blender.shared.capture_request import CaptureRequest
from mpsnet_blender.shared.motion_file import read_motion
from mpsnet_blender.shared.protocol import Log


class Messages:
    """A sink that keeps what was sent."""

    def __init__(self):
        self.sent = []

    def send(self, message):
        self.sent.append(message)

    def warnings(self):
        return [message.message for message in self.sent if isinstance(message, Log) and message.level == "warning"]


def capture(video, folder, models_folder):
    """Capture 0.6 seconds with a preview; return the listing and the warnings."""
    messages = Messages()
    request = CaptureRequest(end_seconds=0.6, preview=True)
    assert pipeline.capture(video, folder, request, models_folder, folder, Reporter(messages)) == 1
    assert read_motion(folder / "person_01.npz").frame_count == 18
    return read_listing(folder / "people.json"), messages.warnings()


def test_a_video_unplugged_after_its_frames_were_read_is_captured_without_a_preview(
        tmp_path, sample_clip, models_folder, monkeypatch):
    video = shutil.copy(sample_clip, tmp_path / "clip.mp4")
    read_frames = find_people.read_frames

    def read_then_unplug(*arguments):
        yield from read_frames(*arguments)
        video.unlink()

    monkeypatch.setattr(find_people, "read_frames", read_then_unplug)
    listing, warnings = capture(video, tmp_path / "out", models_folder)
    assert listing.preview is None and sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(listing.files())
    assert any("There is no preview: There is no file" in warning for warning in warnings)


def test_a_disk_that_fills_while_the_preview_is_written_keeps_the_motion(tmp_path, sample_clip, models_folder, monkeypatch):
    class FullDisk:
        """Writes as OpenCV does on a full disk: nothing arrives, and nothing is said."""

        def __init__(self, path, *_arguments):
            self._path = path

        def isOpened(self):
            return True

        def write(self, picture):
            pass

        def release(self):
            with open(self._path, "wb") as stream:
                stream.write(b"\0\0\0\x1cftypisom" + bytes(100))

    monkeypatch.setattr(preview.cv2, "VideoWriter", type("VideoWriter", (FullDisk,), {"fourcc": staticmethod(lambda *c: 0)}))
    listing, warnings = capture(sample_clip, tmp_path / "out", models_folder)
    assert listing.preview is None and not (tmp_path / "out" / "preview.mp4").exists()
    assert "There is no preview: only 0 of 18 frames could be written." in warnings


def test_a_preview_that_is_whole_is_listed(tmp_path, sample_clip, models_folder):
    listing, _ = capture(sample_clip, tmp_path / "out", models_folder)
    assert listing.preview == "preview.mp4" and (tmp_path / "out" / "preview.mp4").is_file()
