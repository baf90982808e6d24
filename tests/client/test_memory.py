"""Too little memory is told in words, before a capture and after one that died of it."""

import subprocess
import sys

import pytest

from mpsnet_blender.client import memory
from mpsnet_blender.client.child_process import EXTENSION_ROOT, child_environ
from mpsnet_blender.shared.protocol import Error

LIMIT = """
import resource, sys
from mpsnet_blender.client import memory
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) * 10**6,) * 2)
try:
    memory.require_addresses()
except memory.MemoryLimitError as error:
    print(error, error.advice)
else:
    print("enough", memory.describe_limit())
"""


def said_with_a_limit_of(megabytes):
    return subprocess.check_output([sys.executable, "-c", LIMIT, str(megabytes)], env=child_environ(), text=True)


def test_a_limit_too_low_for_any_capture_is_told_before_it_starts():
    said = said_with_a_limit_of(900)
    assert said.startswith("There is too little memory for a capture. Programs started here may use 900 MB; a capture needs "
                           "about 1,230 MB with one core and 310 MB for each further one.")
    assert "ulimit -v unlimited" in said


def test_a_limit_that_may_suffice_stops_nothing_but_is_known():
    assert said_with_a_limit_of(2000).startswith("enough Programs started here may use 2,000 MB")
    assert said_with_a_limit_of(4000) == "enough \n"


def test_mocap_py_says_it_in_one_sentence(tmp_path):
    script = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_AS, (900 * 10**6,) * 2); " \
             "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    ended = subprocess.run([sys.executable, "-c", script, str(EXTENSION_ROOT / "mocap.py"), "setup"], text=True,
                           capture_output=True, env=child_environ() | {"MPSNET_HOME": str(tmp_path / "home")})
    assert ended.returncode == 1 and "There is too little memory for a capture. Programs started here may use 900" in ended.stderr
    assert "Traceback" not in ended.stderr and not (tmp_path / "home" / "environments").exists()


@pytest.mark.parametrize("said", [
    "OpenBLAS error: Memory allocation still failed after 10 retries, giving up.", "RuntimeError: can't start new thread",
    "ImportError: libavformat.so.62: failed to map segment from shared object", "terminate called after throwing std::bad_alloc",
    "LiteRT cannot load pose_landmark_heavy.tflite: failed to create XNNPACK runtimeNode number 689 failed to prepare.",
    "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 4.00 GiB",
    "DLL load failed while importing cv2: The paging file is too small for this operation to complete."])
def test_a_backend_that_got_no_memory_is_told_so(said):
    error = memory.explain_shortage(Error("BackendDied", "The backend stopped (exit code 1).", "Report it.", said, 1))
    assert error.kind == "MemoryError" and error.message.startswith("The backend got too little memory.")
    assert "Close other programs" in error.advice and said in error.log_tail


def test_a_backend_that_the_system_killed_may_have_filled_the_memory():
    error = memory.explain_shortage(Error("BackendDied", "The backend stopped (signal SIGKILL).", exit_code=-9))
    assert error.message.endswith("Perhaps the system ended it because the memory was full.")


def test_another_error_stays_as_it_is():
    error = Error("VideoError", "Cannot read clip.mp4.", "Re-encode it.", "Traceback ...")
    assert memory.explain_shortage(error) is error
