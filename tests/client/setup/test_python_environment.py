import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mpsnet_blender.client.setup import base_python
from mpsnet_blender.client.setup.pip_step import make_setup_error
from mpsnet_blender.client.setup.python_environment import COMPLETE, Packages, PythonEnvironment
from mpsnet_blender.client.setup.setup_errors import DiskFullError, NoPythonError, NotSetUpError, PackagesError, SetupCancelled
from mpsnet_blender.client.setup.setup_lock import setup_lock
from mpsnet_blender.client.setup.setup_steps import SetupRun, StepFailed
from mpsnet_blender.shared.protocol import Log, Progress

NOTHING = Packages("# nothing\n", (), 1, 1)
HOLD_LOCK = """
import sys, time
from pathlib import Path
from mpsnet_blender.client.setup.setup_lock import setup_lock
from mpsnet_blender.client.setup.setup_steps import SetupRun
with setup_lock(Path(sys.argv[1]), SetupRun(print, Path(sys.argv[2]))):
    print("held", flush=True)
    time.sleep(60)
"""


def installed_version(python):
    return subprocess.check_output([python, "-c", "import tinything; print(tinything.version)"], text=True).strip()


@pytest.fixture(scope="module")
def built_home(tmp_path_factory):
    """A home with an environment that has nothing but pip, for tests to copy: building one takes seconds."""
    home = tmp_path_factory.mktemp("built")
    PythonEnvironment(home, "tiny", NOTHING).ensure(SetupRun(lambda message: None, home / "setup.log"))
    return home


def test_an_environment_is_kept_until_its_requirements_change(tmp_path, built_home, packages, run):
    shutil.copytree(built_home, tmp_path, symlinks=True, dirs_exist_ok=True)
    environment = PythonEnvironment(tmp_path, "tiny", NOTHING)
    python = environment.python
    assert environment.ensure(run) == python
    assert run.reported == []

    changed = PythonEnvironment(tmp_path, "tiny", packages("2.0"))
    assert changed.folder is None
    with pytest.raises(NotSetUpError):
        changed.python  # noqa: B018
    assert installed_version(changed.ensure(run)) == "2.0"
    installing = [report for report in run.reported if isinstance(report, Progress) and report.stage == "installing"]
    assert (installing[-1].done, installing[-1].total) == (1, 1)
    assert not (changed.folder / "tmp").exists()
    assert environment.folder is None, "the older environment is removed"
    assert [path.name for path in (tmp_path / "environments").iterdir() if path.is_dir()] == [changed.folder.name]


def test_a_half_built_environment_is_thrown_away_and_one_of_another_name_kept(tmp_path, built_home, run):
    shutil.copytree(built_home, tmp_path, symlinks=True, dirs_exist_ok=True)
    environment = PythonEnvironment(tmp_path, "tiny", NOTHING)
    other = tmp_path / "environments" / "tiny-other-0123456789ab"
    other.mkdir()
    folder = environment.folder
    (folder / COMPLETE).unlink()
    (folder / "leftover").touch()
    assert environment.folder is None
    environment.ensure(run)
    assert environment.folder == folder and not (folder / "leftover").exists()
    assert other.is_dir()


def test_an_environment_whose_python_has_gone_is_not_valid(tmp_path, built_home):
    shutil.copytree(built_home, tmp_path, symlinks=True, dirs_exist_ok=True)
    environment = PythonEnvironment(tmp_path, "tiny", NOTHING)
    python = environment.python
    python.unlink()
    assert environment.folder is None
    python.symlink_to("/bin/sh")
    assert environment.folder is None


def test_a_discarded_environment_is_made_anew_also_where_its_mark_cannot_be_removed(tmp_path, built_home, run, monkeypatch):
    shutil.copytree(built_home, tmp_path, symlinks=True, dirs_exist_ok=True)
    environment, other = PythonEnvironment(tmp_path, "tiny", NOTHING), PythonEnvironment(tmp_path, "tiny", NOTHING)
    folder = environment.folder
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *_: (_ for _ in ()).throw(OSError("read-only")))
        environment.discard()
    assert environment.folder is None and environment.is_damaged
    assert other.folder == folder and not other.is_damaged
    other.discard()
    assert not (folder / COMPLETE).exists() and other.is_damaged and PythonEnvironment(tmp_path, "tiny", NOTHING).is_damaged
    (folder / "leftover").touch()
    other.ensure(run)
    assert not (folder / "leftover").exists() and (folder / COMPLETE).exists()
    assert environment.folder == folder and not environment.is_damaged


def test_an_environment_that_was_never_there_is_not_damaged(tmp_path, built_home, packages):
    shutil.copytree(built_home, tmp_path, symlinks=True, dirs_exist_ok=True)
    assert not PythonEnvironment(tmp_path / "nowhere", "tiny", NOTHING).is_damaged
    assert not PythonEnvironment(tmp_path, "tiny", packages("2.0")).is_damaged     # older requirements: an update


def test_the_import_of_the_packages_is_part_of_the_examination(tmp_path, packages, run):
    environment = PythonEnvironment(tmp_path, "tiny", packages())
    environment.ensure(run)
    assert environment.examine(run) == ""
    broken = PythonEnvironment(tmp_path, "tiny", packages(imports=("tinything.nothing",)))
    assert "tinything.nothing" in broken.examine(run)


def test_packages_that_do_not_import_leave_no_environment(tmp_path, packages, run):
    environment = PythonEnvironment(tmp_path, "tiny", packages(imports=("no_such_module",)))
    with pytest.raises(PackagesError, match="no_such_module"):
        environment.ensure(run)
    assert not [path for path in (tmp_path / "environments").iterdir() if path.is_dir()]


def test_a_python_that_cannot_make_environments_is_passed_over(tmp_path, packages, run):
    broken = tmp_path / "python-broken"
    broken.write_text("#!/bin/sh\necho 'No module named ensurepip' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(NoPythonError, match="ensurepip") as caught:
        PythonEnvironment(tmp_path, "tiny", packages()).ensure(run, [str(broken), str(tmp_path / "nowhere")])
    assert "nowhere" in str(caught.value) and "Python 3.11 to 3.14" in caught.value.advice
    suitable, refused = base_python.find_base_pythons([str(broken), sys.executable])
    assert [python.executable for python in suitable] == [sys.executable] and len(refused) == 1


def test_too_old_and_too_new_pythons_are_refused():
    suitable, refused = base_python.find_base_pythons([sys.executable], oldest=(3, 90), newest=(3, 91))
    assert suitable == []
    assert f"is Python {sys.version_info[0]}.{sys.version_info[1]}" in refused[0]
    assert "Python 3.90 to 3.91 is needed" in refused[0]


def test_the_preferred_python_comes_first():
    assert base_python.list_candidates("/opt/mine/interpreter")[0] == "/opt/mine/interpreter"
    assert sys.executable in base_python.list_candidates()


def test_a_package_that_does_not_exist_is_no_matter_of_the_network(tmp_path, packages, run):
    with pytest.raises(PackagesError, match=r"No matching distribution found for tinything==9\.0"):
        PythonEnvironment(tmp_path, "tiny", packages("9.0")).ensure(run)
    assert "tinything==9.0" in run.log_path.read_text()


def test_a_full_disk_is_reported_as_such(tmp_path, packages, run):
    failure = StepFailed("pip", 1, "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
    assert isinstance(make_setup_error(failure, run.log_path), DiskFullError)
    large = Packages(packages().requirements, (), 1, disk_megabytes=10**12)
    with pytest.raises(DiskFullError, match="MB free"):
        PythonEnvironment(tmp_path, "tiny", large).ensure(run)


def test_a_cancel_stops_the_build_and_leaves_nothing(tmp_path, packages):
    cancelled = threading.Event()
    run = SetupRun(lambda message: cancelled.set() if message == Progress("environment", 1, 1) else None,
                   tmp_path / "setup.log", cancelled)
    with pytest.raises(SetupCancelled):
        PythonEnvironment(tmp_path, "tiny", packages()).ensure(run)
    assert not [path for path in (tmp_path / "environments").iterdir() if path.is_dir()]


def hold_lock(path, tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(path), str(tmp_path / "log")], text=True,
                              stdout=subprocess.PIPE)
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_lock_names_its_holder_and_dies_with_it(tmp_path, run):
    path = tmp_path / "tiny.lock"
    with hold_lock(path, tmp_path) as holder:
        assert path.read_text() == str(holder.pid)
        threading.Timer(0.5, holder.kill).start()
        with setup_lock(path, run):
            assert holder.poll() is not None        # waited for its end
            assert path.read_text() == str(os.getpid())
    assert [type(report) for report in run.reported] == [Log]
    assert str(holder.pid) in run.reported[0].message


def test_waiting_for_the_lock_can_be_cancelled(tmp_path, run):
    path = tmp_path / "tiny.lock"
    with hold_lock(path, tmp_path) as holder:
        run.cancelled.set()
        with pytest.raises(SetupCancelled), setup_lock(path, run):
            pass
        holder.kill()


def test_of_two_set_ups_at_once_one_builds_and_both_end_ready(tmp_path, packages):
    reported = []
    environments = [PythonEnvironment(tmp_path, "tiny", packages()) for _ in range(2)]
    runs = [SetupRun(reported.append, tmp_path / f"setup{number}.log") for number in range(2)]
    threads = [threading.Thread(target=environment.ensure, args=(run,))
               for environment, run in zip(environments, runs, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(environment.folder for environment in environments)
    assert reported.count(Progress("environment", 1, 1)) == 1
