"""The common beginning of bone names, which a narrow list can leave out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

_AFTER_LAST_SEPARATOR = re.compile(r"[^\s_.:\-|]*$")


def common_beginning(first: str, second: str) -> str:
    """Return the characters that both names begin with."""
    return first[:len(list(takewhile(lambda pair: pair[0] == pair[1], zip(first, second))))]


def common_words(names: Sequence[str]) -> str:
    """Return the whole words, with their separator, that all names begin with: "mixamorig:", "DEF-", "Bip01 ", or nothing.

    No name consists of these words alone; a single name has none.
    """
    if len(set(names)) < 2:
        return ""
    # In sorted order, a common beginning of the first and the last name is common to all.
    words = _AFTER_LAST_SEPARATOR.sub("", common_beginning(min(names), max(names)))
    return "" if words in names else words
