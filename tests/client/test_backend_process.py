import os
import sys
import threading
import time
from pathlib import Path

import pytest

from mpsnet_blender.client.backend_process import BackendProcess
from mpsnet_blender.shared.protocol import FINAL_TYPES, Cancelled, Error, Hello, Log, Progress, Result

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


def wait_until_gone(pid, seconds):
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


def wait_for(process, message_type):
    return next(message for message in process.messages() if isinstance(message, message_type))


def test_messages_come_in_order_and_the_result_last(start):
    messages = list(start("result").messages())
    assert messages == [Hello("child"), Progress("work", 1, 2), Result("folder")]


def test_poll_never_blocks_and_delivers_every_message_once(start):
    process, received = start("result"), []
    deadline = time.monotonic() + 10
    while not process.is_finished and time.monotonic() < deadline:
        began = time.monotonic()
        received += process.poll()
        assert time.monotonic() - began < 0.05
        time.sleep(0.01)
    assert received == [Hello("child"), Progress("work", 1, 2), Result("folder")]
    assert process.poll() == []
    assert process.wait(5) and not process.is_running and process.exit_code == 0


def test_noise_goes_to_the_log_and_breaks_nothing(start):
    process = start("noise")
    assert list(process.messages()) == [Hello("child"), Result("folder")]
    assert process.wait(5)
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


def test_death_is_told_at_once_and_its_grandchild_dies_too(start):
    process = start("die with grandchild")
    grandchild = int(wait_for(process, Log).message)
    began = time.monotonic()
    assert wait_for(process, Error).exit_code == -9
    assert time.monotonic() - began < 0.5
    assert wait_until_gone(grandchild, 1)


def test_a_grandchild_that_left_the_group_and_holds_the_pipe_delays_nothing(start):
    process = start("die with escaped grandchild")
    grandchild = int(wait_for(process, Log).message)
    try:
        began = time.monotonic()
        assert wait_for(process, Error).kind == "BackendDied"
        assert time.monotonic() - began < 1.0
        assert process.wait(1)
    finally:
        os.kill(grandchild, 9)


def test_an_obedient_child_ends_by_itself_on_cancel(start):
    process = start("obey")
    wait_for(process, Progress)
    began = time.monotonic()
    process.cancel()
    assert isinstance(list(process.messages())[-1], Cancelled)
    assert time.monotonic() - began < 0.5
    assert process.wait(1) and process.exit_code == 130


def test_an_error_that_comes_of_the_cancel_is_a_cancel(start):
    process = start("error on cancel")
    wait_for(process, Progress)
    process.cancel()
    assert isinstance(list(process.messages())[-1], Cancelled)


def test_a_child_that_ignores_cancel_is_killed_with_its_grandchild_after_two_seconds(start):
    process = start("ignore")
    grandchild = int(wait_for(process, Log).message)
    began = time.monotonic()
    process.cancel()
    assert time.monotonic() - began < 0.1
    assert [type(message) for message in process.messages()] == [Cancelled]
    assert 1.5 < time.monotonic() - began < 2.8
    assert process.wait(1) and process.exit_code == -9
    assert wait_until_gone(grandchild, 1)


def test_kill_ends_the_tree_before_it_returns(start):
    process = start("ignore")
    grandchild = int(wait_for(process, Log).message)
    process.kill()
    assert not process.is_running and process.exit_code == -9
    assert wait_until_gone(grandchild, 1)


def test_leaving_the_context_stops_a_child_at_work(start):
    with start("obey") as process:
        wait_for(process, Progress)
    assert not process.is_running


def test_a_child_that_hangs_after_its_result_is_ended(start, monkeypatch):
    monkeypatch.setattr("mpsnet_blender.client.backend_process.LINGER", 0.2)
    process = start("hang after result")
    assert list(process.messages())[-1] == Result("folder")
    assert process.wait(2)


def test_another_protocol_version_is_an_error_and_the_child_is_stopped(start):
    process = start("old")
    messages = list(process.messages())
    assert [message.kind for message in messages] == ["ProtocolVersionError"]
    assert process.wait(1)


def test_a_child_ends_when_its_parent_is_killed(start, tmp_path):
    parent = start("parent", str(tmp_path / "inner.log"))
    child = int(wait_for(parent, Log).message)
    assert is_alive(child)
    os.kill(parent._process.pid, 9)
    assert wait_until_gone(child, 1)


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
    assert process.wait(5)
    assert process.log_path.read_text() == ""


def test_nothing_is_left_open(start):
    def open_files():
        return len(os.listdir("/proc/self/fd")) + threading.active_count()

    before = open_files()
    for behaviour in ("result", "abort", "exit"):
        process = start(behaviour)
        assert isinstance(list(process.messages())[-1], FINAL_TYPES)
        assert process.wait(5)
    deadline = time.monotonic() + 2
    while open_files() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert open_files() <= before
