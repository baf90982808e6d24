"""Texts in lines of a width: at any width of the sidebar."""

import pytest


class Layout:
    """Takes labels as a panel's layout does."""

    def __init__(self):
        self.labels = []

    def label(self, text, icon):
        self.labels.append((text, icon))


@pytest.mark.parametrize(("characters", "lines"), [
    (60, ["The body leans while it stands: raise Level."]),
    (20, ["The body leans while", "it stands: raise", "Level."]),
    (-2, ["The body", "leans while", "it stands:", "raise Level."])])
def test_a_text_is_drawn_in_lines_that_fit_but_not_narrower_than_words(extension, characters, lines):
    layout = Layout()
    extension("doors.common.text_lines").draw_lines(layout, "The body leans while it stands: raise Level.", "INFO", characters)
    assert layout.labels == [(line, "BLANK1" if number else "INFO") for number, line in enumerate(lines)]
