"""What bones' names have in common, and what a narrow list can leave out."""

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

    No name is nothing but this; one name alone has nothing in common with others.
    """
    if len(set(names)) < 2:
        return ""
    # In sorted order, what the first and the last have in common all between have too.
    words = _AFTER_LAST_SEPARATOR.sub("", common_beginning(min(names), max(names)))
    return "" if words in names else words
