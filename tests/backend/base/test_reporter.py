import numpy as np
import pytest

from backend.base.errors import CancelRequested
from backend.base.reporter import AsideReporter, Reporter, TerminalSink
from mpsnet_blender.shared.protocol import Cancelled, Error, Log, Progress, Result


class Kept(list):
    """A sink that stores the messages."""
    send = list.append


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def now(monkeypatch):
    """The clock, [seconds], which only the test changes."""
    now = [100.0]
    monkeypatch.setattr("backend.base.reporter.time.monotonic", lambda: now[0])
    return now


def test_progress_is_sent_ten_times_a_second_and_always_first_and_last(kept, now):
    reporter = Reporter(kept)
    for done in range(2001):
        reporter.progress("work", done, 2000, "frames")
        now[0] += 1 / 512       # of a second: two thousand frames take 3.9 s
    assert kept[0] == Progress("work", 0, 2000, "frames") and kept[-1].done == 2000
    assert 38 <= len(kept) <= 41
    assert set(np.diff([message.done for message in kept[:-1]])) == {52}     # 0.102 s


def test_logs_say_which_part_of_the_job_they_are_about(kept):
    reporter = Reporter(kept)
    for words in ("view 2 of 3", ""):
        reporter.part(words)
        reporter.log("info", "The camera moves.")
    assert [message.message for message in kept] == ["View 2 of 3: The camera moves.", "The camera moves."]


def test_each_stage_begins_with_a_message(kept):
    reporter = Reporter(kept)
    for stage in ("one", "two", "three"):
        reporter.progress(stage, 1, 100)
    assert [message.stage for message in kept] == ["one", "two", "three"]


def test_the_time_left_counts_the_stages_still_to_come(kept, now):
    reporter = Reporter(kept)
    reporter.plan({"first": 3.0, "second": 1.0})
    reporter.progress("first", 0, 10)
    now[0] += 15.0
    reporter.progress("first", 5, 10)       # 3/8 of the job in 15 s: 25 s to come
    assert kept[-1].seconds_left == pytest.approx(25.0) and kept[-1].rate == pytest.approx(1 / 3)
    now[0] += 15.0
    reporter.progress("second", 5, 10)      # 7/8 of the job in 30 s
    assert kept[-1].seconds_left == pytest.approx(30 / 7)


def test_a_job_that_goes_on_counts_only_what_it_does_now(kept, now):
    reporter = Reporter(kept)
    reporter.plan({"first": 3.0, "second": 1.0})
    reporter.progress("first", 8, 10)
    now[0] += 10.0
    reporter.progress("first", 9, 10)       # 0.3 / 4 of the job in 10 s, and 1.3 / 4 to come
    assert kept[-1].rate == pytest.approx(0.1) and kept[-1].seconds_left == pytest.approx(10 * 1.3 / 0.3)


def test_the_share_of_the_job_rises_through_its_stages_and_never_falls(kept, now):
    reporter = Reporter(kept)
    reporter.plan({"first": 3.0, "second": 1.0})
    for stage, done, total in (("first", 0, 10), ("first", 10, 10), ("unplanned", 0, 4), ("second", 1, 2), ("second", 2, 8),
                               ("second", 8, 8)):
        now[0] += 1.0
        reporter.progress(stage, done, total)
    assert [message.job_share for message in kept] == [0, 0.75, 0.75, 0.875, 0.875, 1.0]


def test_a_job_without_a_plan_has_no_share(kept):
    Reporter(kept).progress("work", 5, 10)
    assert kept[0].job_share is None


def test_without_a_total_no_time_is_promised(kept):
    Reporter(kept).progress("work", 7, 0, "frames")
    assert kept == [Progress("work", 7, 0, "frames")]


def test_more_than_the_total_raises_the_total(kept):
    Reporter(kept).progress("work", 12, 10)
    assert (kept[0].done, kept[0].total) == (12, 12)


def test_after_a_cancel_the_next_progress_stops_the_job(kept, monkeypatch):
    monkeypatch.setattr("backend.base.reporter.threading.Timer", lambda *_: type("Never", (), {"start": lambda self: None})())
    reporter = Reporter(kept)
    reporter.check()
    reporter.cancel()
    reporter.cancel()
    for stop in (reporter.check, lambda: reporter.progress("work", 1, 2)):
        with pytest.raises(CancelRequested):
            stop()
    assert kept == []


def test_what_a_thread_reports_aside_is_logged_in_order_when_it_is_told_and_its_progress_never(kept):
    reporter = Reporter(kept)
    aside = AsideReporter(reporter)
    aside.log("info", "The camera moves.")
    aside.progress("aside", 1, 2)
    aside.log("warning", "The background cannot be followed.")
    reporter.log("info", "People were read.")
    assert kept == [Log("info", "People were read.")]
    aside.tell()
    assert kept[1:] == [Log("info", "The camera moves."), Log("warning", "The background cannot be followed.")]


def test_a_cancel_stops_also_what_is_reported_aside(kept, monkeypatch):
    monkeypatch.setattr("threading.Timer.start", lambda _timer: None)
    reporter = Reporter(kept)
    aside = AsideReporter(reporter)
    aside.progress("aside", 1, 2)
    reporter.cancel()
    with pytest.raises(CancelRequested):
        aside.progress("aside", 2, 2)


def test_a_terminal_shows_words_on_stderr_and_the_result_on_stdout(capsys):
    sink = TerminalSink()
    for message in (Progress("Finding people", 3, 10, "frames"), Log("warning", "careful"),
                    Error("VideoError", "Bad.", "Mend it."), Cancelled("Stopped."),
                    Result("/some/folder", "2 people captured.")):
        sink.send(message)
    out, err = capsys.readouterr()
    assert out == "2 people captured.\n/some/folder\n"
    assert "Finding people:  30%" in err and "careful\n" in err and "Error: Bad.\nMend it.\n" in err and "Stopped.\n" in err


def test_a_terminals_bar_ends_before_other_words_and_with_its_stage(capsys):
    terminal = TerminalSink()
    for stage in ("Reading", "Solving"):
        terminal.send(Progress(stage, 1, 2, "frames"))
        bar = terminal._bar
        assert bar.desc.startswith(stage) and not bar.disable
    terminal.send(Log("info", "a word"))
    assert terminal._bar is None and bar.disable            # a closed bar draws no more
    assert capsys.readouterr().err.rstrip().endswith("a word")
