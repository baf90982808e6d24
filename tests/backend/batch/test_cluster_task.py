"""What a batch sends to a machine of a cluster, and that a repeated task captures nothing twice. Ray itself is not needed."""

import pickle
import sys

import pytest

from backend.base.errors import BatchError
from backend.base.reporter import Reporter
from backend.batch.cluster_task import make_task, run_task
from backend.batch.ray_cluster import run_on_cluster
from mpsnet_blender.shared.protocol import Error, Result
from tests.backend.commands.test_batch import CAPTURE, KILLED, failing, tries
from tests.backend.output.made_captures import write_capture


@pytest.fixture
def video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    return tmp_path / "a.mp4"


def task_of(video, folder, script):
    task = make_task(video, folder, ["another machine's python", "-c", script, str(video), str(folder)])
    assert pickle.loads(pickle.dumps(task)) == task
    return task


def test_a_task_captures_with_the_python_of_its_machine(video, tmp_path):
    task = task_of(video, tmp_path / "out" / "a", CAPTURE + f"; assert sys.executable == {sys.executable!r}")
    end = run_task(task)
    assert end.ending == Result(str(tmp_path / "out" / "a"), "1 person captured.")
    assert end.seconds > 0 and end.machine and tries(video) == 1
    assert (tmp_path / "out" / "a" / "people.json").is_file()


def test_a_task_that_is_repeated_after_its_capture_was_written_does_nothing(video, tmp_path):
    task = task_of(video, tmp_path / "out" / "a", CAPTURE)
    run_task(task)
    written = (tmp_path / "out" / "a" / "people.json").stat().st_mtime_ns
    assert run_task(task).ending.summary == "Captured by an earlier try."
    assert tries(video) == 1 and (tmp_path / "out" / "a" / "people.json").stat().st_mtime_ns == written


def test_an_earlier_capture_in_the_folder_is_replaced(video, tmp_path):
    write_capture(tmp_path / "out" / "a", people=3, video=str(video))
    end = run_task(task_of(video, tmp_path / "out" / "a", CAPTURE))
    assert end.ending.summary == "1 person captured." and tries(video) == 1


def test_another_videos_capture_that_arrived_meanwhile_is_not_taken_for_this_ones(video, tmp_path):
    task = task_of(video, tmp_path / "out" / "a", failing("OutputError"))
    write_capture(tmp_path / "out" / "a", video="/another.mp4")
    assert run_task(task).ending.kind == "OutputError"


@pytest.mark.parametrize(("script", "kind"), [(failing("VideoError"), "VideoError"), (KILLED, "BackendDied")])
def test_a_failure_comes_back_as_it_was_reported(video, tmp_path, script, kind):
    end = run_task(task_of(video, tmp_path / "out" / "a", script))
    assert isinstance(end.ending, Error) and end.ending.kind == kind
    assert pickle.loads(pickle.dumps(end)) == end


def test_without_ray_the_batch_says_how_to_install_it(monkeypatch):
    class Silence:
        def send(self, message):
            pass

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BatchError, match="Ray is not installed") as caught:
        next(run_on_cluster([], "auto", Reporter(Silence())))
    assert sys.executable in caught.value.advice and "requirements-ray.txt" in caught.value.advice
