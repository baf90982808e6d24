import sys
from pathlib import Path

import pytest

from backend.base.memory import give_back


def measure_megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's library decides")
def test_freed_memory_goes_back_to_the_system_also_below_what_is_still_used():
    blocks = [bytearray(b"x" * 100_000) for _ in range(1000)]     # so small that they come from the heap
    last = bytearray(b"x" * 1000)
    before = measure_megabytes()
    del blocks
    give_back()
    assert before - measure_megabytes() > 80 and len(last) == 1000
