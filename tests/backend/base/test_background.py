import threading
import time

import pytest

from backend.base.background import Background


def test_calls_run_in_their_order_in_another_thread():
    done, threads = [], set()

    def note(number):
        time.sleep(0.002 * (number % 3))
        threads.add(threading.current_thread().name)
        done.append(number)

    with Background("made") as background:
        for number in range(20):
            background.call(note, number)
    assert done == list(range(20)) and threads == {"made_0"}


def test_the_caller_is_at_most_three_calls_ahead_of_the_one_in_work():
    gate, done = threading.Event(), []
    with Background("made") as background:
        for number in range(3):
            background.call(lambda number: (gate.wait(5), done.append(number)), number)
        assert done == []
        threading.Timer(0.05, gate.set).start()
        background.call(done.append, 3)
        assert done[:1] == [0]
    assert done == list(range(4))


def test_an_error_of_a_call_is_raised_by_a_later_one_or_at_the_end():
    done = []
    with pytest.raises(ZeroDivisionError), Background("made") as background:
        background.call(lambda: 1 / 0)
        for number in range(10):
            background.call(done.append, number)
    assert len(done) < 10
    with pytest.raises(ZeroDivisionError), Background("made") as background:
        background.call(lambda: 1 / 0)


def test_after_an_error_of_the_caller_nothing_waits_for_the_rest():
    done = []
    with pytest.raises(KeyError), Background("made") as background:
        background.call(time.sleep, 0.05)
        for number in range(2):
            background.call(done.append, number)
        raise KeyError
    assert done == []
