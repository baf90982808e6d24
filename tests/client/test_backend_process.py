import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from mpsnet_blender.client import backend_process, child_process
from mpsnet_blender.client.backend_process import BackendProcess
from mpsnet_blender.shared.protocol import FINAL_TYPES, Cancelled, Error, Hello, Log, Progress, Result
from tests.waiting import LONG, comes_true

CHILD = Path(__file__).with_name("child_script.py")


@pytest.fixture
def start(tmp_path):
    started = []

    def start_child(behaviour, *arguments):
        process = BackendProcess([sys.executable, str(CHILD), behaviour, *arguments], tmp_path, tmp_path / "child.log")
        started.append(process)
        return process

    yield start_child
    for process in started:
        process.kill()


def is_alive(pid):
    """Whether a process runs; a zombie that nobody has reaped counts as gone."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def goes(pid):
    """Whether a process, which sleeps for a minute, is gone long before."""
    return comes_true(lambda: not is_alive(pid))


def wait_for(process, message_type):
    return next(message for message in process.messages() if isinstance(message, message_type))


def test_messages_come_in_order_and_the_result_last(start):
    messages = list(start("result").messages())
    assert messages == [Hello("child"), Progress("work", 1, 2), Result("folder")]


def test_poll_delivers_every_message_once(start):
    process, received = start("result"), []

    def is_finished():
        received.extend(process.poll())
        return process.is_finished

    assert comes_true(is_finished)
    assert received == [Hello("child"), Progress("work", 1, 2), Result("folder")]
    assert process.poll() == []
    assert process.wait(LONG) and not process.is_running and process.exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no process so")
def test_a_stopped_child_is_noticed_by_its_silence_and_stops_when_asked(start, monkeypatch):
    monkeypatch.setattr(backend_process, "SILENT_AFTER", 1.0)
    process = start("live")
    wait_for(process, Hello)
    assert comes_true(lambda: process._shows_life) and process.poll() == []
    os.killpg(process._process.pid, signal.SIGSTOP)
    assert comes_true(lambda: process.silent_seconds > 1.2)
    os.killpg(process._process.pid, signal.SIGCONT)
    assert comes_true(lambda: process.silent_seconds == 0.0)
    os.killpg(process._process.pid, signal.SIGSTOP)
    process.cancel()
    assert list(process.messages()) == [Cancelled()] and process.wait(LONG)
    assert process.silent_seconds == 0.0


def test_a_child_that_never_showed_life_may_be_silent(start, monkeypatch):
    monkeypatch.setattr(backend_process, "SILENT_AFTER", 0.01)
    process = start("ignore")
    wait_for(process, Log)
    time.sleep(0.1)
    assert process.silent_seconds == 0.0


def test_poll_does_not_wait_for_a_child_that_says_nothing(start):
    process = start("ignore")           # says two things and sleeps for a minute
    wait_for(process, Log)
    assert [process.poll() for _ in range(100)] == [[]] * 100
    assert process.is_running and not process.is_finished


def test_noise_goes_to_the_log_and_breaks_nothing(start):
    process = start("noise")
    assert list(process.messages()) == [Hello("child"), Result("folder")]
    assert process.wait(LONG)
    log = process.log_path.read_bytes()
    assert b"noise from a C library\n" in log and b"noise from python\n" in log and b"\xff\xfe broken bytes" in log


def test_only_the_first_final_message_counts(start):
    assert list(start("two finals").messages()) == [Hello("child"), Result("first")]


@pytest.mark.parametrize(("behaviour", "words", "exit_code"), [("abort", "signal SIGABRT", -6), ("exit", "exit code 7", 7)])
def test_a_child_that_dies_silently_gives_an_error_with_how_it_died(start, behaviour, words, exit_code):
    final = list(start(behaviour).messages())[-1]
    assert isinstance(final, Error) and final.kind == "BackendDied"
    assert words in final.message and final.exit_code == exit_code


def test_the_error_of_a_dead_child_holds_the_tail_of_its_log(start):
    assert list(start("abort").messages())[-1].log_tail.startswith("last words")


def test_everything_sent_before_death_is_delivered(start):
    messages = list(start("flood").messages())
    assert len(messages) == 1 + 20_000 + 1
    assert messages[-1].exit_code == 4


def test_a_child_that_dies_takes_its_grandchild_along(start):
    process = start("die with grandchild")
    grandchild = int(wait_for(process, Log).message)
    assert wait_for(process, Error).exit_code == -9
    assert goes(grandchild)


def test_a_grandchild_that_left_the_group_and_holds_the_pipe_delays_nothing(start):
    process = start("die with escaped grandchild")
    grandchild = int(wait_for(process, Log).message)
    try:
        assert wait_for(process, Error).kind == "BackendDied"
        assert process.wait(LONG)
        assert is_alive(grandchild)     # all of it was told while the pipe was still held
    finally:
        os.kill(grandchild, 9)


def test_an_obedient_child_ends_by_itself_on_cancel(start, monkeypatch):
    monkeypatch.setattr(backend_process, "TERMINATE_AFTER", 2 * LONG)      # nobody helps
    process = start("obey")
    wait_for(process, Progress)
    process.cancel()
    assert isinstance(list(process.messages())[-1], Cancelled)
    assert process.wait(LONG) and process.exit_code == 130


def test_an_error_that_comes_of_the_cancel_is_a_cancel(start):
    process = start("error on cancel")
    wait_for(process, Progress)
    process.cancel()
    assert isinstance(list(process.messages())[-1], Cancelled)


@pytest.fixture
def asked(monkeypatch):
    """How processes' trees were asked to stop, in order: (what, seconds of the clock)."""
    asked = []

    def noting(name, stop):
        def noted(process):
            asked.append((name, time.monotonic()))
            stop(process)
        return noted

    for name in ("terminate_tree", "kill_tree"):
        monkeypatch.setattr(child_process, name, noting(name, getattr(child_process, name)))
    return asked


def test_a_child_that_ignores_cancel_is_asked_again_and_after_two_seconds_killed_with_its_grandchild(start, asked):
    process = start("ignore")
    grandchild = int(wait_for(process, Log).message)
    began = time.monotonic()
    process.cancel()
    assert process.is_running and not asked         # it asks and does not wait
    assert [type(message) for message in process.messages()] == [Cancelled]
    assert process.wait(LONG) and process.exit_code == -9
    assert goes(grandchild)
    # A busy machine makes them later, nothing makes them earlier. The last kill is for what is left of a dead child's tree.
    assert [name for name, _ in asked] == ["terminate_tree", "kill_tree", "kill_tree"]
    heard, obeyed = asked[0][1] - began, asked[1][1] - asked[0][1]
    assert heard >= 0.7 and 1.29 <= obeyed < 4 * heard


def test_kill_ends_the_tree_before_it_returns(start):
    process = start("ignore")
    grandchild = int(wait_for(process, Log).message)
    process.kill()
    assert not process.is_running and process.exit_code == -9
    assert goes(grandchild)


def test_leaving_the_context_stops_a_child_at_work(start):
    with start("obey") as process:
        wait_for(process, Progress)
    assert not process.is_running


def test_a_child_that_hangs_after_its_result_is_ended(start, monkeypatch):
    monkeypatch.setattr(backend_process, "LINGER_SECONDS", 0.2)
    process = start("hang after result")
    assert list(process.messages())[-1] == Result("folder")
    assert process.wait(LONG)


def test_another_protocol_version_is_an_error_and_the_child_is_stopped(start):
    process = start("old")
    messages = list(process.messages())
    assert [message.kind for message in messages] == ["ProtocolVersionError"]
    assert process.wait(LONG)


def test_a_child_ends_when_its_parent_is_killed(start, tmp_path):
    parent = start("parent", str(tmp_path / "inner.log"))
    child = int(wait_for(parent, Log).message)
    assert is_alive(child)
    os.kill(parent._process.pid, 9)
    assert goes(child)


def test_a_program_that_does_not_exist_is_an_error_message(tmp_path):
    process = BackendProcess([str(tmp_path / "nowhere")], tmp_path, tmp_path / "log")
    messages = process.poll()
    assert [message.kind for message in messages] == ["BackendNotStarted"]
    assert not process.is_running
    process.cancel()
    process.kill()


def test_the_log_starts_empty(start, tmp_path):
    (tmp_path / "child.log").write_text("of the last run")
    process = start("result")
    list(process.messages())
    assert process.wait(LONG)
    assert process.log_path.read_text() == ""


def test_nothing_is_left_open(start):
    def open_files():
        return len(os.listdir("/proc/self/fd")) + threading.active_count()

    before = open_files()
    for behaviour in ("result", "abort", "exit"):
        process = start(behaviour)
        assert isinstance(list(process.messages())[-1], FINAL_TYPES)
        assert process.wait(LONG)
    assert comes_true(lambda: open_files() <= before)
