"""Errors that the user can fix, one class for each kind, with a message and advice."""

from __future__ import annotations


class FixableError(Exception):
    """An error with advice. `str()` is the message; the user sees both."""

    def __init__(self, message: str, advice: str = ""):
        super().__init__(message)
        self.advice = advice


class VideoError(FixableError):
    """The video, or the requested part of it, cannot be read."""


class VideoAccessError(VideoError):
    """The video's file cannot be opened or read at this moment: it is missing, or rights, disk or connection fail."""


class NobodyFoundError(FixableError):
    """The video was read and shows no person that can be tracked."""


class ViewsError(FixableError):
    """Several videos cannot be joined: they do not show the same moment, or a camera moves."""


class ModelError(FixableError):
    """A model file is missing or damaged."""


class OutputError(FixableError):
    """The result cannot be written."""


class TruthError(FixableError):
    """A truth file or a capture cannot be scored."""


class DatasetError(FixableError):
    """A preprocessed data set is missing or damaged, or is another data set."""


class OptionError(FixableError):
    """An option has an impossible value."""


class ConversionError(FixableError):
    """A motion file cannot be converted."""


class BatchError(FixableError):
    """Some videos of a batch could not be captured, or the batch has no videos."""


class CancelRequested(Exception):
    """The job was cancelled: the parent closed stdin, or a signal arrived."""
