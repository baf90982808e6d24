"""The report of a batch: what it says of each video, that it needs no other file, and that nothing foreign is replaced or run."""

import base64
import re
from html.parser import HTMLParser

import pytest

from backend.base.errors import BatchError
from backend.batch.attempts import Attempt
from backend.batch.report import REPORT_FILE, Entry, Report
from mpsnet_blender.shared.capture_listing import CaptureListing, ListedPerson, Quality, write_listing

JPEG = b"\xff\xd8\xff\xe0 a picture"


def attempt(video, **told):
    return Attempt(video, "walk", "1 bytes", "", "0.1.0", **told)


@pytest.fixture
def captured(tmp_path):
    """An entry with a capture of two people, one graded red, and a preview."""
    folder = tmp_path / "walk"
    folder.mkdir()
    (folder / "person_01.jpg").write_bytes(JPEG)
    people = (ListedPerson(1, "person_01.npz", "person_01.jpg", start_seconds=0, end_seconds=75,
                           quality=Quality(foot_slide_mm_per_second=99.6, grade="red", advice="Film <again>.")),
              ListedPerson(2, "person_02.npz"))
    write_listing(folder / "people.json", CaptureListing(video="/v/walk.mp4", fps=30.0, frame_count=2250, image_size=(640, 480),
                                                         preview="preview.mp4", people=people))
    ended = attempt("/v/walk.mp4", summary="2 people captured.", seconds=61.0, ended="2026-11-28 07:00")
    return Entry("/v/walk.mp4", folder, ended)


def page_of(tmp_path, *entries, is_running=False, options=""):
    Report(tmp_path, options).write(entries, is_running)
    return (tmp_path / REPORT_FILE).read_text(encoding="utf-8")


class _Balance(HTMLParser):
    """Checks that every element that is opened is closed."""
    def __init__(self):
        super().__init__()
        self.open, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "img", "br", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_capture_is_shown_with_pictures_grades_times_and_links(tmp_path, captured):
    page = page_of(tmp_path, captured)
    assert f'src="data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"' in page
    assert '<span class="grade red">Poor</span>' in page and '<span class="grade none">Not graded</span>' in page
    assert "2 people, 1:15 of video, 640 x 480, captured in 1:01, 2026-11-28 07:00" in page
    assert "feet slide 100 mm/s" in page and "0:00 to 1:15" in page and "Film &lt;again&gt;." in page
    parser = _Balance()
    parser.feed(page)
    assert parser.open == []
    links = [address for address in parser.addresses if not address.startswith("data:")]
    assert links == ["file:///v/walk.mp4", "walk/", "walk/preview.mp4"]


def test_failures_are_shown_with_reason_and_advice_and_open_ones_as_waiting(tmp_path, captured):
    failed = Entry("/v/bad.mp4", tmp_path / "bad", attempt("/v/bad.mp4", error_kind="VideoError", message="It is cut.",
                                                          advice="Copy it.", ended="2026-11-27 10:00"), is_earlier=True)
    waiting = Entry("/v/next.mp4", tmp_path / "next", None)
    page = page_of(tmp_path, captured, failed, waiting, options="--height 1.8")
    assert re.findall(r'<article class="(\w+)">', page) == ["captured", "failed", "waiting"]
    assert re.findall(r'<div class="tile (\w+)"><b>(\d)</b>', page) == [("captured", "1"), ("failed", "1"), ("waiting", "1")]
    assert "It is cut." in page and "Copy it." in page and "Tried 2026-11-27 10:00; not tried again by this run." in page
    assert "Options: --height 1.8." in page


def test_the_page_reloads_only_while_the_batch_runs(tmp_path, captured):
    assert 'http-equiv="refresh"' in page_of(tmp_path, captured, is_running=True)
    assert 'http-equiv="refresh"' not in page_of(tmp_path, captured)


def test_names_of_files_cannot_break_out_of_the_page(tmp_path):
    name = '/v/a" onload="x()<script>&%20#1.mp4'
    page = page_of(tmp_path, Entry(name, tmp_path / "a", None))
    assert "<script" not in page and 'onload="' not in page and "%22%20onload%3D%22x%28%29%3Cscript%3E%26%2520%231.mp4" in page


def test_a_capture_that_was_removed_is_said_to_be(tmp_path):
    assert "Its capture was removed." in page_of(tmp_path, Entry("/v/a.mp4", tmp_path / "a", attempt("/v/a.mp4")))


def test_a_foreign_file_of_the_reports_name_is_not_replaced(tmp_path):
    (tmp_path / REPORT_FILE).write_text("<html>mine</html>")
    with pytest.raises(BatchError, match="is not a batch's report"):
        Report(tmp_path, "")
    assert (tmp_path / REPORT_FILE).read_text() == "<html>mine</html>"


def test_an_earlier_report_is_replaced(tmp_path, captured):
    page_of(tmp_path, Entry("/v/next.mp4", tmp_path / "next", None))
    assert "next.mp4" not in page_of(tmp_path, captured)
