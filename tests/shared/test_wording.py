import signal

from mpsnet_blender.shared.wording import describe_exit, format_clock


def test_times_have_hours_only_where_there_are_any():
    assert [format_clock(seconds) for seconds in (-1, 0.2, 75.2, 3599.6, 3723)] == ["0:00", "0:00", "1:15", "1:00:00", "1:02:03"]


def test_the_end_of_a_process_is_told_by_its_signal_or_code():
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-signal.SIGTERM) == "signal SIGTERM" and describe_exit(-250) == "signal 250"
