import stat
import zipfile

import pytest

from backend.base.errors import ModelError
from backend.paper import model_sources
from backend.paper.model_sources import UnsafeModelError, find_sources


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def write_zip(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members:
            archive.writestr(member, content)
    return path


@pytest.mark.parametrize("name", ["../evil.pkl", "a/../../evil.pkl", "/etc/evil.pkl", "C:/evil.pkl", "..\\evil.pkl"])
def test_a_member_that_points_outside_is_refused(tmp_path, scratch, name):
    path = write_zip(tmp_path / "a.zip", ("good.pkl", b"\x80"), (name, b"\x80"))
    with pytest.raises(UnsafeModelError, match="points outside"):
        list(find_sources(path, scratch))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.zip", "scratch"]
    assert list(scratch.iterdir()) == []


def test_a_link_is_refused(tmp_path, scratch):
    link = zipfile.ZipInfo("SMPL_NEUTRAL.pkl")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnsafeModelError, match="is a link"):
        list(find_sources(write_zip(tmp_path / "a.zip", (link, "/etc/passwd")), scratch))


def test_an_archive_that_grows_too_large_is_refused(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(model_sources, "_MAX_MEMBER_BYTES", 1000)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("SMPL_NEUTRAL.pkl", bytes(5000))
    with pytest.raises(UnsafeModelError, match="is larger than"):
        list(find_sources(path, scratch))


def test_members_are_read_one_at_a_time_and_removed(tmp_path, scratch):
    path = write_zip(tmp_path / "a.zip", ("x/one.pkl", b"\x80one"), ("x/readme.txt", b"text"), ("__MACOSX/._one.pkl", b"\0"),
                     ("two", b"\x93NUMPY"))
    seen = []
    for source in find_sources(path, scratch):
        seen.append((source.name, source.path.read_bytes()))
        assert len(list(scratch.iterdir())) == 1
    assert seen == [("a.zip/x/one.pkl", b"\x80one"), ("a.zip/two", b"\x93NUMPY")]
    assert list(scratch.iterdir()) == []


def test_a_folder_is_searched_with_its_archives(tmp_path, scratch):
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "SMPL_MALE.pkl").write_bytes(b"\x80")
    (folder / "notes.txt").write_text("text")
    write_zip(folder / "more.zip", ("SMPL_FEMALE.pkl", b"\x80"))
    assert [source.name for source in find_sources(folder, scratch)] == ["more.zip/SMPL_FEMALE.pkl", "deep/SMPL_MALE.pkl"]


def test_a_truncated_archive_is_an_error(tmp_path, scratch):
    path = write_zip(tmp_path / "a.zip", ("SMPL_NEUTRAL.pkl", bytes(range(256)) * 50))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ModelError, match=r"a\.zip is truncated"):
        list(find_sources(path, scratch))
